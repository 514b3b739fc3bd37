"""A worker, as its supervisor sees it."""

import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from ollamaproxy.workers.assignment import Assignment

#: The file descriptor on which a worker tells that it answers.
READY_FD: Final = 3
#: The one of the first socket; the others follow.
FIRST_SOCKET_FD: Final = 4

_STDOUT: Final = 1
_STDERR: Final = 2


class WorkerProcess(ProcessProtocol):
    """
    One process that answers.

    Attributes:
        is_ready: It has told that it answers.
        ready: Fires with ``None`` when it tells so; also if it ends before.
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
        self._rest = {_STDOUT: b"", _STDERR: b""}
        self.is_ready = False
        self.ready: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """Override: tell it what to do; its standard input stays open while we live."""
        self.transport.write(self.assignment.to_line())

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Override: it answers now, or it has printed something."""
        if childFD == READY_FD:
            self.is_ready = True
            self._tell_ready()
            return
        *lines, self._rest[childFD] = (self._rest[childFD] + data).split(b"\n")
        for line in lines:
            self._write_line(line.decode("utf-8", "backslashreplace"))

    def _tell_ready(self) -> None:
        if not self.ready.called:
            self.ready.callback(None)

    def processEnded(self, reason: Failure) -> None:
        """Override."""
        error: Any = reason.value
        if isinstance(error, ProcessDone):
            how = "has ended by itself"
        elif error.signal is not None:
            how = f"was ended by {signal.Signals(error.signal).name}"
        else:
            how = f"has ended with status {error.exitCode}"
        self._tell_ready()
        self._has_ended(self, how)
        self.ended.callback(None)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended does not mind."""
        with suppress(ProcessExitedAlready):
            self.transport.signalProcess(number)
