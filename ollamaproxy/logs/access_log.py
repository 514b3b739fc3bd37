"""The access log: one line for every request, whatever became of it."""

from collections.abc import Callable
from typing import Protocol

from twisted.logger import ILogObserver, LogEvent, Logger
from zope.interface import implementer

from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_line

#: The key of a log event that holds its :class:`AccessRecord`.
ACCESS_KEY = "access"

#: Makes a record's line, without a line end.
Form = Callable[[AccessRecord], str]


class LineStream(Protocol):
    """What lines are written to."""

    def write(self, line: bytes, /) -> object:
        """Take a line with its end."""

    def flush(self) -> object:
        """Let it be seen."""


class AccessLog:
    """Emits a log event for every request that has ended."""

    _log = Logger()

    def __init__(self, observer: ILogObserver | None = None, form: Form = format_line) -> None:
        """
        Begin a log.

        Args:
            observer: Gets the events; if ``None``, all of Twisted's observers
                do, such as the log file of a daemonised ``twistd``.
            form: Makes the events' text.
        """
        self._form = form
        if observer is not None:
            self._log = Logger(namespace=self._log.namespace, observer=observer)

    def record(self, record: AccessRecord) -> None:
        """Emit one event; its text is the access line."""
        self._log.info("{line}", line=_Line(record, self._form), access=record)


class _Line:
    """The access line, formatted only if some observer prints the event."""

    def __init__(self, record: AccessRecord, form: Form) -> None:
        self._record = record
        self._form = form

    def __str__(self) -> str:
        return self._form(self._record)


@implementer(ILogObserver)
class AccessLogObserver:
    """
    Writes the lines of access events to a binary stream, each at once.

    A stream that fails (a pipe whose reader has gone) is given up for good:
    the daemon goes on serving without it.
    """

    def __init__(
        self, stream: LineStream, gave_up: Callable[[Exception], None], form: Form = format_line
    ) -> None:
        """
        Write to a stream.

        Args:
            stream: Gets UTF-8 lines.
            gave_up: Told once, when the stream has failed.
            form: Makes the lines.
        """
        self._stream: LineStream | None = stream
        self._gave_up = gave_up
        self._form = form

    def __call__(self, event: LogEvent) -> None:
        """Implement :class:`ILogObserver`: write the event if it is about a request."""
        record = event.get(ACCESS_KEY)
        if record is None or self._stream is None:
            return
        try:
            self._stream.write(self._form(record).encode() + b"\n")
            self._stream.flush()
        except BlockingIOError:
            # Somebody made the stream non-blocking, and its reader is slow.  One
            # line is lost; an answer must not wait for it.
            pass
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            self._stream = None
            self._gave_up(error)
