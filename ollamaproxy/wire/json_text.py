r"""
JSON, the one place that decides how it is read and written.

Clients are answered in plain ASCII (``\uXXXX``): some of them split lines at
U+0085 or U+2028, others cut a multi-byte character in two at a packet border.
"""

import json
import math
import re
from json.encoder import encode_basestring_ascii
from typing import Any, NoReturn

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_syntax import syntax_error

#: A Python string as a JSON string, quotes included.
quote = encode_basestring_ascii

_MAX_SCANNED_BYTES = 128 * 1024
#: Ten megabytes of "[]," take a second to read, in which all streams wait, and 200
#: MiB; so many take a twentieth of both.  Texts count, too, but one with so many is
#: longer than any model takes.
_MAX_CONTAINERS = 250_000

_NUMBER = "json: cannot unmarshal number into Go value of type float64"
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are not JSON (RFC 8259 section 6), though Python reads them."""
    raise ValueError(f"{name} is not JSON")


class _TooLarge(ValueError):
    """A number that no float64 holds; its text is the number."""


def _finite(text: str) -> float:
    """Go refuses what does not fit a float64; Python would make it infinite."""
    value = float(text)
    if math.isinf(value):
        raise _TooLarge(text)
    return value


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def decode_body(body: bytes) -> Any:
    """
    Return the first JSON value of a client's request body, as Go reads it.

    What follows the first value is ignored, bytes that are not UTF-8 and lone
    surrogates become U+FFFD, of a repeated key the last value counts.

    Raises:
        BadRequest: The body is blank or not JSON, in Ollama's words.

    Source: Ollama uses Go's encoding/json through gin's ShouldBindJSON.
    """
    if body.count(b"[") + body.count(b"{") > _MAX_CONTAINERS:
        raise BadRequest(f"the body holds more than {_MAX_CONTAINERS} lists and objects")
    text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not text:
        raise BadRequest("missing request body")
    try:
        value, _end = _decoder.raw_decode(text)
        if _SURROGATE_ESCAPE.search(body):
            value = _without_lone_surrogates(value)
    except _TooLarge as error:
        message = f"json: cannot unmarshal number {error} into Go value of type float64"
        raise BadRequest(message) from error
    except RecursionError as error:
        # Python's parser gives up at a tenth of the depth that Go's goes to.
        raise BadRequest(_complaint(body, "exceeded max depth")) from error
    except ValueError as error:
        # Go's scanner may be content: then a number is too long or too large.
        raise BadRequest(_complaint(body, _NUMBER)) from error
    return value


def _complaint(body: bytes, otherwise: str) -> str:
    """Return Go's words for a body that is not JSON, or other ones if Go has nothing against it."""
    if len(body) > _MAX_SCANNED_BYTES:
        # At a microsecond a byte a long body would hold all streams up.
        return f"the body is not valid JSON, or: {otherwise}"
    return syntax_error(body) or otherwise


def _without_lone_surrogates(value: Any) -> Any:
    """Replace each half of a surrogate pair that stands alone, as Go does."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {
            _without_lone_surrogates(key): _without_lone_surrogates(item)
            for key, item in value.items()
        }
    return value


def decode(text: bytes | str) -> Any:
    """
    Return the JSON value that the gateway sent; nothing may follow it.

    Raises:
        ValueError: It is not JSON, or nested too deeply to read.
    """
    if len(text) > _MAX_SCANNED_BYTES:
        opening = (b"[", b"{") if isinstance(text, bytes) else ("[", "{")
        if sum(map(text.count, opening)) > _MAX_CONTAINERS:  # type: ignore[arg-type]
            raise ValueError("too many lists and objects")
    try:
        # The wire is UTF-8 (RFC 8259 section 8.1); json.loads would guess.
        return _decoder.decode(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(value: Any) -> str:
    """Return ``value`` as compact ASCII JSON on one line, without a line end."""
    return _encoder.encode(value)
