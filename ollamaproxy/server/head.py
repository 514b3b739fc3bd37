"""
What is wrong with the head of a request, although Twisted takes it.

Two programs that read one request differently are how requests are smuggled,
so whatever leaves room for that is refused, and the connection closed.  Pure.

Source: RFC 9110 and RFC 9112; Twisted 26.10 itself refuses what else there is
(two lengths, a length beside an encoding, odd lengths, bare CR and LF, NUL).
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from attrs import frozen

#: A name or an address with perhaps a port (RFC 3986 section 3.2.2), not empty.
_HOST: Final = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+)(:[0-9]{0,5})?")

_NOT_IN_A_TARGET: Final = re.compile(rb"[^\x21-\x7e]")
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@frozen
class Fault:
    """Why a request is refused: a status, and a sentence for whoever sent it."""

    status: HTTPStatus
    message: str


def fault_in_header_line(line: bytes) -> Fault | None:
    """Return what is wrong with one line of the header, if anything."""
    if line[:1] in {b" ", b"\t"}:
        # RFC 9112 section 5.2: a server refuses it, or turns it into a blank.
        return _bad("a header is folded over two lines")
    if _CONTROLS.search(line):
        return _bad("a header holds a control character")
    return None


def fault_in_head(  # noqa: PLR0911 - a list of rules, one after the other
    method: bytes,
    target: bytes,
    version: bytes,
    hosts: Sequence[bytes],
    encodings: Sequence[bytes],
) -> Fault | None:
    """
    Return what is wrong with the head of a request, if anything.

    Args:
        method: As received, as all of these.
        target: The second word of the request line.
        version: The third.
        hosts: The values of all Host headers.
        encodings: The values of all Transfer-Encoding headers.
    """
    if method in {b"CONNECT", b"TRACE"}:
        return Fault(HTTPStatus.METHOD_NOT_ALLOWED, "this server is no forward proxy")
    if _NOT_IN_A_TARGET.search(target):
        return _bad("the request's target holds a character that must be percent-encoded")
    if len(hosts) > 1 or (not hosts and version == b"HTTP/1.1"):
        return _bad("a request has exactly one Host header")
    if hosts and not _HOST.fullmatch(hosts[0].strip()):
        return _bad("malformed Host header")
    if encodings and version != b"HTTP/1.1":
        return _bad("HTTP/1.0 has no Transfer-Encoding")
    if encodings and [value.strip().lower() for value in encodings] != [b"chunked"]:
        # Twisted would take "identity" for no body, and the body for a request.
        return _bad("the only Transfer-Encoding is chunked")
    return None


def _bad(message: str) -> Fault:
    return Fault(HTTPStatus.BAD_REQUEST, message)
