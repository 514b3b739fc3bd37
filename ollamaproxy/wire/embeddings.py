"""
Embeddings on both sides, as values.

========================  ===============================================
``POST /api/embed``       Ollama: a text or a list of them
``POST /api/embeddings``  Ollama, of old: one ``prompt``
``POST /v1/embeddings``   the gateway
========================  ===============================================

Source: ollama/ollama api/types.go and server/routes.go; OpenAI's API reference.
"""

import base64
import math
import struct
from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from attrs import Factory, frozen

from ollamaproxy.errors import BadRequest, ModelNotFound, UpstreamGarbled
from ollamaproxy.wire.go_struct import BOOL, INT, MAP, STRING, Fields, Struct, anything
from ollamaproxy.wire.json_text import decode, decode_body, encode, quote
from ollamaproxy.wire.ollama import DEFAULT_KEEP_ALIVE_S, fit_keep_alive
from ollamaproxy.wire.usage import usage_of

#: Numbers in the order of the text.
Vector = tuple[float, ...]

_COMMON: Final = {"model": STRING, "options": MAP, "keep_alive": fit_keep_alive}
_EMBED: Final = Struct(
    "EmbedRequest", {**_COMMON, "input": anything, "truncate": BOOL, "dimensions": INT}
)
_EMBEDDINGS: Final = Struct("EmbeddingRequest", {**_COMMON, "prompt": STRING})


@frozen(kw_only=True)
class EmbedRequest:
    """
    The body of ``POST /api/embed`` or, with one text, ``POST /api/embeddings``.

    Attributes:
        model: As the client wrote it; never empty.
        texts: What to embed, in order; none asks to load the model.
        truncate: Whether a text that is too long is cut; if not, it is an error.
        dimensions: How many numbers of each vector are wanted; 0 is all.
        options: Sampling options by Ollama's names, unchecked.
        keep_alive_s: How long to keep the model; negative is for ever.
        unknown_keys: Names in the body that are none of these, as sent.
    """

    model: str
    texts: tuple[str, ...] = ()
    truncate: bool = True
    dimensions: int = 0
    options: Mapping[str, Any] = Factory(dict)
    keep_alive_s: float = DEFAULT_KEEP_ALIVE_S
    unknown_keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes, default_model: str | None = None) -> Self:
        """
        Decode the body of ``POST /api/embed``.

        Args:
            body: The request's.
            default_model: Stands in for a model that is not named.

        Raises:
            BadRequest: In Ollama's words.
            ModelNotFound: ``model`` is missing; here Ollama says 404.
        """
        fields = _EMBED.decode(decode_body(body))
        model = fields.get("model") or default_model
        if not model:
            raise ModelNotFound("model '' not found")
        return cls(
            texts=_texts(fields.get("input")),
            truncate=fields.get("truncate", True),
            dimensions=max(0, fields.get("dimensions", 0)),
            **_common(model, fields),
        )

    @classmethod
    def from_legacy_json(cls, body: bytes, default_model: str | None = None) -> Self:
        """
        Decode the body of ``POST /api/embeddings``.

        Raises:
            BadRequest: In Ollama's words.
        """
        fields = _EMBEDDINGS.decode(decode_body(body))
        model = fields.get("model") or default_model
        if not model:
            raise BadRequest("model is required")
        prompt = fields.get("prompt", "")
        return cls(texts=(prompt,) if prompt else (), **_common(model, fields))


def _common(model: str, fields: Fields) -> dict[str, Any]:
    return {
        "model": model,
        "options": fields.get("options", {}),
        "keep_alive_s": fields.get("keep_alive", DEFAULT_KEEP_ALIVE_S),
        "unknown_keys": fields.unknown,
    }


def _texts(value: Any) -> tuple[str, ...]:
    """A text alone may be empty, which is none; in a list it is one."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise BadRequest("invalid input type")
    return tuple(value)


@frozen
class EmbeddingRequest:
    """The body of ``POST /v1/embeddings``: the gateway's model and at least one text."""

    model: str
    texts: tuple[str, ...]

    def to_json(self, *, drop_params: bool) -> bytes:
        """
        Return the body to send; see :meth:`CompletionRequest.to_json`.

        Numbers are asked for as such: not every provider has base64.
        """
        body: dict[str, Any] = {
            "model": self.model,
            "input": self.texts,
            "encoding_format": "float",
        }
        if drop_params:
            body["drop_params"] = True
        return encode(body).encode("ascii")


@frozen
class EmbeddingReply:
    """What the gateway answers: a vector for each text, in their order, and what they cost."""

    vectors: tuple[Vector, ...]
    prompt_tokens: int


def decode_embeddings(body: bytes, texts: int) -> EmbeddingReply:
    """
    Decode the reply of ``POST /v1/embeddings``.

    Args:
        body: The reply's.
        texts: How many were sent.

    Raises:
        UpstreamGarbled: It is not one vector of numbers, or of base64, for each of them.
    """
    try:
        reply = decode(body)
        entries = _in_order(reply["data"])
        vectors = tuple(_vector(entry["embedding"]) for entry in entries)
    except _NOT_EMBEDDINGS as error:
        raise UpstreamGarbled("the gateway's reply has no embeddings in it") from error
    if len(vectors) != texts:
        raise UpstreamGarbled(f"the gateway sent {len(vectors)} embeddings for {texts} texts")
    return EmbeddingReply(vectors, usage_of(reply.get("usage")).prompt_tokens)


_NOT_EMBEDDINGS = (
    *(ValueError, TypeError, AttributeError, KeyError),
    OverflowError,  # an integer that no float can hold
    struct.error,
)


def _in_order(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Put entries where they say they belong; if that is not one for each place, as they stand."""
    if not isinstance(entries, list):
        raise TypeError("a list expected")
    placed = {entry.get("index"): entry for entry in entries}
    if set(placed) != set(range(len(entries))):
        return entries
    return [placed[place] for place in range(len(entries))]


def _vector(value: Any) -> Vector:
    """Take numbers, or little-endian 32-bit floats in base64, which some providers insist on."""
    if isinstance(value, str):
        data = base64.b64decode(value, validate=True)
        vector: Vector = struct.unpack(f"<{len(data) // 4}f", data)
    elif isinstance(value, list) and all(type(number) in {int, float} for number in value):
        vector = tuple(map(float, value))
    else:
        raise TypeError("neither a list of numbers nor a text")
    if not vector or not all(map(math.isfinite, vector)):
        raise ValueError("a vector is one number or more, and none of them is infinite")
    return vector


def embed_object(
    model: str, vectors: Iterable[Vector], statistics: Iterable[tuple[str, int]] = ()
) -> str:
    """
    Return the body of a reply to ``POST /api/embed``.

    Args:
        model: As the client wrote it.
        vectors: In the order of the texts.
        statistics: Key to value in Ollama's order.  ollama-ai-provider-v2
            refuses a reply without them, so zeros are told, too.
    """
    lists = ",".join(_numbers(vector, "%.9g") for vector in vectors)
    told = "".join(f',"{key}":{value}' for key, value in statistics)
    return f'{{"model":{quote(model)},"embeddings":[{lists}]{told}}}'


def embedding_object(vector: Vector) -> str:
    """Return the body of a reply to ``POST /api/embeddings``."""
    return f'{{"embedding":{_numbers(vector, "%r")}}}'


def _numbers(vector: Vector, form: str) -> str:
    """
    Return a list of numbers; 9 digits keep all that a 32-bit float has.

    One formatting of a whole vector takes a third of the time of one for each number.
    """
    return "[" + ",".join([form] * len(vector)) % vector + "]"
