"""The console script; SIGUSR2 makes it tell on standard error how many calls are scheduled."""

import signal
import sys
from typing import Any

from twisted.internet import reactor as _reactor

from ollamaproxy.command import main

reactor: Any = _reactor


def tell() -> None:
    """Tell how many calls are scheduled."""
    sys.stderr.write(f"scheduled {len(reactor.getDelayedCalls())}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, lambda *_args: reactor.callFromThread(tell))
    main()
