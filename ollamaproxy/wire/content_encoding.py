"""
Compressed request bodies: ``Content-Encoding: zstd``, which Ollama takes under ``/v1``.

Source: Ollama's middleware for OpenAI's routes, with its limit.
"""

from collections.abc import Iterator
from typing import Final

import zstandard

from ollamaproxy.errors import BadRequest

#: Of the body when it has been decompressed.
MAX_DECOMPRESSED_BYTES: Final = 20 * 1024 * 1024

#: As much as is decompressed at once.
_PIECE_BYTES: Final = 1024


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
        plain = b"".join(_frames(body))
    except (zstandard.ZstdError, EOFError) as error:
        raise BadRequest(f"the body is not zstd, as its Content-Encoding says: {error}") from error
    return plain


def _frames(body: bytes) -> Iterator[bytes]:
    """Yield what the frames of a body hold, in pieces."""
    room = MAX_DECOMPRESSED_BYTES
    rest = body
    while rest:
        frame = zstandard.ZstdDecompressor().decompressobj()
        data, rest = rest, b""
        for at in range(0, len(data), _PIECE_BYTES):
            # A small piece cannot become much before it is counted.
            piece = frame.decompress(data[at : at + _PIECE_BYTES])
            room -= len(piece)
            if room < 0:
                raise BadRequest(
                    f"the decompressed body is longer than {MAX_DECOMPRESSED_BYTES} bytes",
                    status=413,
                )
            yield piece
            if frame.eof:
                rest = frame.unused_data + data[at + _PIECE_BYTES :]
                break
        if not frame.eof:
            raise EOFError("it is cut off")
