"""A worker, as its supervisor sees it."""

import json
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone, ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from ollamaproxy.workers.assignment import Assignment

#: The file descriptor on which a worker tells that it answers, and what it is asked.
TELLING_FD: Final = 3
#: The line that it tells when it answers.
READY: Final = b"ready"
#: The line that it tells when it takes no connections any more.
CLOSED: Final = b"closed"
#: The line that asks it for a report, which it tells in one line of JSON.
REPORT: Final = b"report"
#: The one of the first socket; the others follow.
FIRST_SOCKET_FD: Final = 4

_STDOUT: Final = 1
_STDERR: Final = 2


class WorkerProcess(ProcessProtocol):
    """
    One process that answers.

    Attributes:
        is_ready: It has told that it answers.
        ready: Fires with ``None`` when it tells so; never if it ends before.
        closed: Fires with ``None`` when it takes no connections any more.
        ended: Fires with ``None`` when it has ended.
    """

    transport: Any

    def __init__(
        self,
        assignment: Assignment,
        has_ended: Callable[["WorkerProcess", str], None],
        write_line: Callable[[str], None],
    ) -> None:
        """
        Prepare.

        Args:
            assignment: What it is told to do.
            has_ended: Called when it has ended, with how, for a person.
            write_line: Gets the lines that it prints, if they are not inherited.
        """
        self.assignment = assignment
        self._has_ended = has_ended
        self._write_line = write_line
        self._rest = {_STDOUT: b"", _STDERR: b"", TELLING_FD: b""}
        self._waiting: Deferred[Mapping[str, Any]] | None = None
        self.is_ready = False
        self.ready: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """Override: tell it what to do; its standard input stays open while we live."""
        self.transport.write(self.assignment.to_line())

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Override: it answers now, or it has printed something."""
        *lines, self._rest[childFD] = (self._rest[childFD] + data).split(b"\n")
        for line in lines:
            if childFD == TELLING_FD:
                self._told(line)
            else:
                self._write_line(line.decode("utf-8", "backslashreplace"))

    def _told(self, line: bytes) -> None:
        if line == READY:
            self.is_ready = True
            self.ready.callback(None)
        elif line == CLOSED:
            self.closed.callback(None)
        elif self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            waiting.callback(json.loads(line))

    def report(self) -> Deferred[Mapping[str, Any]]:
        """
        Ask what it has seen and is doing.

        Returns:
            Fires with a plain report, or fails with ConnectionDone if it ends
            before, or has not yet told what it was asked last.
        """
        if self._waiting is not None:
            return fail(ConnectionDone("it has not told yet"))
        self._waiting = Deferred()
        self.transport.write(REPORT + b"\n")
        return self._waiting

    def processEnded(self, reason: Failure) -> None:
        """Override."""
        error: Any = reason.value
        if isinstance(error, ProcessDone):
            how = "has ended by itself"
        elif error.signal is not None:
            how = f"was ended by {_signal_name(error.signal)}"
        else:
            how = f"has ended with status {error.exitCode}"
        if self._waiting is not None:
            self._waiting.errback(ConnectionDone())
        self._has_ended(self, how)
        if not self.closed.called:
            self.closed.callback(None)
        self.ended.callback(None)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended does not mind."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(number)


def _signal_name(number: int) -> str:
    """Return the name of a signal; those for real time have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
