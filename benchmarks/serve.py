"""
Run the daemon with limits that have no flags.

The arguments are the gateway's port and a JSON object of limits.  SIGUSR2 makes
it tell on standard error how many calls are scheduled.
"""

import gc
import json
import os
import signal
import sys
from typing import Any

import attrs
from twisted.internet import reactor as _reactor
from twisted.logger import globalLogBeginner

from ollamaproxy.composition import make_daemon
from ollamaproxy.configuration.options import Options
from ollamaproxy.logs.daemon_log import stderr_observer

reactor: Any = _reactor


def main(gateway_port: int, limits: dict[str, int]) -> None:
    """Run until a signal ends it."""
    options = Options({})
    options.parseOptions(
        ["--host=127.0.0.1", "--port=0", f"--base-url=http://127.0.0.1:{gateway_port}"]
    )
    configuration: Any = options.configuration
    settings = configuration.settings
    evolved = attrs.evolve(settings, limits=attrs.evolve(settings.limits, **limits))
    options.configuration = attrs.evolve(configuration, settings=evolved)
    globalLogBeginner.beginLoggingTo([stderr_observer(sys.stderr)], redirectStandardIO=False)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a stream is asked for
        daemon = make_daemon(options, reactor, nowhere)
        daemon.startService()
        reactor.addSystemEventTrigger("before", "shutdown", daemon.stopService)
        signal.signal(signal.SIGUSR2, lambda *_args: reactor.callFromThread(tell))
        reactor.callWhenRunning(gc.freeze)  # as in the console script
        reactor.run()


def tell() -> None:
    """Tell how many calls are scheduled."""
    sys.stderr.write(f"scheduled {len(reactor.getDelayedCalls())}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), json.loads(sys.argv[2]))
