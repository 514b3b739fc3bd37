"""
Ollama's embeddings from a gateway's.

Source: ollama/ollama server/routes.go, EmbedHandler and EmbeddingsHandler.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final

from ollamaproxy.errors import BadRequest, UpstreamRefused
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.options import to_parameters
from ollamaproxy.wire.embeddings import EmbeddingRequest, EmbedRequest, Vector

#: A shorter vector has no direction; it is left as it is.
_SHORTEST: Final = 1e-12

#: How gateways say that a text has too many tokens: OpenAI, vLLM, llama.cpp, TEI, Bedrock.
_TOO_LONG: Final = (
    "context length",
    "context window",
    "contextwindowexceeded",
    "context size",
    "maximum input length",
    "maximum model length",
    "must have less than",
    "maximum allowed length",
    "too large to process",
    "too many tokens",
    "too many input tokens",
    "input is too long",
    "text is too long",
)

#: What is tried for a text that is too long, in characters for each token that
#: fits, from English to scripts with a token for each character.
_CHARACTERS_PER_TOKEN: Final = (4, 2, 1)
#: Then, or if it is not known how many tokens fit, parts of the longest text.
_PARTS: Final = (0.5, 0.25, 0.125, 0.0625)
#: Each costs a request; the gateway charges none that it refuses.
_MAX_TRIES: Final = 5


def to_embedding(request: EmbedRequest, model: Model, characters: int | None) -> EmbeddingRequest:
    """
    Return what to ask the gateway for.

    Args:
        request: With at least one text.
        model: What its model's name stands for.
        characters: Longer texts are cut to so many; ``None`` leaves them.

    Raises:
        BadRequest: An option has the wrong type, in Ollama's words.
    """
    to_parameters(request.options)  # checked, though a vector has no such thing
    # OpenAI refuses an empty text, which Ollama takes.
    return EmbeddingRequest(model.target, tuple(text[:characters] or " " for text in request.texts))


def is_too_long(refused: UpstreamRefused) -> bool:
    """Whether the gateway refused a text because it has too many tokens."""
    message = refused.message.lower()
    return refused.status in {400, 413, 422, 500} and any(words in message for words in _TOO_LONG)


def too_long() -> BadRequest:
    """Return the error for a text that does not fit and must not be cut."""
    return BadRequest("the input length exceeds the context length")


def cuts(texts: Sequence[str], context_length: int | None) -> Iterator[int]:
    """
    Yield lengths in characters to which to cut texts that are too long, one after the other.

    Only the model knows where its tokens end, so this asks for less and less.
    """
    longest = max(map(len, texts))
    known = [int(rate * (context_length or 0)) for rate in _CHARACTERS_PER_TOKEN]
    # The gateway may be wrong about its model, so there is more to try.
    lengths = [*known, *(int(min([longest, *filter(None, known)]) * part) for part in _PARTS)]
    yield from [length for length in lengths if 1 <= length < longest][:_MAX_TRIES]


def to_unit_vectors(vectors: Sequence[Vector], dimensions: int) -> list[Vector]:
    """
    Return vectors of length 1, as Ollama does.

    Args:
        vectors: As the gateway sent them.
        dimensions: How many numbers of each to keep; 0, or more than there are, keeps all.
    """
    return [_unit(vector[:dimensions] if dimensions else vector) for vector in vectors]


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector)
    if length <= _SHORTEST:
        return vector
    return tuple(number / length for number in vector)
