"""
The demonstration's embeddings: vectors that depend on nothing but words.

Pure.

Source: https://platform.openai.com/docs/api-reference/embeddings for the parameters.
"""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from ollamaproxy.demo.parameters import (
    EMBEDDING_MODEL,
    RequestRefused,
    check_model,
    count_words,
    strings,
    whole_number,
)

#: Numbers in a vector unless ``dimensions`` asks for another size.
DEFAULT_DIMENSIONS: Final = 32
#: The largest ``dimensions``; more would only cost time, as nothing is learned.
MAX_DIMENSIONS: Final = 256


@frozen(kw_only=True)
class EmbeddingAnswer:
    """
    The vectors of one request.

    Attributes:
        vectors: One for each input, in its order; see :func:`unit_vector`.
        prompt_tokens: Words in all inputs together, 0 or more.
        as_base64: The client asked for ``encoding_format: base64``.
    """

    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int
    as_base64: bool


def answer_embeddings(request: Mapping[str, object]) -> EmbeddingAnswer:
    """
    Turn ``input`` (a string or a list of strings) into vectors of ``dimensions`` numbers.

    An empty string is allowed; an empty list and lists of token numbers are
    not.

    Raises:
        RequestRefused: The model is another, the input is missing, or a
            parameter has a wrong type or range.
    """
    check_model(request, EMBEDDING_MODEL)
    texts = strings(request.get("input"), "input")
    if not texts:
        raise RequestRefused("/embeddings: Missing required parameter: 'input'.", "input")
    dimensions = whole_number(request, "dimensions", MAX_DIMENSIONS) or DEFAULT_DIMENSIONS
    encoding = request.get("encoding_format")
    if encoding not in (None, "float", "base64"):
        raise RequestRefused("'encoding_format' must be 'float' or 'base64'", "encoding_format")
    return EmbeddingAnswer(
        vectors=tuple(unit_vector(text, dimensions) for text in texts),
        prompt_tokens=sum(map(count_words, texts)),
        as_base64=encoding == "base64",
    )


def unit_vector(text: str, dimensions: int = DEFAULT_DIMENSIONS) -> tuple[float, ...]:
    """
    Return a vector of length 1 that depends on nothing but the words in ``text``.

    Each word points in a direction that a digest gives it, and a text where
    its words point together.  Texts that share words are therefore near to
    each other, which lets a search over demonstration vectors find something;
    case, punctuation, word order and meaning play no part.

    Args:
        text: Any text, also an empty one.
        dimensions: How many numbers, 1 or more.
    """
    words = re.findall(r"\w+", text.casefold())
    vector = _sum_of_digests(words, dimensions)
    if not any(vector):
        # No words, or words that cancel out, as they may in one or two
        # dimensions.  A single digest never adds up to zero.
        vector = _sum_of_digests([text], dimensions)
    length = math.sqrt(sum(component * component for component in vector))
    return tuple(component / length for component in vector)


def base64_of(vector: tuple[float, ...]) -> str:
    """Return the vector as little-endian 32-bit floats in base64, as OpenAI does."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")


def _sum_of_digests(words: list[str], dimensions: int) -> list[int]:
    """Add up one digest per word, each byte taken as an odd number from -255 to 255."""
    # An extendable digest: a shorter vector is the beginning of a longer one.
    # JSON may hold half a surrogate pair, which plain UTF-8 refuses.
    digests = [
        hashlib.shake_256(word.encode("utf-8", "surrogatepass")).digest(dimensions)
        for word in words
    ]
    return [2 * sum(column) - 255 * len(words) for column in zip(*digests, strict=True)]
