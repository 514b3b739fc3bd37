"""A connection of the daemon's, seen from the gateway, and what gateways say on it."""

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from attrs import frozen

#: On a socket that is closed: throw away what is unsent and send a reset.
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)

#: Longer than anything that a test waits for; no thread outlives it by much.
PATIENCE_S: Final = 20.0

#: How long nothing must have been taken to call it stuck.  On a machine that is
#: so slow that this is too short, no test can fail for it.
STUCK_S: Final = 0.3


class ConnectionGone(Exception):
    """The daemon has closed the connection, or the gateway stops."""


@frozen
class Received:
    """
    A request as it came.

    Attributes:
        headers: By names in lower case.
        raw: All of its bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    raw: bytes

    @property
    def streams(self) -> bool:
        """Whether it asks for an event stream."""
        return bool(self.body) and json.loads(self.body).get("stream") is True


class Wire:
    """
    One connection of the daemon's.

    Attributes:
        request: What the daemon asked.
        sent: How many bytes the gateway has sent.
        closed_s: When the daemon's end was found to be gone, by the monotonic clock.
        stuck: Set when the daemon takes no more; see :meth:`fill`.
    """

    request: Received

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.sent = 0
        self.closed_s: float | None = None
        self.stuck = threading.Event()

    def receive(self) -> None:
        """Read one request; raise ConnectionGone if there is none."""
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += self._read()
        head, _blank, body = raw.partition(b"\r\n\r\n")
        request_line, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (f.split(": ", 1) for f in fields)}
        while len(body) < int(headers.get("content-length", "0")):
            body += self._read()
        method, path, _version = request_line.split(" ")
        self.request = Received(method, path, headers, body, head + b"\r\n\r\n" + body)

    def _read(self) -> bytes:
        try:
            data = self._sock.recv(65536)
            if not data and isinstance(self._sock, ssl.SSLSocket):
                # That TLS is at its end is told on a connection that may stay
                # open.  Who never closes it has not gone.
                while socket.socket.recv(self._sock, 65536):
                    pass
        except TimeoutError:
            raise ConnectionGone from None
        except OSError:
            data = b""
        if not data:
            raise self._gone()
        return data

    def _gone(self) -> ConnectionGone:
        self.closed_s = time.monotonic()
        return ConnectionGone()

    def send(self, *pieces: bytes) -> None:
        """Send bytes as they are; raise ConnectionGone if nobody takes them."""
        for piece in pieces:
            try:
                self._sock.sendall(piece)
            except OSError:
                raise self._gone() from None
            self.sent += len(piece)

    def fill(self, piece: bytes, max_bytes: int) -> None:
        """Send a piece again and again until the daemon takes no more for a while."""
        self._sock.settimeout(STUCK_S)
        try:
            while self.sent < max_bytes:
                self.sent += self._sock.send(piece)
        except TimeoutError:
            self._sock.settimeout(PATIENCE_S)
        except OSError:
            raise self._gone() from None
        finally:
            self.stuck.set()

    def hold(self) -> None:
        """Say no more, and wait until the daemon closes."""
        while True:
            self._read()

    def reset(self) -> None:
        """Close with a reset."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._sock.close()

    def close(self) -> None:
        """Close in order, if it is open."""
        self._sock.close()

    def give_up(self) -> None:
        """Wake whoever reads or writes."""
        with suppress(OSError):
            # Not ssl's, which takes the session from under whoever reads.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    # What gateways say.

    def answer(self, value: Any, status: str = "200 OK") -> None:
        """Answer with JSON, and announce that the connection closes."""
        body = json.dumps(value).encode()
        self.send(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode(),
            body,
        )

    def head(self, more: bytes = b"Transfer-Encoding: chunked\r\n") -> None:
        """Send the head of a good answer in the form that was asked for, but for its framing."""
        kind = b"text/event-stream" if self.request.streams else b"application/json"
        self.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nConnection: close\r\n%s\r\n" % (kind, more)
        )

    def begin(self) -> None:
        """Send the head and the beginning of an answer: a word, or the half of an object."""
        self.head()
        if self.request.streams:
            self.event(token("Hello"))
        else:
            self.chunk(json.dumps(WHOLE).encode()[:40])

    def chunk(self, data: bytes) -> None:
        """Send an HTTP chunk; an empty one ends the body."""
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, value: Any) -> None:
        """Send an event; bytes as they are, anything else as JSON."""
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.chunk(b"data: %s\n\n" % data)


#: What a gateway does to a request.
Play = Callable[[Wire], None]

WHOLE: Final = {
    "id": "c",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hello"},
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


def token(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    """Return a completion chunk."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
