"""JSON that is none, or that costs more to read than to send: one row for each."""

import json
from typing import Final

from attrs import frozen

from tests.evil.raw import CHAT

BAD: Final = frozenset({400})
#: Go reads it, and replaces what is no text; other servers refuse it.
EITHER: Final = frozenset({200, 400})

_MESSAGES: Final = b'"messages":[{"role":"user","content":"hi"}]'


@frozen
class Body:
    """
    A body of a chat.

    Attributes:
        what: In a few words.
        data: The bytes.
        statuses: What it may be answered with; if not 200, the gateway is not asked.
    """

    what: str
    data: bytes
    statuses: frozenset[int] = BAD


def chat(more: bytes) -> bytes:
    """Return a good chat with one more field."""
    return b'{"model":"m","stream":false,%s,%s}' % (_MESSAGES, more)


def said(content: bytes) -> bytes:
    """Return a chat in which this is said, between quotes."""
    messages = b'"messages":[{"role":"user","content":"%s"}]' % content
    return b'{"model":"m","stream":false,%s}' % messages


BODIES: Final = (
    Body("nothing", b""),
    Body("blanks", b" \r\n\t "),
    Body("a word", b"hello"),
    Body("a number", b"5"),
    Body("a string", b'"m"'),
    Body("a list", b"[]"),
    Body("null", b"null"),
    Body("half an object", b'{"model":"m",'),
    Body("single quotes", b"{'model':'m'}"),
    Body("a comma at the end", b'{"model":"m",}'),
    Body("a comment", b'{"model":"m"/**/}'),
    Body("a key without quotes", b'{model:"m"}'),
    Body("100000 lists", b"[" * 100_000 + b"]" * 100_000),
    Body("100000 lists without end", b"[" * 100_000),
    Body("100000 objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Body("100000 lists in a field", chat(b'"format":' + b"[" * 100_000 + b"]" * 100_000)),
    Body("many small lists", b"[" + b"[]," * 240_000 + b"[]]"),
    Body("many small lists in a field", chat(b'"tools":[' + b"[]," * 240_000 + b"[]]")),
    Body("too many small lists", chat(b'"tools":[' + b"[]," * 300_000 + b"[]]")),
    Body("many small objects", b"[" + b"{}," * 240_000 + b"{}]"),
    Body("a number of 5000 digits", chat(b'"options":{"seed":%s}' % (b"9" * 5000))),
    Body("a list of 5000 digits", chat(b'"messages":[%s]' % (b"9" * 5000))),
    Body("NaN", chat(b'"options":{"temperature":NaN}')),
    Body("Infinity", chat(b'"options":{"temperature":-Infinity}')),
    Body("a number that is too large", chat(b'"options":{"temperature":1e999}'), EITHER),
    Body("a byte order mark", b"\xef\xbb\xbf" + json.dumps(CHAT).encode()),
    Body("UTF-16", json.dumps({**CHAT, "stream": False}).encode("utf-16")),
    Body("UTF-32", json.dumps({**CHAT, "stream": False}).encode("utf-32")),
    Body("latin letters", said(b"caf\xe9"), EITHER),
    Body("half a letter", said(b"caf\xc3"), EITHER),
    Body("an overlong letter", said(b"\xc0\xaf"), EITHER),
    Body("half a surrogate pair", said(b"\\ud800"), EITHER),
    Body("a surrogate in bytes", said(b"\xed\xa0\x80"), EITHER),
    Body("a control character", said(b"a\x01b")),
    Body("a line feed", said(b"a\nb")),
    Body("nul", said(b"a\x00b")),
    Body("nul in an escape", said(b"a\\u0000b"), EITHER),
    Body("an odd escape", said(b"\\x41")),
    Body("a key twice", chat(b'"model":"m"'), frozenset({200})),
    Body("an odd name", chat(b'"__proto__":{"a":1}'), frozenset({200})),
    Body(
        "a long model", b'{"model":"%s",%s,"stream":false}' % (b"m" * 1_000_000, _MESSAGES), EITHER
    ),
    Body("a picture that is none", said(b'hi","images":["!!!"],"x":"')),
    Body("a picture elsewhere", said(b'hi","images":["http://127.0.0.1/x"],"x":"')),
)
