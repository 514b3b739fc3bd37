"""Run the daemon; the arguments are the gateway's URL and a JSON object of deadlines."""

import json
import sys

from twisted.logger import globalLogBeginner

from ollamaproxy import collector
from ollamaproxy.composition import make_daemon
from ollamaproxy.logs.daemon_log import stderr_observer
from ollamaproxy.reactor import install
from tests.evil.daemon import options_for


def main(url: str, deadlines: str) -> None:
    """Run until a signal ends it."""
    install()  # and the rest, too, is as in the console script
    from twisted.internet import reactor  # noqa: PLC0415 - importing it would install Twisted's

    globalLogBeginner.beginLoggingTo([stderr_observer(sys.stderr)], redirectStandardIO=False)
    daemon = make_daemon(options_for(url, json.loads(deadlines)), reactor, sys.stdout.buffer)
    daemon.startService()
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stopService)
    reactor.callWhenRunning(collector.settle)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
