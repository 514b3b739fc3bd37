"""
``python -m ollamaproxy.workers``: a worker, which only a supervisor can start.

Its standard input says what to do, and ends when the supervisor is gone.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.logger import globalLogBeginner
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from ollamaproxy import collector
from ollamaproxy.composition import build_daemon
from ollamaproxy.configuration.merging import merge
from ollamaproxy.configuration.reading import ConfigurationReader, read_secret
from ollamaproxy.configuration.sources import Accepted
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.outputs import open_outputs
from ollamaproxy.observing.report import Report
from ollamaproxy.reactor import install
from ollamaproxy.signals import Signals
from ollamaproxy.wire.json_text import encode
from ollamaproxy.workers.assignment import Assignment
from ollamaproxy.workers.inherited import InheritedListeners
from ollamaproxy.workers.worker_process import CLOSED, READY, REPORT, TELLING_FD


class Supervised(LineOnlyReceiver):
    """Answers the supervisor, and stops this process when it is gone, however that ended."""

    delimiter = b"\n"

    def __init__(
        self, signals: Signals, collect: Callable[[], Report] | None, reactor: Any
    ) -> None:
        self._signals = signals
        self._collect = collect
        self._reactor = reactor

    def connectionMade(self) -> None:
        """Override: this worker answers from now on."""
        self.sendLine(READY)

    def lineReceived(self, line: bytes) -> None:
        """Override: there is but one question."""
        if line == REPORT and self._collect is not None:
            self.sendLine(encode(self._collect().to_plain()).encode("ascii"))

    def tell_closed(self) -> None:
        """Tell that no connections are taken any more, unless it was not yet told that they are."""
        if self.connected:
            self.sendLine(CLOSED)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        """Override: the supervisor is gone, or this process ends."""
        if self._reactor.running:
            self._signals.stop()


def read_assignment() -> Assignment:
    """Return what standard input says; it comes at once."""
    with open(0, "rb", buffering=0, closefd=False) as stream:
        return Assignment.from_line(stream.readline())


def main() -> None:
    """Do what standard input says."""
    # ^C in a terminal goes to the whole group; the supervisor passes on what is meant.
    os.setpgid(0, 0)
    assignment = read_assignment()
    who = f"worker {assignment.worker}"
    install()
    from twisted.internet import reactor  # noqa: PLC0415 - importing it would install Twisted's

    try:
        run(assignment, who, reactor)
    except InvalidSetting as error:  # a file that is named has changed meanwhile
        sys.stderr.write(f"ollamaproxy: {who}: {error}\n")
        sys.exit(2)


def run(assignment: Assignment, who: str, reactor: Any) -> None:
    """
    Answer until the supervisor says stop.

    Raises:
        InvalidSetting: A file that the settings name is bad.
    """

    def tell_closed() -> None:
        supervised.tell_closed()  # which is made last

    reader = ConfigurationReader(assignment.flags, os.environ, assignment.config_path)
    configuration = merge([Accepted(assignment.accepted, assignment.origins)], read_secret)
    with configuration.naming_origins():
        outputs = open_outputs(
            configuration.settings.logs, sys.stdout.buffer, sys.stderr, sys.stderr, who
        )
        assert outputs.messages is not None  # noqa: S101 - there is a standard error
        globalLogBeginner.beginLoggingTo([outputs.messages], redirectStandardIO=False)
        daemon, observation = build_daemon(
            reader,
            configuration,
            reactor,
            outputs.access,
            make_listeners=lambda factory: InheritedListeners(
                reactor, assignment.sockets, factory, tell_closed
            ),
            warn=lambda _settings, _keys: (),
            log_files=outputs.files,
            is_observed=configuration.settings.listening.admin is not None,
        )
    daemon.bind()
    signals = Signals(daemon, reactor)
    collect = None if observation is None else observation.readings.collect
    supervised = Supervised(signals, collect, reactor)
    reactor.callWhenRunning(signals.install)
    reactor.callWhenRunning(collector.settle)
    reactor.callWhenRunning(StandardIO, supervised, 0, TELLING_FD, reactor)
    daemon.startService()
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stopService)
    reactor.run()


if __name__ == "__main__":
    main()
