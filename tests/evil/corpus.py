"""
Malformed and odd requests, part one: request lines, headers, hosts, what follows.

Each row is what a client sends on a connection of its own, and the statuses of
all that it is answered.  Requests that are refused must not reach the gateway.
"""

import json
from typing import Final

from attrs import frozen

from tests.evil.raw import CHAT, HOST

BODY: Final = json.dumps({**CHAT, "stream": False}).encode()
LENGTH: Final = b"Content-Length: %d\r\n" % len(BODY)
LAST: Final = b"Connection: close\r\n"
LINE: Final = b"POST /api/chat HTTP/1.1\r\n"

#: Good, and the last on its connection.
GOOD: Final = LINE + HOST + LAST + LENGTH + b"\r\n" + BODY
#: Good, and another may follow.
GOOD_OPEN: Final = LINE + HOST + LENGTH + b"\r\n" + BODY

REFUSED: Final = (400,)
SERVED: Final = (200,)
LATE: Final = (408,)
TOO_LONG: Final = (413,)
BIG_HEAD: Final = (431,)


@frozen
class Raw:
    """
    What a client sends.

    Attributes:
        what: In a few words.
        data: The bytes.
        statuses: Of the answers, in order; then the connection is closed.
        why: The rule, or what an attacker would gain.
        asked: How many chats reach the gateway.
    """

    what: str
    data: bytes
    statuses: tuple[int, ...]
    why: str
    asked: int | None = None

    @property
    def chats(self) -> int:
        """How many chats reach the gateway: as many as are served, unless it is told."""
        return self.statuses.count(200) if self.asked is None else self.asked


def line(first: bytes) -> bytes:
    """Return a good request but for its first line."""
    return first + b"\r\n" + HOST + LAST + LENGTH + b"\r\n" + BODY


def head(*fields: bytes) -> bytes:
    """Return a good request with more header lines."""
    return LINE + HOST + LAST + b"".join(f + b"\r\n" for f in fields) + LENGTH + b"\r\n" + BODY


def host(*values: bytes, version: bytes = b"1.1") -> bytes:
    """Return a good request with these hosts."""
    hosts = b"".join(b"Host: %s\r\n" % value for value in values)
    return b"POST /api/chat HTTP/%s\r\n%s%s%s\r\n%s" % (version, hosts, LAST, LENGTH, BODY)


_GRAMMAR = "RFC 9112 section 3: method SP target SP version, nothing else"
_VERSION = "a version that we do not speak"
_TARGET = "RFC 3986: a target is printable ASCII"

REQUEST_LINES: Final = (
    Raw("two spaces", line(b"POST  /api/chat HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("tab in line", line(b"POST\t/api/chat\tHTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("leading space", line(b" POST /api/chat HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("trailing space", line(b"POST /api/chat HTTP/1.1 "), REFUSED, _GRAMMAR),
    Raw("space in target", line(b"POST /api/ chat HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("no target", line(b"POST HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("one word", line(b"POST"), REFUSED, _GRAMMAR),
    Raw("no version", line(b"POST /api/chat "), REFUSED, _GRAMMAR),
    Raw("words before the method", b"one more " + GOOD, REFUSED, _GRAMMAR),
    Raw("http 0 9", b"GET /api/version\r\n\r\n", REFUSED, _VERSION),
    Raw("http 1 2", line(b"POST /api/chat HTTP/1.2"), REFUSED, _VERSION),
    Raw("http 9 9", line(b"POST /api/chat HTTP/9.9"), REFUSED, _VERSION),
    Raw("http 2 0", line(b"POST /api/chat HTTP/2.0"), REFUSED, _VERSION),
    Raw("http 01 1", line(b"POST /api/chat HTTP/01.1"), REFUSED, _VERSION),
    Raw("lower case http", line(b"POST /api/chat http/1.1"), REFUSED, _VERSION),
    Raw("no http", line(b"POST /api/chat XTTP/1.1"), REFUSED, _VERSION),
    Raw("http 2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED, _VERSION),
    Raw("tls hello", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n", REFUSED, "https to http"),
    Raw("binary", bytes(range(128, 256)) + b"\r\n\r\n", REFUSED, _GRAMMAR),
    Raw("nul in target", line(b"POST /api/\x00chat HTTP/1.1"), REFUSED, _TARGET),
    Raw("control in target", line(b"POST /api/\x01chat HTTP/1.1"), REFUSED, _TARGET),
    Raw("del in target", line(b"POST /api/\x7fchat HTTP/1.1"), REFUSED, _TARGET),
    Raw("c1 in target", line(b"POST /api/\x90chat HTTP/1.1"), REFUSED, _TARGET),
    Raw("line feed in line", line(b"POST /api/chat\n HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("return in line", line(b"POST /api/chat\r HTTP/1.1"), REFUSED, _GRAMMAR),
    Raw("odd method", line(b"P@ST /api/chat HTTP/1.1"), REFUSED, "a method is a token"),
    Raw("unknown method", line(b"BREW /api/chat HTTP/1.1"), (405,), "a token, but not ours"),
    Raw("lower case method", line(b"post /api/chat HTTP/1.1"), (405,), "methods have case"),
    Raw("connect", line(b"CONNECT evil.test:443 HTTP/1.1"), (405,), "no forward proxy"),
    Raw("trace", line(b"TRACE /api/chat HTTP/1.1"), (405,), "echoes what a page cannot read"),
    Raw("asterisk", line(b"OPTIONS * HTTP/1.1"), (404,), "Ollama's answer"),
    Raw("authority", line(b"POST localhost:11434 HTTP/1.1"), (404,), "only for CONNECT"),
    Raw(
        "absolute target",
        line(b"POST http://localhost:11434/api/chat HTTP/1.1"),
        SERVED,
        "RFC 9112 section 3.2.2: a server must take it",
    ),
    Raw("long line", line(b"GET /" + b"a" * 20_000 + b" HTTP/1.1"), BIG_HEAD, "16 KiB in all"),
    Raw("endless line", b"GET /" + b"a" * 300_000, BIG_HEAD, "16 KiB in all"),
    Raw("one empty line first", b"\r\n" + GOOD, SERVED, "RFC 9112 section 2.2"),
    Raw("two empty lines first", b"\r\n\r\n" + GOOD, REFUSED, "one is enough"),
    Raw("line feeds only", GOOD.replace(b"\r\n", b"\n"), LATE, "no line ends, so no head"),
)

_NAME = "RFC 9110 section 5.1: a name is a token, directly before the colon"
_VALUE = "RFC 9110 section 5.5: no control characters but tab"
_FOLD = "RFC 9112 section 5.2: folding hides headers from other parsers"
_SIZE = "16 KiB and 100 headers in all"

HEADERS: Final = (
    Raw("space before colon", head(b"X-A : 1"), REFUSED, _NAME),
    Raw("tab before colon", head(b"X-A\t: 1"), REFUSED, _NAME),
    Raw("space in name", head(b"X A: 1"), REFUSED, _NAME),
    Raw("empty name", head(b": 1"), REFUSED, _NAME),
    Raw("no colon", head(b"X-A"), REFUSED, _NAME),
    Raw("control in name", head(b"X-\x01: 1"), REFUSED, _NAME),
    Raw("nul in name", head(b"X-\x00: 1"), REFUSED, _NAME),
    Raw("brackets in name", head(b"X-A[]: 1"), REFUSED, _NAME),
    Raw("latin in name", head(b"X-\xe9: 1"), REFUSED, _NAME),
    Raw("underscore in name", head(b"X_A: 1"), SERVED, "a token; nothing is made of it"),
    Raw("fold", head(b"X-A: 1", b" 2"), REFUSED, _FOLD),
    Raw("fold with tab", head(b"X-A: 1", b"\t2"), REFUSED, _FOLD),
    Raw("fold of encoding", head(b"Transfer-Encoding:", b" chunked"), REFUSED, _FOLD),
    Raw("fold first", LINE + b" X-A: 1\r\n" + HOST + LAST + b"\r\n", REFUSED, _FOLD),
    Raw("nul in value", head(b"X-A: 1\x002"), REFUSED, _VALUE),
    Raw("control in value", head(b"X-A: 1\x012"), REFUSED, _VALUE),
    Raw("bell in value", head(b"X-A: 1\x07"), REFUSED, _VALUE),
    Raw("return begins a line", head(b"\rX-A: 1"), REFUSED, _NAME),
    Raw("vertical tab in value", head(b"X-A: 1\x0b2"), REFUSED, _VALUE),
    Raw("del in value", head(b"X-A: 1\x7f2"), REFUSED, _VALUE),
    Raw("escape in value", head(b"User-Agent: \x1b[31mred"), REFUSED, "forges a terminal's log"),
    Raw("return in value", head(b"X-A: 1\rX-B: 2"), REFUSED, _VALUE),
    Raw("line feed in value", head(b"X-A: 1\nX-B: 2"), REFUSED, _VALUE),
    Raw("line feed ends line", LINE + HOST + b"X-A: 1\n" + LAST + b"\r\n", REFUSED, _VALUE),
    Raw("tab in value", head(b"X-A: 1\t2"), SERVED, _VALUE),
    Raw("latin in value", head(b"X-A: \xe9"), SERVED, "RFC 9110 section 5.5: obs-text"),
    Raw("empty value", head(b"X-A:"), SERVED, "RFC 9110 section 5.5"),
    Raw("long header", head(b"X-A: " + b"a" * 20_000), BIG_HEAD, _SIZE),
    Raw("long head", head(*[b"X-A: " + b"a" * 1000] * 20), BIG_HEAD, _SIZE),
    Raw("many headers", head(*[b"X-A: 1"] * 101), BIG_HEAD, _SIZE),
    Raw("600 headers", head(*[b"X-A: 1"] * 600), BIG_HEAD, _SIZE),
    Raw("endless header", LINE + b"X-A: " + b"a" * 300_000, BIG_HEAD, _SIZE),
    Raw("openai form", b"POST /v1/x HTTP/1.1\r\nHost: a b\r\n\r\n", REFUSED, "as its clients read"),
)

_ONE = "RFC 9112 section 3.2: exactly one Host, of a host and perhaps a port"

HOSTS: Final = (
    Raw("no host", host(), REFUSED, _ONE),
    Raw("no host in http 1 0", host(version=b"1.0"), SERVED, "RFC 9112 section 3.2"),
    Raw("two hosts", host(b"localhost", b"evil.test"), REFUSED, _ONE),
    Raw("two equal hosts", host(b"localhost", b"localhost"), REFUSED, _ONE),
    Raw("two hosts in http 1 0", host(b"a", b"b", version=b"1.0"), REFUSED, _ONE),
    Raw("empty host", host(b""), REFUSED, "passed Ollama's own guard once"),
    Raw("host of a port", host(b":11434"), REFUSED, "passed Ollama's own guard once"),
    Raw("host with space", host(b"local host"), REFUSED, _ONE),
    Raw("host with slash", host(b"localhost/x"), REFUSED, _ONE),
    Raw("host with user", host(b"me@localhost"), REFUSED, _ONE),
    Raw("host with comma", host(b"localhost,evil.test"), REFUSED, _ONE),
    Raw("host with scheme", host(b"http://localhost"), REFUSED, _ONE),
    Raw("host with word for port", host(b"localhost:http"), REFUSED, _ONE),
    Raw("host with long port", host(b"localhost:114340"), REFUSED, _ONE),
    Raw("half a bracket", host(b"[::1"), REFUSED, _ONE),
    Raw("ipv6 host", host(b"[::1]:11434"), SERVED, _ONE),
    Raw("underscore in host", host(b"my_service:11434"), SERVED, "Docker Compose"),
    Raw(
        "host after a tab",
        GOOD.replace(HOST, b"hOST:\tlocalhost\r\n"),
        SERVED,
        "any case, any blank",
    ),
    Raw("host in capitals", host(b"LOCALHOST"), SERVED, "RFC 9110 section 4.2.3"),
)

CONNECTIONS: Final = (
    Raw("three at once", GOOD_OPEN * 2 + GOOD, (200, 200, 200), "pipelining, in order"),
    Raw("junk after a request", GOOD_OPEN + b"\x00\x01junk\r\n\r\n", (200, 400), "not more"),
    Raw("bad after a good one", GOOD_OPEN + host(), (200, 400), "refused by itself"),
    Raw("good after a bad one", host() + GOOD, REFUSED, "deaf after a refusal"),
    Raw("good after the last", GOOD + GOOD, SERVED, "closed is closed"),
    Raw(
        "close among others",
        LINE + HOST + b"Connection: keep-alive, close\r\n" + LENGTH + b"\r\n" + BODY,
        SERVED,
        "RFC 9112 section 9.6",
    ),
    Raw(
        "close in the second",
        LINE + HOST + b"Connection: keep-alive\r\n" + LAST + LENGTH + b"\r\n" + BODY,
        SERVED,
        "RFC 9112 section 9.6",
    ),
    Raw("upgrade to h2c", head(b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"), SERVED, "ignored"),
    Raw("upgrade to websocket", head(b"Upgrade: websocket"), SERVED, "ignored"),
    Raw("expect continue", head(b"Expect: 100-continue"), SERVED, "RFC 9110 section 10.1.1"),
    Raw(
        "expect continue without a body",
        b"GET /api/version HTTP/1.1\r\n" + HOST + LAST + b"Expect: 100-continue\r\n\r\n",
        SERVED,
        "may be told to go on, and is answered",
        0,
    ),
    Raw("expect the unexpected", head(b"Expect: 200-ok"), SERVED, "may be ignored"),
    Raw("http 1 0", host(b"localhost", version=b"1.0"), SERVED, "old clients"),
    Raw(
        "body of a get",
        b"GET /api/version HTTP/1.1\r\n" + HOST + LAST + b"Content-Length: 5\r\n\r\nhello",
        SERVED,
        "belongs to it, not to the next",
        0,
    ),
)

_START: Final = LINE + HOST + b"\r\n"

#: A good request may stop anywhere: what is there counts for nothing, and is waited
#: for no longer than any head.
CUTS: Final = tuple(
    Raw(f"cut {where}", _START[: _START.index(until) + len(until)], LATE, "the rest does not come")
    for where, until in (
        ("in the method", b"P"),
        ("after the method", b"POST "),
        ("in the target", b"POST /api/ch"),
        ("after the target", b"chat "),
        ("in the version", b"HTTP"),
        ("after the version", b"HTTP/1.1"),
        ("in the end of the first line", b"HTTP/1.1\r"),
        ("after the first line", b"HTTP/1.1\r\n"),
        ("in a name", b"Hos"),
        ("after a name", b"Host:"),
        ("before a value", b"Host: "),
        ("in a value", b"Host: local"),
        ("after a value", HOST[:-2]),
        ("in the end of a header", HOST[:-1]),
        ("after a header", HOST),
        ("in the end of the head", HOST + b"\r"),
    )
)

REQUESTS: Final = (*REQUEST_LINES, *HEADERS, *HOSTS, *CONNECTIONS, *CUTS)
