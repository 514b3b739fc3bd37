"""
The requests about a model itself: show, pull, push, create, copy, delete.

The name is ``model``, or of old ``name``; ollama-js and the ollama program send the
second for some of them.

Source: ollama/ollama api/types.go.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from attrs import frozen

from ollamaproxy.wire.go_struct import BOOL, MAP, STRING, Fit, Struct
from ollamaproxy.wire.json_text import decode_body, encode

_NAMES: Final[Mapping[str, Fit]] = {"model": STRING, "name": STRING}
_SHOW: Final = Struct(
    "ShowRequest",
    {**_NAMES, "system": STRING, "template": STRING, "verbose": BOOL, "options": MAP},
)
_STREAMED: Final[Mapping[str, Fit]] = {**_NAMES, "insecure": BOOL, "stream": BOOL}
_PULL: Final = Struct("PullRequest", _STREAMED)
_PUSH: Final = Struct("PushRequest", _STREAMED)
_CREATE: Final = Struct("CreateRequest", {**_NAMES, "stream": BOOL, "from": STRING})
_DELETE: Final = Struct("DeleteRequest", _NAMES)
_COPY: Final = Struct("CopyRequest", {"source": STRING, "destination": STRING})


def _name(fields: Mapping[str, Any]) -> str:
    name: str = fields.get("model") or fields.get("name", "")
    return name


@frozen
class ShowRequest:
    """
    The body of ``POST /api/show``.

    Attributes:
        name: Of the model as sent; may be empty.
        unknown_keys: Names in the body that mean nothing here, as sent.
    """

    name: str
    unknown_keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode a request body; raises BadRequest in Ollama's words."""
        fields = _SHOW.decode(decode_body(body))
        return cls(_name(fields), fields.unknown)


@frozen
class PullRequest:
    """
    The body of ``POST /api/pull``.

    Attributes:
        name: Of the model as sent; may be empty.
        stream: Whether the progress comes in lines.
        unknown_keys: Names in the body that mean nothing here, as sent.
    """

    name: str
    stream: bool = True
    unknown_keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode a request body; raises BadRequest in Ollama's words."""
        fields = _PULL.decode(decode_body(body))
        return cls(_name(fields), fields.get("stream", True), fields.unknown)


@frozen
class ChangeRequest:
    """The body of a request to push, create or delete a model: its name; may be empty."""

    name: str

    @classmethod
    def from_push(cls, body: bytes) -> Self:
        """Decode the body of ``POST /api/push``; raises BadRequest in Ollama's words."""
        return cls(_name(_PUSH.decode(decode_body(body))))

    @classmethod
    def from_create(cls, body: bytes) -> Self:
        """Decode the body of ``POST /api/create``; raises BadRequest in Ollama's words."""
        return cls(_name(_CREATE.decode(decode_body(body))))

    @classmethod
    def from_delete(cls, body: bytes) -> Self:
        """Decode the body of ``DELETE /api/delete``; raises BadRequest in Ollama's words."""
        return cls(_name(_DELETE.decode(decode_body(body))))


@frozen
class CopyRequest:
    """The body of ``POST /api/copy``: two names as sent; either may be empty."""

    source: str
    destination: str

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Decode a request body; raises BadRequest in Ollama's words."""
        fields = _COPY.decode(decode_body(body))
        return cls(fields.get("source", ""), fields.get("destination", ""))


def progress_line(status: str) -> bytes:
    """Return a line of progress, such as ``{"status":"pulling manifest"}``, with its end."""
    return encode({"status": status}).encode("ascii") + b"\n"
