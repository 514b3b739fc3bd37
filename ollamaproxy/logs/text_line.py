"""
The access line.

``ACCESS: 2023/04/15 12:34:56 127.0.0.1 "POST /api/generate HTTP/1.1" 200 1024 45.6ms``
"""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from ollamaproxy.logs.printable import printable
from ollamaproxy.logs.record import AccessRecord


def format_line(record: AccessRecord, zone: tzinfo | None = None) -> str:
    r"""
    Return the access line, without a line end.

    Bytes that could forge or break the line (quotes, backslashes, control
    characters, anything beyond ASCII) are written as ``\xNN``.

    Args:
        record: The request.
        zone: The time zone of the date; the machine's own if ``None``.
    """
    moment = _moment(record.ended_ns // 1_000_000_000, zone)
    request_line = b" ".join(filter(None, (record.method, record.path, record.version))) or b"-"
    return (
        f"ACCESS: {moment} {printable(record.client.encode())} "
        f'"{printable(request_line)}" '
        f"{record.status} {record.body_bytes} {format_duration(record.duration_s)}"
    )


# Most requests end in the second of the one before: 6 us of 20 less for a line.
@lru_cache(maxsize=1)
def _moment(unix_s: int, zone: tzinfo | None) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC).astimezone(zone):%Y/%m/%d %H:%M:%S}"


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
