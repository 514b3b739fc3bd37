"""
Compressed request bodies: ``Content-Encoding: zstd``, which Ollama takes under ``/v1``.

Source: Ollama's middleware for OpenAI's routes, with its limit.
"""

from typing import Final

import zstandard

from ollamaproxy.errors import BadRequest

#: Of the body when it has been decompressed.
MAX_DECOMPRESSED_BYTES: Final = 20 * 1024 * 1024


def decompressed(body: bytes, encoding: bytes | None) -> bytes:
    """
    Return a request body as it was before it was compressed.

    Args:
        body: The request's.
        encoding: Its Content-Encoding; ``None`` if it has none.  Of others
            than zstd nothing is done, as in Ollama: they are not JSON then.

    Raises:
        BadRequest: It is not zstd, not whole, or too long.
    """
    if encoding is None or encoding.strip().lower() != b"zstd":
        return body
    try:
        with zstandard.ZstdDecompressor().stream_reader(body) as reader:
            plain: bytes = reader.read(MAX_DECOMPRESSED_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BadRequest(f"the body is not zstd, as its Content-Encoding says: {error}") from error
    if len(plain) > MAX_DECOMPRESSED_BYTES:
        raise BadRequest(
            f"the decompressed body is longer than {MAX_DECOMPRESSED_BYTES} bytes", status=413
        )
    return plain
