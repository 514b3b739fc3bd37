"""Answers and requests that are sent as they are written, over real sockets."""

import socket
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request

from ollamaproxy.server.sending_channel import SendingChannel
from ollamaproxy.upstream.connection import GatewayConnection
from ollamaproxy.upstream.request import GatewayRequest
from ollamaproxy.upstream.request_bodies import WholeBody
from tests.case import ReactorCase, on_reactor

pytestmark = pytest.mark.live

reactor: Any = _reactor

LINES = 2_000
LINES_A_TURN = 100
LINE = b"%07d " + b"x" * 120 + b"\n"


class Talker(Resource):
    """Writes more in each turn of the reactor than is read in one, and asks nobody."""

    isLeaf = True

    def render_GET(self, request: Request) -> int:
        # So little that it is full again and again.
        transport: Any = request.channel.transport
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        self.write(request, 0)
        return NOT_DONE_YET

    def write(self, request: Request, begin: int) -> None:
        for number in range(begin, begin + LINES_A_TURN):
            request.write(LINE % number)
        if begin + LINES_A_TURN < LINES:
            # Before the reactor looks for sockets that can take more.
            reactor.callLater(0, self.write, request, begin + LINES_A_TURN)
        else:
            request.finish()


class Reader(Protocol):
    """Asks, and gathers the answer."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self.pieces: list[bytes] = []
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.bufferSize = 4 * 1024  # at once: less than is written in a turn
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        transport.write(self._request)

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)


class Sending(ReactorCase):
    @on_reactor
    async def test_order(self) -> None:
        """What the kernel does not take at once is neither overtaken nor lost."""
        site = server.Site(Talker())
        site.protocol = SendingChannel  # type: ignore[assignment]
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
        try:
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
            client = Reader(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            await connectProtocol(endpoint, client)
            await client.closed
        finally:
            await port.stopListening()
        head, _blank, body = b"".join(client.pieces).partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 200 OK\r\n"), head)
        self.assertTrue(body.endswith(b"\r\n0\r\n\r\n"))
        numbers = [line[:7] for line in body.split(b"\n") if line[7:8] == b" "]
        self.assertEqual(numbers, [b"%07d" % number for number in range(LINES)])


class HastyGateway(Protocol):
    """Answers the first request before it has read it, and gathers all that comes."""

    def __init__(self) -> None:
        self.received = b""
        self.whole: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.getHandle().setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        transport.bufferSize = 4 * 1024

    def dataReceived(self, data: bytes) -> None:
        transport: Any = self.transport
        if not self.received:
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.received += data
        if self.received.endswith(b"the end") and not self.whole.called:
            self.whole.callback(None)


class Requests(ReactorCase):
    @on_reactor
    async def test_order(self) -> None:
        """A request does not overtake the one before, of which the gateway has not read all."""
        gateway = HastyGateway()
        factory = Factory.forProtocol(lambda: gateway)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        free: Deferred[GatewayConnection] = Deferred()
        connection = GatewayConnection(free.callback, lambda _gone: None)
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
        try:
            await connectProtocol(endpoint, connection)
            first, second = b"1" * 8_000_000, b"2" * 100_000 + b"the end"
            connection.request(post(first))
            await free
            connection.request(post(second)).addErrback(lambda _closed: None)
            await gateway.whole
        finally:
            connection.transport.abortConnection()
            await port.stopListening()
        _head, first_and_rest = gateway.received.split(b"\r\n\r\n", 1)
        self.assertTrue(first_and_rest.startswith(first + b"POST "))
        self.assertTrue(first_and_rest.endswith(b"\r\n\r\n" + second))


def post(body: bytes) -> GatewayRequest:
    request_line = (b"POST", b"http://h/", b"/")
    return GatewayRequest(*request_line, Headers(), WholeBody(body), host=b"h", persistent=True)
