"""
What evil clients do: leave at every moment, send slowly, read nothing.

One row for each way to leave; see :class:`tests.evil.wire.Wire` for the
gateway's part in it.
"""

import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Final

from attrs import frozen

from tests.evil.gateway import EvilGateway
from tests.evil.raw import CHAT, HOST, PATIENCE_S, Talk, connect, post, read_all
from tests.evil.wire import Play, Wire, token

STREAM: Final = post("/api/chat", {**CHAT, "stream": True})
WHOLE: Final = post("/api/chat", {**CHAT, "stream": False})
FORWARDED: Final = post("/v1/chat/completions", {**CHAT, "stream": True})

_JUNK: Final = b"x" * 40_000
_PIECE: Final = b'data: {"choices":[{"delta":{"content":"' + b"x" * 16_000 + b'"}}]}\n\n'
_MIB: Final = 1024 * 1024


@frozen
class Departure:
    """
    A way to leave.

    Attributes:
        what: When.
        play: What the gateway does meanwhile.
        request: What the client sends before it leaves.
        reads: It waits for the first word of the answer.
        fills: It leaves when the gateway has been stopped, for nothing is read.
    """

    what: str
    play: Play
    request: bytes
    reads: bool = False
    fills: bool = False


def silent(wire: Wire) -> None:
    wire.hold()


def half_a_head(wire: Wire) -> None:
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    wire.hold()


def head_only(wire: Wire) -> None:
    wire.head()
    wire.hold()


def one_word(wire: Wire) -> None:
    wire.begin()
    wire.hold()


def word_for_word(wire: Wire) -> None:
    """Send words at a pace, and not for ever."""
    wire.begin()
    for _ in range(2000):
        wire.event(token("word "))
        time.sleep(0.005)
    wire.hold()


def without_end(wire: Wire) -> None:
    """Send as much as is taken, up to far more than all buffers hold."""
    wire.head(b"")
    wire.fill(_PIECE, 300 * _MIB)
    wire.hold()


DEPARTURES: Final = (
    Departure("before the head", silent, STREAM),
    Departure("before the head without stream", silent, WHOLE),
    Departure("before the head under v1", silent, FORWARDED),
    Departure("in the head", half_a_head, STREAM),
    Departure("after the head", head_only, STREAM),
    Departure("after the head without stream", head_only, WHOLE),
    Departure("after a word", one_word, STREAM, reads=True),
    Departure("after a word without stream", one_word, WHOLE),
    Departure("after a word under v1", one_word, FORWARDED, reads=True),
    Departure("in the middle", word_for_word, STREAM, reads=True),
    Departure("in the middle under v1", word_for_word, FORWARDED, reads=True),
    Departure("while paused", without_end, STREAM, fills=True),
    Departure("while paused under v1", without_end, FORWARDED, fills=True),
    Departure("with junk behind its request", silent, STREAM + _JUNK),
    Departure(
        "with junk behind an open request",
        silent,
        STREAM.replace(b"Connection: close\r\n", b"") + _JUNK,
    ),
)

#: What is done to the socket.
Leave = Callable[[socket.socket], None]


def close(sock: socket.socket) -> None:
    sock.close()


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def half_close(sock: socket.socket) -> None:
    """Say that nothing more will come, and keep listening; it counts as leaving."""
    sock.shutdown(socket.SHUT_WR)


def depart(port: int, gateway: EvilGateway, departure: Departure, leave: Leave) -> float | None:
    """
    Ask, wait for the moment, leave, and wait for the gateway's connection to be closed.

    Returns:
        How long after that it was closed by the daemon, in seconds; ``None`` if
        it was not.
    """
    with connect(port) as sock:
        sock.sendall(departure.request)
        gateway.wait_for_requests(1)
        (wire,) = gateway.wires
        if departure.fills:
            wire.stuck.wait(PATIENCE_S)
        received = b""
        while departure.reads and b"Hello" not in received:
            received += sock.recv(65536)
        left_s = time.monotonic()
        leave(sock)
        if gateway.wait_until_left() and wire.closed_s is not None:
            return wire.closed_s - left_s
    return None


def drip(port: int, at_once: bytes, slowly: bytes) -> Talk:
    """Send one byte after the other, ten a second, until the daemon answers or closes."""
    with connect(port) as sock:
        sock.sendall(at_once)
        for byte in slowly:
            readable, _writable, _odd = select.select([sock], [], [], 0.1)
            if readable:
                break
            sock.send(bytes([byte]))
        return read_all(sock)


def upload(port: int, head: bytes, pieces: int, piece: bytes) -> Talk:
    """Send a long body to its end, not looking at any answer before; then read."""
    with connect(port) as sock:
        sock.sendall(head)
        try:
            for _ in range(pieces):
                sock.sendall(piece)
        except OSError:
            pass
        return read_all(sock)


def read_nothing(port: int, request: bytes, gateway: EvilGateway) -> bool:
    """Ask, and read nothing until the daemon gives up; return whether it did."""
    with connect(port) as sock:
        sock.sendall(request)
        gateway.wait_for_requests(1)
        gateway.wires[-1].stuck.wait(PATIENCE_S)
        return gateway.wait_until_left()


def length_of(size: int) -> bytes:
    """Return the head of a request with a body of this length."""
    return b"POST /api/chat HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (HOST, size)


IN_CHUNKS: Final = b"POST /api/chat HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n" % HOST
