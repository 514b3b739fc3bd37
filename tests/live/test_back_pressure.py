"""A client that does not read stops the gateway, over real sockets."""

from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from tests.case import ReactorCase, on_reactor
from tests.live.daemon import LocalDaemon
from tests.web.network import parse_response

pytestmark = pytest.mark.live

reactor: Any = _reactor
MIB = 1024 * 1024

#: Far more than the kernel buffers of two loopback connections hold.
REPLY_BYTES = 96 * MIB
EVENT = b'data: {"choices":[{"delta":{"content":"' + b"x" * 16_000 + b'"}}]}\n\n'


@implementer(IPushProducer)
class TalkativeGateway(Protocol):
    """Sends a long stream as fast as it is taken, and tells when none has been for a while."""

    #: How long it must have been paused to call it stopped.  On a machine that
    #: is so slow that this is too short, the test still cannot fail for it.
    STOPPED_S = 0.5

    def __init__(self) -> None:
        self.sent = 0
        self.stopped: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self._alarm: Any = None
        self._paused = True

    def dataReceived(self, data: bytes) -> None:
        if self.sent:
            return
        assert self.transport is not None
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        self.transport.registerProducer(self, True)  # type: ignore[attr-defined]
        self.resumeProducing()

    def resumeProducing(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._paused = False
        while not self._paused and self.sent < REPLY_BYTES:
            self.sent += len(EVENT)
            self.transport.write(EVENT)  # type: ignore[union-attr]
        if self.sent >= REPLY_BYTES:
            self.transport.unregisterProducer()  # type: ignore[union-attr]
            self.transport.write(b"data: [DONE]\n\n")  # type: ignore[union-attr]
            self.transport.loseConnection()  # type: ignore[union-attr]
            self._tell_stopped()

    def pauseProducing(self) -> None:
        self._paused = True
        if self._alarm is None:
            self._alarm = reactor.callLater(self.STOPPED_S, self._tell_stopped)

    def stopProducing(self) -> None:
        self._paused = True

    def _tell_stopped(self) -> None:
        self._alarm = None
        if not self.stopped.called:
            self.stopped.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self.closed.callback(None)


class Doorkeeper(Protocol):
    """Answers the daemon's questions for models, and lets one chat in to the gateway."""

    def __init__(self, gateway: Protocol) -> None:
        self._gateway = gateway
        self._is_in = False

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if data.startswith(b"GET "):
            self.transport.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        if not self._is_in:
            self._is_in = True
            self._gateway.makeConnection(self.transport)
        self._gateway.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._is_in:
            self._gateway.connectionLost(reason)


def doorkeepers(gateway: Protocol) -> "Factory[Doorkeeper]":
    return Factory.forProtocol(lambda: Doorkeeper(gateway))


class UnreadingClient(Protocol):
    """Asks, and reads nothing until it is told to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.pauseProducing()  # type: ignore[attr-defined]
        body = b'{"model":"m","prompt":"hi"}'
        self.transport.write(
            b"POST /api/chat HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)


class BackPressure(ReactorCase):
    @on_reactor
    async def test_the_gateway_stops_and_goes_on(self) -> None:
        """A client that does not read stops the gateway; when it reads, nothing is missing."""
        gateway = TalkativeGateway()
        async with LocalDaemon(reactor, doorkeepers(gateway)) as daemon:
            client = UnreadingClient()
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
            await connectProtocol(endpoint, client)
            await gateway.stopped
            sent = gateway.sent
            client.transport.resumeProducing()  # type: ignore[union-attr]
            await client.closed
            await gateway.closed
        self.assertLess(sent, REPLY_BYTES // 2)
        response = parse_response(b"".join(client.pieces))
        self.assertTrue(response.complete)
        lines = response.body.splitlines()
        self.assertEqual(len(lines), REPLY_BYTES // len(EVENT) + 1 + 1)
        self.assertIn(b'"done":true', lines[-1])

    @on_reactor
    async def test_a_client_that_leaves_stops_the_gateway(self) -> None:
        """A client that leaves without having read anything closes the gateway's connection."""
        gateway = TalkativeGateway()
        async with LocalDaemon(reactor, doorkeepers(gateway)) as daemon:
            client = UnreadingClient()
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
            await connectProtocol(endpoint, client)
            await gateway.stopped
            client.transport.abortConnection()  # type: ignore[union-attr]
            await gateway.closed
            await client.closed
        self.assertLess(gateway.sent, REPLY_BYTES // 2)
