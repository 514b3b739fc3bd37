"""
Pictures and sounds in requests: base64 in, base64 and a media type out.

Ollama's ``images`` are base64 without any word of what is in them, so the first
bytes must tell.  The text goes on to the gateway as it is: nothing is decoded
but those.

Source: ollama/ollama api/types.go (ImageData) and Go's encoding/base64.
"""

import base64
import re
from typing import Final

from attrs import frozen

from ollamaproxy.errors import BadRequest

_ALPHABET: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_LINE_ENDS: Final = re.compile(r"[\r\n]+")
_DATA_URL: Final = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)
#: Base64 of the 12 bytes that the longest mark below needs.
_HEAD_CHARACTERS: Final = 16


@frozen
class Media:
    """
    A picture or a sound.

    Attributes:
        base64: Standard base64 with padding, without line ends.
        media_type: Such as ``image/png`` or ``audio/wav``.
    """

    base64: str
    media_type: str

    @property
    def data_url(self) -> str:
        """The form in which OpenAI takes pictures."""
        return f"data:{self.media_type};base64,{self.base64}"


def parse_media(text: str) -> Media:
    """
    Return the picture or sound that bare base64, or a data URL with base64 in it, stands for.

    A real Ollama refuses data URLs; some clients send them all the same.  What
    the bytes do not tell is taken for a JPEG, as Ollama does.

    Raises:
        BadRequest: It is not base64, in Go's words.
    """
    prefix = _DATA_URL.match(text)
    encoded = _LINE_ENDS.sub("", text[prefix.end() :] if prefix else text)
    if len(encoded) % 4 or not _ALPHABET.fullmatch(encoded):
        raise BadRequest(f"illegal base64 data at input byte {_bad_byte(text)}")
    head = base64.b64decode(encoded[:_HEAD_CHARACTERS])
    return Media(encoded, _media_type(head))


def _bad_byte(text: str) -> int:
    """Return where Go stops in a text that is not base64; it reads in groups of four."""
    at, in_group = 0, 0
    while at < len(text):
        character = text[at]
        if character in "\r\n":
            at += 1
        elif character.isascii() and (character.isalnum() or character in "+/"):
            at += 1
            in_group = (in_group + 1) % 4
        elif character != "=" or in_group < 2:
            return at
        elif in_group == 3:
            return _after_line_ends(text, at + 1)
        else:
            second = _after_line_ends(text, at + 1)
            if second == len(text) or text[second] != "=":
                return second if second == len(text) else second - 1
            return _after_line_ends(text, second + 1)
    return at - in_group


def _after_line_ends(text: str, at: int) -> int:
    found = _LINE_ENDS.match(text, at)
    return found.end() if found else at


def _media_type(head: bytes) -> str:
    """Return the type that the first bytes of a file tell."""
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"):
        return "audio/mpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    for mark, media_type in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"BM", "image/bmp"),
    ):
        if head.startswith(mark):
            return media_type
    return "image/jpeg"
