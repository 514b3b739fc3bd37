"""
Malformed and odd requests, part two: where a body ends.

Two programs that disagree on that are all it takes to smuggle a request.
"""

from typing import Final

from tests.evil.corpus import BODY, GOOD, LAST, LENGTH, LINE, REFUSED, SERVED, TOO_LONG, Raw
from tests.evil.daemon import MIB
from tests.evil.raw import HOST

CHUNKED: Final = b"Transfer-Encoding: chunked"
_CHUNKS: Final = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def framed(*fields: bytes, body: bytes = BODY, version: bytes = b"1.1") -> bytes:
    """Return a request whose framing is left to the fields."""
    lines = b"".join(field + b"\r\n" for field in fields)
    first = b"POST /api/chat HTTP/%s\r\n" % version
    return first + HOST + LAST + lines + b"\r\n" + body


def length(value: bytes) -> bytes:
    """Return a request that says that its body is this long."""
    return framed(b"Content-Length: " + value)


def coded(*values: bytes) -> bytes:
    """Return a request in chunks with these Transfer-Encodings."""
    return framed(*[b"Transfer-Encoding: " + value for value in values], body=_CHUNKS)


def chunks(body: bytes) -> bytes:
    """Return a request with a body that is in chunks already."""
    return framed(CHUNKED, body=body)


def cut(size: bytes, after: bytes = b"\r\n") -> bytes:
    """Return a request in one chunk with this for its size, and this after its data."""
    return chunks(size + b"\r\n" + BODY + after + b"0\r\n\r\n")


_SIZE: Final = b"%x" % len(BODY)
_DIGITS = "RFC 9110 section 8.6: digits, and nothing else"
_ONE = "RFC 9112 section 6.3: two lengths are two readings"
_ONLY = "RFC 9112 section 6.1: what is not understood must not be guessed"
_HEX = "RFC 9112 section 7.1: hexadecimal digits, and nothing else"
_END = "RFC 9112 section 7.1: a chunk ends where it says, with CR LF"

LENGTHS: Final = (
    Raw("length twice", framed(LENGTH[:-2], LENGTH[:-2]), REFUSED, _ONE),
    Raw("two lengths", framed(LENGTH[:-2], b"Content-Length: 0"), REFUSED, _ONE),
    Raw("lengths in a list", length(b"5, 5"), REFUSED, _ONE),
    Raw("length of a word", length(b"abc"), REFUSED, _DIGITS),
    Raw("length with minus and 30 digits", length(b"-" + b"1" * 30), REFUSED, _DIGITS),
    Raw("length with plus", length(b"+5"), REFUSED, _DIGITS),
    Raw("length with minus", length(b"-1"), REFUSED, _DIGITS),
    Raw("length in hex", length(b"0x5"), REFUSED, _DIGITS),
    Raw("length with underscore", length(b"5_0"), REFUSED, _DIGITS),
    Raw("length with exponent", length(b"1e1"), REFUSED, _DIGITS),
    Raw("length with point", length(b"5.0"), REFUSED, _DIGITS),
    Raw("length with space", length(b"5 5"), REFUSED, _DIGITS),
    Raw("length in arabic", length(b"\xd9\xa5"), REFUSED, _DIGITS),
    Raw("empty length", length(b""), REFUSED, _DIGITS),
    Raw("length of 5000 digits", length(b"1" * 5000), REFUSED, "int() raises"),
    Raw("length of 20 digits", length(b"1" * 20), TOO_LONG, "longer than may be"),
    Raw("length over the limit", length(b"%d" % (MIB + 1)), TOO_LONG, "longer than may be"),
    Raw("length with zeros", length(b"000%d" % len(BODY)), SERVED, "RFC 9110 section 8.6"),
    Raw(
        "continue over the limit",
        framed(b"Expect: 100-continue", b"Content-Length: %d" % (MIB + 1), body=b""),
        TOO_LONG,
        "and not told to go on",
    ),
    Raw("no length", framed(body=b""), REFUSED, "missing request body"),
    Raw("body without length", framed(body=GOOD), REFUSED, "what follows is not a request"),
    Raw("body does not come", framed(b"Content-Length: 99", body=b"{"), (408,), "a deadline"),
    Raw("length misspelt", framed(b"Content_Length: 5", LENGTH[:-2]), SERVED, "another header"),
)

ENCODINGS: Final = (
    Raw("length then encoding", framed(LENGTH[:-2], CHUNKED, body=_CHUNKS), REFUSED, _ONE),
    Raw("encoding then length", framed(CHUNKED, LENGTH[:-2], body=_CHUNKS), REFUSED, _ONE),
    Raw("encoding twice", coded(b"chunked", b"chunked"), REFUSED, _ONLY),
    Raw("identity", coded(b"identity"), REFUSED, "Twisted takes the body for a request"),
    Raw("identity and length", framed(b"Transfer-Encoding: identity", LENGTH[:-2]), REFUSED, _ONLY),
    Raw("identity then chunked", coded(b"identity", b"chunked"), REFUSED, _ONLY),
    Raw("chunked then identity", coded(b"chunked", b"identity"), REFUSED, _ONLY),
    Raw("identity in a list", coded(b"identity, chunked"), REFUSED, _ONLY),
    Raw("gzip", coded(b"gzip, chunked"), REFUSED, _ONLY),
    Raw("chunked twice in a list", coded(b"chunked, chunked"), REFUSED, _ONLY),
    Raw("xchunked", coded(b"xchunked"), REFUSED, _ONLY),
    Raw("chunked in quotes", coded(b'"chunked"'), REFUSED, _ONLY),
    Raw("chunked with parameter", coded(b"chunked;q=1"), REFUSED, _ONLY),
    Raw("chunked with comma", coded(b"chunked,"), REFUSED, _ONLY),
    Raw("chunked after vertical tab", coded(b"\x0bchunked"), REFUSED, _ONLY),
    Raw("chunked after nul", coded(b"\x00chunked"), REFUSED, _ONLY),
    Raw("empty encoding", coded(b""), REFUSED, _ONLY),
    Raw("encoding before a space", framed(b"Transfer-Encoding : chunked"), REFUSED, _ONLY),
    Raw(
        "encoding in http 1 0",
        framed(CHUNKED, body=_CHUNKS, version=b"1.0"),
        REFUSED,
        "RFC 9112 section 6.1: the framing is faulty",
    ),
    Raw("chunked in capitals", coded(b"CHUNKED"), SERVED, "RFC 9112 section 7"),
    Raw("chunked after a tab", coded(b"\tchunked "), SERVED, "RFC 9110 section 5.5"),
    Raw(
        "encoding misspelt",
        framed(b"Transfer_Encoding: chunked", LENGTH[:-2]),
        SERVED,
        "another header",
    ),
)

CHUNKS: Final = (
    Raw("good chunks", chunks(_CHUNKS), SERVED, "RFC 9112 section 7.1"),
    Raw("size with 0x", cut(b"0x" + _SIZE), REFUSED, _HEX),
    Raw("size with plus", cut(b"+" + _SIZE), REFUSED, _HEX),
    Raw("size with minus", cut(b"-" + _SIZE), REFUSED, _HEX),
    Raw("size with space after", cut(_SIZE + b" "), REFUSED, _HEX),
    Raw("size with space before", cut(b" " + _SIZE), REFUSED, _HEX),
    Raw("size with underscore", cut(b"1_0"), REFUSED, _HEX),
    Raw("empty size", cut(b""), REFUSED, _HEX),
    Raw("size of a word", cut(b"xyz"), REFUSED, _HEX),
    Raw("size of 17 digits", cut(b"f" * 17), (408,), "the rest does not come"),
    Raw("size with zeros", cut(b"000" + _SIZE), SERVED, _HEX),
    Raw("size without end", chunks(b"1" * 2000), REFUSED, "a line has a limit"),
    Raw("extension", cut(_SIZE + b";a=b"), SERVED, "RFC 9112 section 7.1.1"),
    Raw("quoted extension", cut(_SIZE + b';a="b"'), SERVED, "RFC 9112 section 7.1.1"),
    Raw("line feed in extension", cut(_SIZE + b";a\nb"), REFUSED, "hides a chunk"),
    Raw("return in extension", cut(_SIZE + b";a\rb"), REFUSED, "hides a chunk"),
    Raw("nul in extension", cut(_SIZE + b";a\x00b"), REFUSED, "no text"),
    Raw("extension without end", chunks(b"5;" + b"a" * 2000), REFUSED, "a line has a limit"),
    Raw("size too small", cut(b"5"), REFUSED, _END),
    Raw("no end of chunk", cut(_SIZE, b""), REFUSED, _END),
    Raw("wrong end of chunk", cut(_SIZE, b"\n\n"), REFUSED, _END),
    Raw(
        "line feeds for ends",
        chunks(b"%s\n%s\n0\n\n" % (_SIZE, BODY)),
        (408,),
        "no line ends, so no chunk",
    ),
    Raw("chunk does not come", chunks(b"ff\r\n{"), (408,), "a deadline"),
    Raw("last chunk does not come", chunks(_CHUNKS[:-5]), (408,), "a deadline"),
    Raw("trailer", chunks(_CHUNKS[:-2] + b"X-A: 1\r\n\r\n"), SERVED, "dropped"),
    Raw("trailer with length", chunks(_CHUNKS[:-2] + b"Content-Length: 0\r\n\r\n"), SERVED, "same"),
    Raw(
        "trailer without end",
        chunks(_CHUNKS[:-2] + (b"X-A: " + b"a" * 1000 + b"\r\n") * 100),
        REFUSED,
        "64 KiB of them",
    ),
    Raw(
        "too much in chunks", chunks(b"100001\r\n" + b" " * (MIB + 1) + b"\r\n"), TOO_LONG, "limit"
    ),
    Raw("crumbs", chunks(b"1\r\n \r\n" * 10_050), REFUSED, "each costs as much as a large one"),
    Raw(
        "request after the last chunk",
        LINE + HOST + CHUNKED + b"\r\n\r\n" + _CHUNKS + GOOD,
        (200, 200),
        "pipelining",
    ),
    Raw(
        "request in a chunk",
        chunks(b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)),
        REFUSED,
        "a body is a body",
    ),
)

BODIES: Final = (*LENGTHS, *ENCODINGS, *CHUNKS)
