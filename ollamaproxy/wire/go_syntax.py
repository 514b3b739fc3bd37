r"""
What Go's encoding/json says of a text that is not JSON.

Ollama hands these texts on to its clients, and people search for them.  Looked
at only after the ordinary parser has refused a body, so this is written to be
read.  Checked against a real Go: see tests/core/go_syntax_cases.go.
"""

import re
from typing import Final, NoReturn

_MAX_DEPTH: Final = 10_000
_SPACES: Final = re.compile(rb"[ \t\r\n]*")
_PLAIN_TEXT: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS: Final = re.compile(rb"[0-9]*")
_LITERALS: Final = {b"t": b"true", b"f": b"false", b"n": b"null"}
_CLOSING: Final = {b"{": b"}", b"[": b"]"}
_AFTER_ELEMENT: Final = {b"{": "after object key:value pair", b"[": "after array element"}

#: What Go's strconv.Quote has a letter for.
_ESCAPES: Final = {
    0x07: r"\a",
    0x08: r"\b",
    0x09: r"\t",
    0x0A: r"\n",
    0x0B: r"\v",
    0x0C: r"\f",
    0x0D: r"\r",
    0x27: r"\'",
    0x5C: r"\\",
}


class _Found(Exception):
    """Ends the scan; its text is the message."""


def syntax_error(body: bytes) -> str | None:
    """
    Return Go's message for the first JSON value in ``body``, or ``None`` if it is well-formed.

    What follows the first value does not matter.  A blank body is ``EOF``.

    Source: Go 1.26, encoding/json, Decoder.Decode.
    """
    try:
        _Scanner(body).value()
    except _Found as found:
        return str(found)
    return None


class _Scanner:
    """Walks through one value; keeps the open brackets in a list, so that depth costs no stack."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0
        self._open: list[bytes] = []

    def value(self) -> None:
        """Scan a value with everything in it; raises _Found at the first error."""
        while True:
            opened = self._scalar_or_bracket()
            if opened and not self._take(_CLOSING[opened], skip_spaces=True):
                if opened == b"{":
                    self._key()
                continue
            if opened:
                self._open.pop()
            while self._open:
                inside = self._open[-1]
                byte = self._next(skip_spaces=True)
                if byte == _CLOSING[inside]:
                    self._open.pop()
                elif byte != b",":
                    self._fail(byte, _AFTER_ELEMENT[inside])
                else:
                    if inside == b"{":
                        self._key()
                    break
            else:
                return

    def _scalar_or_bracket(self) -> bytes:
        """Scan a whole scalar and return nothing, or an opening bracket and return it."""
        byte = self._next(skip_spaces=True)
        if byte in _CLOSING:
            self._open.append(byte)
            if len(self._open) > _MAX_DEPTH:
                self._fail(byte, "exceeded max depth")
            return byte
        if byte == b'"':
            self._string()
        elif byte in _LITERALS:
            self._literal(_LITERALS[byte])
        elif byte == b"-" or byte.isdigit():
            self._number(byte)
        else:
            self._fail(byte, "looking for beginning of value")
        return b""

    def _key(self) -> None:
        byte = self._next(skip_spaces=True)
        if byte != b'"':
            self._fail(byte, "looking for beginning of object key string")
        self._string()
        byte = self._next(skip_spaces=True)
        if byte != b":":
            self._fail(byte, "after object key")

    def _string(self) -> None:
        """Scan what follows an opening quote, up to the closing one."""
        while True:
            self._skip(_PLAIN_TEXT)
            byte = self._next()
            if byte == b'"':
                return
            if byte != b"\\":
                self._fail(byte, "in string literal")
            byte = self._next()
            if byte == b"u":
                for _ in range(4):
                    digit = self._next()
                    if digit not in b"0123456789abcdefABCDEF":
                        self._fail(digit, r"in \u hexadecimal character escape")
            elif byte not in b'bfnrt\\/"':
                self._fail(byte, "in string escape code")

    def _literal(self, word: bytes) -> None:
        for expected in word[1:]:
            byte = self._next()
            if byte[0] != expected:
                where = f"in literal {word.decode()} (expecting {_quoted(expected)})"
                self._fail(byte, where)

    def _number(self, first: bytes) -> None:
        if first == b"-":
            first = self._digit("in numeric literal")
        if first != b"0":  # nothing may follow a leading zero, so 01 is 0 and then a 1
            self._skip(_DIGITS)
        if self._take(b"."):
            self._digit("after decimal point in numeric literal")
            self._skip(_DIGITS)
        if self._take(b"e") or self._take(b"E"):
            if not self._take(b"+"):
                self._take(b"-")
            self._digit("in exponent of numeric literal")
            self._skip(_DIGITS)

    def _digit(self, where: str) -> bytes:
        byte = self._next()
        if not byte.isdigit():
            self._fail(byte, where)
        return byte

    def _next(self, *, skip_spaces: bool = False) -> bytes:
        """Return the next byte and go past it."""
        if skip_spaces:
            self._skip(_SPACES)
        byte = self._body[self._at : self._at + 1]
        if not byte:
            raise _Found("unexpected EOF" if self._body.strip(b" \t\r\n") else "EOF")
        self._at += 1
        return byte

    def _take(self, byte: bytes, *, skip_spaces: bool = False) -> bool:
        """Go past the next byte if it is this one, and say whether it was."""
        if skip_spaces:
            self._skip(_SPACES)
        taken = self._body[self._at : self._at + 1] == byte
        self._at += taken
        return taken

    def _skip(self, pattern: re.Pattern[bytes]) -> None:
        found = pattern.match(self._body, self._at)
        self._at = found.end() if found else self._at

    def _fail(self, byte: bytes, where: str) -> NoReturn:
        raise _Found(f"invalid character {_quoted(byte[0])} {where}")


def _quoted(byte: int) -> str:
    """Return a byte as Go shows it: taken for the Latin-1 letter, in single quotes."""
    if byte in _ESCAPES:
        shown = _ESCAPES[byte]
    elif chr(byte).isprintable():
        shown = chr(byte)
    else:
        shown = f"\\x{byte:02x}" if byte < 0x80 else f"\\u{byte:04x}"
    return f"'{shown}'"
