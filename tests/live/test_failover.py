"""Gateways that close idle connections, or refuse new ones, over real sockets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.case import ReactorCase, on_reactor
from tests.live.daemon import LocalDaemon
from tests.web.network import Response, parse_response

pytestmark = pytest.mark.live

reactor: Any = _reactor

_EVENTS = (
    b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_EVENTS),
    _EVENTS,
)
#: uvicorn's is 5 seconds; ours must be below the daemon's 4, or none would be met closing.
IDLE_S = 1.0


class _Impatient(BaseRequestHandler):
    """Answers every request at once, and closes when none has come for a second."""

    request: socket.socket

    def handle(self) -> None:
        self.request.settimeout(IDLE_S)
        received = b""
        try:
            while data := self.request.recv(65536):
                received += data
                head, blank, body = received.partition(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                if blank and len(body) >= int(length or 0):
                    received = b""
                    self.request.sendall(ANSWER)
        except OSError:
            return  # the second is over, or the daemon has closed


class _Server(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def impatient_gateway() -> Iterator[str]:
    """Run one, in threads of its own, and return its address."""
    with _Server(("127.0.0.1", 0), _Impatient) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Client(Protocol):
    """Asks, and gathers the answer."""

    def __init__(self) -> None:
        self.received = b""
        self.closed: Deferred[Response] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        self.transport.write(
            b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(parse_response(self.received))


async def burst(port: int, count: int) -> list[Response]:
    """Return the answers to so many requests at once."""
    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    clients = [Client() for _ in range(count)]
    for client in clients:
        connectProtocol(endpoint, client)
    return await gatherResults([client.closed for client in clients])


class Closing(ReactorCase):
    #: The gateway's second begins with each answer, these with the last one of a burst.
    #: Measured: between 0 and all 40 of a burst meet a connection that is being closed.
    PAUSES_S = (0.88, 0.9, 0.92, 0.94, 0.96, 0.98)

    @on_reactor
    async def test_bursts(self) -> None:
        """Of requests sent just when a gateway closes its idle connections, none fails."""
        unused = Factory.forProtocol(Protocol)
        with impatient_gateway() as url:
            async with LocalDaemon(reactor, unused, f"--base-url={url}") as daemon:
                statuses = []
                for pause_s in self.PAUSES_S:
                    answers = await burst(daemon.port, 40)
                    statuses += [answer.status for answer in answers]
                    await deferLater(reactor, pause_s)
        self.assertEqual(set(statuses), {200})


class Answering(Protocol):
    """A gateway that answers every request at once."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(ANSWER)


class Refusing(ReactorCase):
    @on_reactor
    async def test_the_second_answers(self) -> None:
        """Where the first gateway refuses connections, the second one answers."""
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # and does not listen
            first = f"--base-url=http://127.0.0.1:{nobody.getsockname()[1]}"
            gateway = Factory.forProtocol(Answering)
            async with LocalDaemon(reactor, gateway, first) as daemon:
                answers = await burst(daemon.port, 3)
        for answer in answers:
            self.assertEqual(answer.status, 200)
            self.assertIs(answer.lines[-1]["done"], True)
