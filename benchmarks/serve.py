"""The console script; SIGUSR2 makes it tell on standard error how many calls are scheduled."""

import signal
import sys
from typing import Any

from ollamaproxy.__main__ import main


def tell(reactor: Any) -> None:
    """Tell how many calls are scheduled."""
    sys.stderr.write(f"scheduled {len(reactor.getDelayedCalls())}\n")
    sys.stderr.flush()


def asked(*_args: object) -> None:
    """Tell in the next turn of the reactor, which by now is there."""
    from twisted.internet import reactor  # noqa: PLC0415 - the console script chooses it

    reactor.callFromThread(tell, reactor)  # type: ignore[attr-defined] # Twisted's has no types


if __name__ == "__main__":
    signal.signal(signal.SIGUSR2, asked)
    main()
