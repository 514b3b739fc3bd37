"""Pictures and sounds in base64; the places of errors were told by a real Go."""

import base64

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.images import Media, parse_media
from tests.case import Case

#: What is no base64, and where Go stops.
BAD = (
    ("AAA", 0), ("data:xx", 4), ("http:x", 4), ("https:", 5), ("AAAA=", 4), ("A===", 1),
    ("AA=A", 2), ("AAAAB", 4), ("AAAA\nA!", 6), ("AA==A", 4), ("AAAAAA=", 7), ("=", 0),
    ("AA=", 3), ("AAAAAA===", 8), ("AB\r\nC", 2), ("A=AA", 1), ("AAA=A", 4), ("AAAA====", 4),
    ("!", 0), ("AAAAAA", 4), ("AAAA-_", 4),
)  # fmt: skip

#: How a file begins, and what it is.
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff\xe0", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\0\0\0\0WEBP", "image/webp"),
    (b"RIFF\0\0\0\0WAVE", "audio/wav"),
    (b"RIFF\0\0\0\0AVI ", "image/jpeg"),
    (b"BM", "image/bmp"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"", "image/jpeg"),
    (b"hello", "image/jpeg"),
)


class Images(Case):
    def test_bad(self) -> None:
        """What is no base64 is told in Go's words, with the place where Go stops."""
        for text, place in BAD:
            with self.assertRaises(BadRequest) as caught:
                parse_media(text)
            message = f"illegal base64 data at input byte {place}"
            self.assertEqual(caught.exception.message, message, text)

    def test_types(self) -> None:
        """The first bytes tell what it is."""
        for beginning, media_type in BEGINNINGS:
            text = base64.b64encode(beginning).decode()
            self.assertEqual(parse_media(text), Media(text, media_type), beginning)

    def test_line_ends(self) -> None:
        """Line ends inside are ignored, also between and before padding."""
        for text, clean in (("AAA\n=", "AAA="), ("AA=\r\n=", "AA=="), ("AAAA\nAAAA\n", "A" * 8)):
            self.assertEqual(parse_media(text).base64, clean, text)

    def test_data_urls(self) -> None:
        """A data URL is as good as what is in it; its own word for the type does not count."""
        media = parse_media("data:image/jpeg;base64,iVBORw0KGgo=")
        self.assertEqual(media, Media("iVBORw0KGgo=", "image/png"))
        self.assertEqual(media.data_url, "data:image/png;base64,iVBORw0KGgo=")
