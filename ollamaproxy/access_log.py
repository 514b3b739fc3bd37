"""
The access log: one line for every request, whatever became of it.

``ACCESS: 2023/04/15 12:34:56 127.0.0.1 "POST /api/generate HTTP/1.1" 200 1024 45.6ms``
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import BinaryIO

from attrs import frozen
from twisted.logger import ILogObserver, LogEvent, Logger
from zope.interface import implementer

#: The key of a log event that holds its :class:`AccessRecord`.
ACCESS_KEY = "access"


@frozen(kw_only=True)
class AccessRecord:
    """
    What there is to say of a request that has ended.

    Attributes:
        ended_ns: When it ended, in nanoseconds since 1970.
        client: The client's address without port; ``-`` if it has none.
        method, path, version: The request line as received, the path without
            its query; empty if the line could not be parsed.
        status: The status that was sent; 499 if the client left before any was.
        body_bytes: How many bytes of the reply's body were written.
        duration_s: From the request line's arrival to the end, in seconds.
        outcome: ``done``, ``client_left``, ``parser_refused``, or the outcome
            of the error that ended it.
        caller: The name of the caller's key; empty if it has none.
        model: The model that was asked for, as the client wrote it; empty if none was.
        prompt_tokens, completion_tokens: As the gateway told; 0 if it did not.
        first_byte_s: From the request line's arrival to the first byte of the
            reply, in seconds; ``None`` if there was none.
    """

    ended_ns: int
    client: str
    method: bytes
    path: bytes
    version: bytes
    status: int
    body_bytes: int
    duration_s: float
    outcome: str
    caller: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_byte_s: float | None = None


def format_line(record: AccessRecord, zone: tzinfo | None = None) -> str:
    r"""
    Return the access line, without a line end.

    Bytes that could forge or break the line (quotes, backslashes, control
    characters, anything beyond ASCII) are written as ``\xNN``.

    Args:
        record: The request.
        zone: The time zone of the date; the machine's own if ``None``.
    """
    moment = datetime.fromtimestamp(record.ended_ns // 1_000_000_000, UTC).astimezone(zone)
    request_line = b" ".join(filter(None, (record.method, record.path, record.version))) or b"-"
    return (
        f"ACCESS: {moment:%Y/%m/%d %H:%M:%S} {_printable(record.client.encode())} "
        f'"{_printable(request_line)}" '
        f"{record.status} {record.body_bytes} {format_duration(record.duration_s)}"
    )


def _printable(text: bytes) -> str:
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in text
    )


def format_duration(seconds: float) -> str:
    """Return a duration in the unit a reader expects: 390µs, 45.6ms, 1.2s, 2m5.0s."""
    microseconds = round(seconds * 1e6)
    if microseconds < 1000:
        return f"{microseconds}µs"
    if microseconds < 999_950:  # from here it would be rounded to 1000.0ms
        return f"{microseconds / 1e3:.1f}ms"
    tenths = round(seconds * 10)
    if tenths < 600:
        return f"{tenths / 10}s"
    minutes, tenths = divmod(tenths, 600)
    return f"{minutes}m{tenths / 10}s"


class AccessLog:
    """Emits a log event for every request that has ended."""

    _log = Logger()

    def __init__(self, observer: ILogObserver | None = None) -> None:
        """
        Begin a log.

        Args:
            observer: Gets the events; if ``None``, all of Twisted's observers
                do, such as the log file of a daemonised ``twistd``.
        """
        if observer is not None:
            self._log = Logger(namespace=self._log.namespace, observer=observer)

    def record(self, record: AccessRecord) -> None:
        """Emit one event; its text is the access line."""
        self._log.info("{line}", line=_Line(record), access=record)


class _Line:
    """The access line, formatted only if some observer prints the event."""

    def __init__(self, record: AccessRecord) -> None:
        self._record = record

    def __str__(self) -> str:
        return format_line(self._record)


@implementer(ILogObserver)
class AccessLogObserver:
    """
    Writes the lines of access events to a binary stream, each at once.

    A stream that fails (a pipe whose reader has gone) is given up for good:
    the daemon goes on serving without it.
    """

    def __init__(self, stream: BinaryIO, gave_up: Callable[[Exception], None]) -> None:
        """
        Write to a stream.

        Args:
            stream: Gets UTF-8 lines.
            gave_up: Told once, when the stream has failed.
        """
        self._stream: BinaryIO | None = stream
        self._gave_up = gave_up

    def __call__(self, event: LogEvent) -> None:
        """Implement :class:`ILogObserver`: write the event if it is about a request."""
        record = event.get(ACCESS_KEY)
        if record is None or self._stream is None:
            return
        try:
            self._stream.write(format_line(record).encode() + b"\n")
            self._stream.flush()
        except BlockingIOError:
            # Somebody made the stream non-blocking, and its reader is slow.  One
            # line is lost; an answer must not wait for it.
            pass
        except (OSError, ValueError) as error:  # ValueError: it has been closed
            self._stream = None
            self._gave_up(error)
