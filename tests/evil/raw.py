"""A client that sends bytes as they are, and reads what comes of it."""

import json
import socket
from contextlib import suppress
from http.client import HTTPException, HTTPResponse, IncompleteRead
from io import BytesIO
from typing import Any, Final

from attrs import frozen

from tests.web.network import Response

#: Longer than any answer takes.  Who waits for so long has met a daemon that hangs.
PATIENCE_S: Final = 10.0

CHAT: Final = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
HOST: Final = b"Host: localhost:11434\r\n"


def connect(port: int) -> socket.socket:
    """Return a connection to the daemon."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S)


def post(path: str, body: Any, more: bytes = b"") -> bytes:
    """Return a good request whose connection closes after the answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        b"POST %s HTTP/1.1\r\n%sConnection: close\r\nContent-Type: application/json\r\n"
        b"%sContent-Length: %d\r\n\r\n%s"
    ) % (path.encode(), HOST, more, len(content), content)


@frozen
class Talk:
    """
    All that a client has heard.

    Attributes:
        received: The bytes.
        ended: How: ``closed`` in order, ``reset``, or ``hung``: still open after a long time.
    """

    received: bytes
    ended: str

    @property
    def responses(self) -> list[Response]:
        """The answers in them, in order."""
        unread = _Unread(self.received)
        responses = []
        while unread.tell() < len(self.received):
            responses.append(_response(unread))
        return responses

    @property
    def response(self) -> Response:
        """The one answer in them."""
        (response,) = self.responses
        return response


class _Unread(BytesIO):
    """What http.client reads one answer after the other from."""

    def makefile(self, _mode: str) -> "_Unread":
        return self

    def close(self) -> None:
        """Override: there may be another answer in it."""


def _response(unread: _Unread) -> Response:
    response = HTTPResponse(unread)  # type: ignore[arg-type]
    try:
        response.begin()
    except HTTPException as error:
        raise AssertionError(f"this is no answer: {unread.getvalue()[:200]!r}") from error
    try:
        body, complete = response.read(), True
    except IncompleteRead as cut:
        body, complete = cut.partial, False
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, headers, body, complete)


def read_all(sock: socket.socket) -> Talk:
    """Read until the daemon closes."""
    received = bytearray()
    try:
        while data := sock.recv(65536):
            received += data
    except TimeoutError:
        return Talk(bytes(received), "hung")
    except OSError:
        return Talk(bytes(received), "reset")
    return Talk(bytes(received), "closed")


def converse(port: int, data: bytes) -> Talk:
    """Connect, send, and read until the daemon closes."""
    with connect(port) as sock:
        with suppress(OSError):  # it may have answered before it has read everything
            sock.sendall(data)
        return read_all(sock)
