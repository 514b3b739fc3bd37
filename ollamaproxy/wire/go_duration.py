"""
Go's notation for lengths of time, as ``keep_alive`` uses it.

Source: Go's time.ParseDuration and Ollama's api.Duration.
"""

import re
from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_struct import kind_of

_UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # U+00B5, the micro sign
    "μs": 1e-6,  # U+03BC, the Greek letter, is as good in Go
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*")
_UNIT = re.compile(r"[^0-9.]*")
_TO_ESCAPE = re.compile(r'["\\]|[^ -\x7f]')
_MAX_S = 2**63 / 1e9  # Go counts nanoseconds in 64 bits
_FOREVER_S = 1e10  # over 300 years, more than Go's durations hold
_GO_KINDS = {"bool": "bool", "array": "[]interface {}", "object": "map[string]interface {}"}


def parse_duration(text: str) -> float:
    """
    Return the seconds that a Go duration such as ``1h0m0.5s`` or ``-1m`` stands for.

    Raises:
        BadRequest: In the words of Go's time package.
    """
    rest = text
    sign = -1.0 if rest.startswith("-") else 1.0
    if rest[:1] in {"+", "-"}:
        rest = rest[1:]
    if rest == "0":
        return 0.0
    if not rest:
        raise BadRequest(f"time: invalid duration {_quote(text)}")
    seconds = 0.0
    while rest:
        number = _NUMBER.match(rest)[0]  # type: ignore[index]  # it matches the empty string
        if not number.strip("."):
            raise BadRequest(f"time: invalid duration {_quote(text)}")
        rest = rest[len(number) :]
        unit = _UNIT.match(rest)[0]  # type: ignore[index]
        if not unit:
            raise BadRequest(f"time: missing unit in duration {_quote(text)}")
        if unit not in _UNITS_S:
            raise BadRequest(f"time: unknown unit {_quote(unit)} in duration {_quote(text)}")
        rest = rest[len(unit) :]
        seconds += float(number) * _UNITS_S[unit]
        if seconds > _MAX_S:
            raise BadRequest(f"time: invalid duration {_quote(text)}")
    return sign * seconds


def _quote(text: str) -> str:
    """Quote as Go's time package does: what is not printable ASCII as its bytes in UTF-8."""
    return f'"{_TO_ESCAPE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in '"\\':
        return f"\\{character}"
    return "".join(f"\\x{byte:02x}" for byte in character.encode())


def parse_keep_alive(value: Any) -> float:
    """
    Return ``keep_alive`` in seconds; negative means for ever, 0 unload at once.

    Args:
        value: The JSON value: a number of seconds or a Go duration.

    Raises:
        BadRequest: It is neither, in Ollama's words.
    """
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"Unsupported type: '{_GO_KINDS[kind_of(value)]}'")
    # A number of any length is JSON; beyond this it means "for ever" anyway.
    return float(max(-_FOREVER_S, min(_FOREVER_S, value)))
