"""
``python -m ollamaproxy.workers``: a worker, which only a supervisor can start.

Its standard input says what to do, and ends when the supervisor is gone.
"""

import gc
import os
import sys
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.main import CONNECTION_DONE
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.logs.outputs import open_outputs
from ollamaproxy.signals import Signals
from ollamaproxy.tap import build_daemon
from ollamaproxy.workers.assignment import Assignment
from ollamaproxy.workers.inherited import InheritedListeners
from ollamaproxy.workers.worker_process import READY_FD

reactor: Any = _reactor


@implementer(IReadDescriptor)
class SupervisorWatch:
    """Stops this process when its supervisor is gone, however that ended."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def fileno(self) -> int:
        """Implement IReadDescriptor."""
        return 0

    def logPrefix(self) -> str:
        """Implement IReadDescriptor."""
        return "supervisor"

    def doRead(self) -> Failure:
        """Implement IReadDescriptor: nothing is ever said but the end."""
        return Failure(CONNECTION_DONE)

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 - Twisted's
        """Implement IReadDescriptor: the supervisor is gone, or this process ends."""
        if reactor.running:
            self._signals.stop()


def read_assignment() -> Assignment:
    """Return what standard input says; it comes at once."""
    with open(0, "rb", buffering=0, closefd=False) as stream:
        return Assignment.from_line(stream.readline())


def main() -> None:
    """Answer until the supervisor says stop."""
    # ^C in a terminal goes to the whole group; the supervisor passes on what is meant.
    os.setpgid(0, 0)
    assignment = read_assignment()
    reader = ConfigurationReader(assignment.flags, os.environ, assignment.config_path)
    configuration = reader.read()
    who = f"worker {assignment.worker}"
    outputs = open_outputs(
        configuration.settings.logs, sys.stdout.buffer, sys.stderr, sys.stderr, who
    )
    assert outputs.messages is not None  # noqa: S101 - there is a standard error
    globalLogBeginner.beginLoggingTo([outputs.messages], redirectStandardIO=False)
    daemon = build_daemon(
        reader,
        configuration,
        reactor,
        outputs.access,
        make_listeners=lambda factory: InheritedListeners(reactor, assignment.sockets, factory),
        warn=lambda _settings, _keys: (),
        log_files=outputs.files,
    )
    daemon.bind()
    signals = Signals(daemon, reactor)
    reactor.callWhenRunning(signals.install)
    reactor.callWhenRunning(gc.freeze)  # see tap.py
    reactor.callWhenRunning(reactor.addReader, SupervisorWatch(signals))
    reactor.callWhenRunning(tell_ready)
    daemon.startService()
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stopService)
    reactor.run()


def tell_ready() -> None:
    """Tell the supervisor that this worker answers."""
    os.write(READY_FD, b"ready\n")
    os.close(READY_FD)


if __name__ == "__main__":
    main()
