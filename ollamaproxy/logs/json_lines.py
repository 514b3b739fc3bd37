"""
Access lines and the daemon's messages as JSON, one object on a line.

A line about a request has all of these keys, in this order; what is not known is ``null``:

=====================  ================  ==================================================
``kind``               ``"access"``
``time``               string            when the request ended: RFC 3339, milliseconds, with
                                         the machine's time zone
``request_id``         string            as in the reply's ``X-Request-ID``
``client``             string            the client's address without port
``caller``             string or null    the name of the caller's key
``method``, ``path``   string or null    as received; the path without its query
``route``              string or null    the endpoint, such as ``/v1/models/{model}``
``model``              string or null    as the client wrote it, 200 bytes of it at most
``status``             integer           HTTP's; 499: the client left before there was one
``outcome``            string            ``done``, ``client_left``, ``parser_refused``, …
``bytes``              integer           of the reply's body, as written
``first_byte_ms``      number or null    from the request's first line to the reply's body
``duration_ms``        number            from the request's first line to the end
``prompt_tokens``,     integer           as the gateway told; 0 if it did not
``completion_tokens``
``user_agent``         string or null    what the client calls itself, 200 bytes of it at most
``gateway``            string or null    the base URL of the gateway that answered
``trace_id``           string or null    of the client's ``traceparent``, 32 hex digits
=====================  ================  ==================================================

A message has these:

=============  ======  ====================================================================
``kind``               ``"message"``
``time``       string  as above
``level``      string  ``debug``, ``info``, ``warn``, ``error`` or ``critical``
``process``    string  which of several processes, such as ``worker 1``; only there if it is one
``logger``     string  which part of the program says it
``message``    string  what it says
``traceback``  string  of a failure; only there if there is one
=============  ======  ====================================================================
"""

from datetime import UTC, datetime, tzinfo
from typing import Final

from ollamaproxy.logs.printable import printable, shortened
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.wire.json_text import encode

#: As much of what clients may make as long as they like.
_MAX_BYTES: Final = 200


def format_access(record: AccessRecord, zone: tzinfo | None = None) -> str:
    """
    Return the object about a request, without a line end.

    Args:
        record: The request.
        zone: The time zone of the date; the machine's own if ``None``.
    """
    first_byte_s = record.first_byte_s
    return encode(
        {
            "kind": "access",
            "time": _rfc3339(record.ended_ns, zone),
            "request_id": record.request_id,
            "client": printable(record.client.encode()),
            "caller": record.caller or None,
            "method": printable(record.method) or None,
            "path": printable(record.path) or None,
            "route": record.route or None,
            "model": shortened(record.model, _MAX_BYTES) or None,
            "status": record.status,
            "outcome": record.outcome,
            "bytes": record.body_bytes,
            "first_byte_ms": None if first_byte_s is None else _milliseconds(first_byte_s),
            "duration_ms": _milliseconds(record.duration_s),
            "prompt_tokens": record.prompt_tokens,
            "completion_tokens": record.completion_tokens,
            "user_agent": shortened(record.user_agent, _MAX_BYTES) or None,
            "gateway": record.gateway or None,
            "trace_id": record.trace_id or None,
        }
    )


def format_message(
    *,
    time_s: float,
    level: str,
    logger: str,
    message: str,
    process: str | None = None,
    traceback: str | None = None,
    zone: tzinfo | None = None,
) -> str:
    """
    Return the object about something that the daemon has to say, without a line end.

    Args:
        time_s: When, in seconds since 1970.
        level: The level's name.
        logger: Which part says it.
        message: The text; may have several lines.
        process: Which of several processes says it.
        traceback: Of a failure.
        zone: The time zone of the date; the machine's own if ``None``.
    """
    told = {"kind": "message", "time": _rfc3339(round(time_s * 1e9), zone), "level": level}
    if process is not None:
        told["process"] = process
    told |= {"logger": logger, "message": message}
    if traceback is not None:
        told["traceback"] = traceback
    return encode(told)


def _rfc3339(wall_ns: int, zone: tzinfo | None) -> str:
    seconds, rest_ns = divmod(wall_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest_ns // 1000)
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 3)
