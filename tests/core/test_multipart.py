"""Uploads: forms taken apart and put together again, and bodies that come compressed."""

import tracemalloc
from collections.abc import Iterable

import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.content_encoding import MAX_DECOMPRESSED_BYTES, decompressed
from ollamaproxy.wire.multipart import Part, decode_multipart, encode_multipart
from tests.case import Case

BOUNDARY = b"--bound"
CONTENT_TYPE = b"multipart/form-data; boundary=" + BOUNDARY

Fields = tuple[bytes, bytes | None, bytes | None, bytes]


def part(
    name: bytes, content: bytes = b"", filename: bytes | None = None, kind: bytes | None = None
) -> Part:
    return Part(name, filename, kind, (memoryview(content),))


def fields_of(parts: Iterable[Part]) -> list[Fields]:
    """Return all that parts hold, as values that can be compared."""
    return [(one.name, one.filename, one.content_type, b"".join(one.content)) for one in parts]


def encoded(*parts: Part) -> bytes:
    return b"".join(encode_multipart(parts, BOUNDARY))


def raw(*heads_and_contents: bytes) -> bytes:
    """Return a form whose parts are written like this."""
    return b"".join(b"----bound\r\n%s\r\n" % one for one in heads_and_contents) + b"----bound--\r\n"


def named(name: bytes, more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="%s"%s\r\n\r\nx' % (name, more)


class Refusing(Case):
    def assert_refused(self, content_type: bytes, body: bytes, message: str) -> None:
        with self.assertRaises(BadRequest) as caught:
            decode_multipart(content_type, body)
        told = caught.exception.message
        self.assertEqual(told, f"failed to parse multipart form: {message}", body[:100])
        self.assertEqual(caught.exception.status, 400)


class TakenApart(Refusing):
    def test_table(self) -> None:
        """A form has its fields in order, with what their heads say."""
        for body, fields in (
            (raw(), []),
            (raw(named(b"a")), [(b"a", None, None, b"x")]),
            (raw(named(b"")), [(b"", None, None, b"x")]),
            (raw(named(b"a"), named(b"a")), [(b"a", None, None, b"x")] * 2),
            (raw(named(b"a", b'; filename="f"')), [(b"a", b"f", None, b"x")]),
            (raw(named(b"a", b'; filename=""')), [(b"a", b"", None, b"x")]),
            (
                raw(named(b"a", b'; filename="f"\r\nContent-Type:  audio/x-wav; q=1')),
                [(b"a", b"f", b"audio/x-wav; q=1", b"x")],
            ),
            (
                raw(b"CONTENT-type: a/b\r\nX: y\r\ncontent-DISPOSITION: form-data; name=a\r\n\r\n"),
                [(b"a", None, b"a/b", b"")],
            ),
            (raw(named(b'a\\"b\\\\c', b'; filename="a;b=c"')), [(b'a"b\\c', b"a;b=c", None, b"x")]),
            (raw(named(b"a\nb")), [(b"a\nb", None, None, b"x")]),
            (raw(named("é".encode())), [("é".encode(), None, None, b"x")]),
            (raw(named(b"a")) + b"an epilogue", [(b"a", None, None, b"x")]),
            (b"\r\n" + raw(named(b"a")), [(b"a", None, None, b"x")]),
        ):
            self.assertEqual(fields_of(decode_multipart(CONTENT_TYPE, body)), fields, body)

    def test_content_types(self) -> None:
        """The boundary is found however the header is written."""
        for content_type in (
            b"multipart/form-data;boundary=--bound",
            b'multipart/form-data; boundary="--bound"',
            b"Multipart/Form-Data; charset=utf-8; Boundary=--bound",
        ):
            self.assertEqual(len(decode_multipart(content_type, raw(named(b"a")))), 1, content_type)

    def test_views(self) -> None:
        """Contents are views of the body: a file is not copied."""
        body = encoded(part(b"file", b"\r\n" * 1000, b"f"), part(b"a", b"x"))
        for one in decode_multipart(CONTENT_TYPE, body):
            self.assertTrue(one.content)
            for piece in one.content:
                self.assertIs(piece.obj, body)

    def test_text(self) -> None:
        """A content as text is UTF-8, and what is none becomes U+FFFD."""
        for content, text in (
            (b"a", "a"),
            ("é😀".encode(), "é😀"),
            (b"\xffa", "\ufffda"),
            (b"", ""),
        ):
            self.assertEqual(part(b"a", content).text, text)
        pieces = tuple(memoryview(bytes([byte])) for byte in "é".encode())
        self.assertEqual(Part(b"a", content=pieces).text, "é")

    def test_no_form(self) -> None:
        """Without the media type and a boundary there is no form."""
        for content_type in (
            b"",
            b"application/json",
            b"multipart/mixed; boundary=--bound",
            b"application/x-www-form-urlencoded",
            b"multipart/form-data",
            b"multipart/form-data; boundary=",
            b'multipart/form-data; boundary=""',
            b"multipart/form-data; charset=utf-8",
        ):
            message = "request Content-Type isn't multipart/form-data"
            self.assert_refused(content_type, raw(named(b"a")), message)

    def test_cut_off(self) -> None:
        """A form that does not come to its end is refused, wherever it is cut."""
        body = encoded(part(b"a", b"x\r\n--"), part(b"file", b"\r\n", b"f", b"a/b"))
        self.assertEqual(len(decode_multipart(CONTENT_TYPE, body[:-2])), 2)
        for end in range(len(body) - 2):
            self.assert_refused(CONTENT_TYPE, body[:end], "unexpected EOF")

    def test_no_name(self) -> None:
        """Every part must have a name."""
        message = "a field without a name, or too many"
        for head in (b"", b"Content-Type: a/b\r\n", b"Content-Disposition: form-data\r\n"):
            self.assert_refused(CONTENT_TYPE, raw(named(b"a"), head + b"\r\nx"), message)

    def test_too_many(self) -> None:
        """There may be 64 parts and not one more."""
        self.assertEqual(len(decode_multipart(CONTENT_TYPE, raw(*[named(b"a")] * 64))), 64)
        message = "a field without a name, or too many"
        self.assert_refused(CONTENT_TYPE, raw(*[named(b"a")] * 65), message)

    def test_garbled(self) -> None:
        """What is no form is refused in the parser's words."""
        for body, words in (
            (b"oops", "Expected boundary character"),
            (b"--other\r\n", "Expected boundary character"),
            (b"----bound\nContent-Disposition: form-data; name=a\n\nx\n----bound--\n", "CR at end"),
            (raw(b"no colon\r\n\r\nx"), "invalid character"),
        ):
            with self.assertRaises(BadRequest) as caught:
                decode_multipart(CONTENT_TYPE, body)
            self.assertIn("failed to parse multipart form: ", caught.exception.message)
            self.assertIn(words, caught.exception.message)
        message = "Boundary length 300 exceeds maximum of 256"
        self.assert_refused(b"multipart/form-data; boundary=" + b"x" * 300, b"", message)


#: Also what looks like a boundary, and is none.
_PIECES = (
    b"\r\n",
    b"\r",
    b"\n",
    b"--",
    b"\r\n--",
    b"\r\n----boun",
    b"----bounD",
    b"\x00\xff",
    b"a",
)
_CONTENTS = st.lists(st.sampled_from(_PIECES), max_size=8).map(b"".join) | st.binary(max_size=40)
_NAMES = st.binary(max_size=12).filter(lambda name: not set(name) & set(b'"\r\n\\'))
_PARTS = st.builds(
    part,
    _NAMES,
    _CONTENTS.filter(lambda content: BOUNDARY not in content),
    st.none() | _NAMES,
    st.sampled_from((None, b"audio/wav", b"text/plain; charset=utf-8")),
)


class PutTogether(Case):
    def test_bytes(self) -> None:
        """A form is written like this, its contents uncopied."""
        content = b"RIFF\r\n"
        parts = (Part.of_value(b"model", "é"), part(b"file", content, b"a.wav", b"audio/wav"))
        pieces = list(encode_multipart(parts, b"b"))
        self.assertEqual(
            b"".join(pieces).decode(),
            '--b\r\nContent-Disposition: form-data; name="model"\r\n\r\né\r\n'
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
            "Content-Type: audio/wav\r\n\r\nRIFF\r\n\r\n--b--\r\n",
        )
        views = [piece for piece in pieces if isinstance(piece, memoryview)]
        self.assertIs(views[-1].obj, content)

    def test_names(self) -> None:
        """What would end a name or a head is written as browsers do, and ends neither."""
        for name, written in (
            (b'a"b', b"a%22b"),
            (b"a\r\nb", b"a%0D%0Ab"),
            (b"a\nX: y\r\n\r\n", b"a%0AX: y%0D%0A%0D%0A"),
            (b"%22", b"%22"),
            (b'"; filename="x', b"%22; filename=%22x"),
        ):
            body = encoded(part(name, b"x", name, b"a/b\r\nX: y\n"))
            self.assertEqual(body.count(b"\r\n"), 6, body)
            fields = fields_of(decode_multipart(CONTENT_TYPE, body))
            self.assertEqual(fields, [(written, written, b"a/b  X: y ", b"x")])

    def test_backslashes(self) -> None:
        """A backslash does not take the quotation mark behind it along."""
        for name in (b"a\\", b"\\", b"a\\b", b"a\\\\", b'a\\"'):
            body = encoded(part(name, b"x", name))
            [(read, filename, _kind, content)] = fields_of(decode_multipart(CONTENT_TYPE, body))
            self.assertEqual((filename, content), (read, b"x"), body)

    def test_no_part_passes_for_another(self) -> None:
        """No part becomes the one that names the model on its way."""
        for head in (
            b'name=x\\; filename="; name=model; z="',
            b'name="a"b\\"; filename="; name=model; z="',
            b'name=x; filename="\\"; name=model; z="',
            b'name=x; filename="\r\n\r\n"; name=model',
        ):
            form = raw(b"Content-Disposition: form-data; %s\r\n\r\nx" % head)
            read = decode_multipart(CONTENT_TYPE, form)
            again = decode_multipart(CONTENT_TYPE, encoded(*read))
            names = [[one.name == b"model" for one in parts] for parts in (read, again)]
            self.assertEqual(names[0], names[1], head)

    @settings(deadline=None, max_examples=300)
    @given(st.lists(_PARTS, max_size=5))
    @example([part(b"a;b=c", b"\r\n----boun\r\n--", b"", None), part(b"", b"\r")])
    def test_round_trip(self, parts: list[Part]) -> None:
        """What has been put together is taken apart into the same, whatever the bytes."""
        self.assertEqual(
            fields_of(decode_multipart(CONTENT_TYPE, encoded(*parts))), fields_of(parts)
        )


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


class Compressed(Case):
    def assert_refused(self, body: bytes, status: int, words: str) -> None:
        with self.assertRaises(BadRequest) as caught:
            decompressed(body, b"zstd")
        self.assertEqual(caught.exception.status, status)
        self.assertIn(words, caught.exception.message)

    @settings(deadline=None)
    @given(st.binary(max_size=2000), st.sampled_from((b"zstd", b"ZSTD", b" Zstd ")))
    def test_round_trip(self, content: bytes, encoding: bytes) -> None:
        """What was compressed comes out as it was."""
        self.assertEqual(decompressed(zstd(content), encoding), content)

    def test_untouched(self) -> None:
        """A body without an encoding, or with another one, stays as it is."""
        for encoding in (None, b"", b"identity", b"gzip", b"br", b"zst", b"gzip, zstd"):
            for body in (b"", b"{}", zstd(b"{}")):
                self.assertIs(decompressed(body, encoding), body)

    def test_several_frames(self) -> None:
        """A body may be compressed in several frames."""
        self.assertEqual(decompressed(zstd(b"ab") + zstd(b"") + zstd(b"c"), b"zstd"), b"abc")
        self.assert_refused(zstd(b"ab") + b"oops!", 400, "")

    def test_not_zstd(self) -> None:
        """What is not zstd is refused."""
        for body in (b"{}", b"a" * 100, zstd(b"a")[1:]):
            self.assert_refused(body, 400, "the body is not zstd, as its Content-Encoding says")

    def test_cut_off(self) -> None:
        """A body that is not whole is refused, wherever it is cut."""
        body = zstandard.ZstdCompressor(write_checksum=True).compress(bytes(range(256)) * 4)
        for end in range(1, len(body)):
            self.assert_refused(body[:end], 400, "")

    def test_the_limit(self) -> None:
        """A body may have so many bytes when it is decompressed, and not one more."""
        content = bytes(MAX_DECOMPRESSED_BYTES)
        self.assertEqual(len(decompressed(zstd(content), b"zstd")), MAX_DECOMPRESSED_BYTES)
        words = f"the decompressed body is longer than {MAX_DECOMPRESSED_BYTES} bytes"
        self.assert_refused(zstd(content + b"x"), 413, words)

    def test_bombs(self) -> None:
        """A body that grows without measure takes no more memory than one that may pass."""
        mebibyte = bytes(1 << 20)
        compressor = zstandard.ZstdCompressor().compressobj()
        one_frame = b"".join(compressor.compress(mebibyte) for _ in range(500))
        one_frame += compressor.flush()
        for bomb in (one_frame, zstd(mebibyte) * 500):
            self.assertLess(len(bomb), 100_000)
            tracemalloc.start()
            try:
                self.assert_refused(bomb, 413, "is longer than")
                _kept, peak_bytes = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            self.assertLess(peak_bytes, 3 * MAX_DECOMPRESSED_BYTES)
