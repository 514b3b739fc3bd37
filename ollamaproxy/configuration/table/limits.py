"""The settings of how long, how much and how many; the reasons are beside the fields."""

from collections.abc import Callable
from typing import Any, Final

from attrs import fields_dict

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.configuration.values import (
    parse_count,
    parse_seconds,
    parse_seconds_or_none,
    parse_size,
)
from ollamaproxy.settings.deadlines import Deadlines
from ollamaproxy.settings.limits import KIB, MIB, Limits

#: Name, field, and what it means.
_SECONDS: Final = (
    ("connect-timeout", "connect_s", "for a connection to the gateway, name lookup included"),
    ("first-byte-timeout", "first_byte_s", "until the gateway's answer begins"),
    ("silence-timeout", "between_bytes_s", "between two pieces of the gateway's answer"),
    ("header-timeout", "header_s", "for the header of a client's request"),
    ("body-grace", "body_grace_s", "after which it is looked whether enough of a body has come"),
    ("idle-timeout", "idle_s", "for which a client's connection may wait for its next request"),
    ("write-stall-timeout", "write_stall_s", "for which a client may read nothing of its reply"),
    ("linger", "linger_s", "for which a client that is refused may go on sending"),
    ("queue-timeout", "queue_s", "for which a request may wait for its turn"),
    ("drain-timeout", "drain_s", "for which replies may go on when the daemon stops"),
)
_BYTES: Final = (
    ("max-request-size", "max_request_bytes", "of a client's request"),
    ("max-event-size", "max_event_bytes", "of one event of the gateway's"),
    ("max-reply-size", "max_reply_bytes", "of a reply that is gathered"),
)
_COUNTS: Final = (
    ("max-connections", "max_connections", "of clients' connections"),
    ("max-in-flight", "max_in_flight", "of requests at the gateway"),
    ("max-waiting", "max_waiting", "of requests that wait for their turn"),
    ("max-idle-connections", "max_idle_connections", "of connections to the gateway that wait"),
)
_RATES: Final = (
    ("body-rate", "body_bytes_per_s", "bytes a second at which a body must come"),
    ("reading-rate", "reading_bytes_per_s", "bytes a second at which a long reply must be read"),
)


def _row(
    name: str,
    field: str,
    text: str,
    group: type[Deadlines | Limits],
    parse: Callable[[str], Any],
) -> Setting:
    return Setting(
        name=name,
        text=f"{text}.",
        parse=parse,
        default=_shown(fields_dict(group)[field].default, parse),
        field=field,
        group=group.__name__.lower(),
    )


def _shown(default: Any, parse: Callable[[str], Any]) -> str:
    """Return a default as somebody would give it."""
    if parse is parse_size:
        for unit, size in (("MiB", MIB), ("KiB", KIB)):
            if default % size == 0:
                return f"{default / size:g}{unit}"
    return f"{default:g}"


LIMITS: Final = (
    _row(
        "drain-delay",
        "drain_delay_s",
        "SECONDS for which the daemon says that it is not ready before it stops taking requests",
        Deadlines,
        parse_seconds_or_none,
    ),
    *(_row(n, f, f"SECONDS {t}", Deadlines, parse_seconds) for n, f, t in _SECONDS),
    *(_row(n, f, f"The {t}", Deadlines, parse_size) for n, f, t in _RATES),
    *(_row(n, f, f"The most BYTES {t}", Limits, parse_size) for n, f, t in _BYTES),
    *(_row(n, f, f"The largest number {t}", Limits, parse_count) for n, f, t in _COUNTS),
)
