"""How connections to a gateway are made, over real sockets and with real TLS."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.client import URI, BrowserLikePolicyForHTTPS

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from tests.case import ReactorCase, on_reactor
from tests.live.certificates import GatewayCertificate

pytestmark = pytest.mark.live

reactor: Any = _reactor


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)  # type: ignore[union-attr]


class Hangup(Protocol):
    """Closes as soon as something comes."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.loseConnection()  # type: ignore[union-attr]


class Silent(Protocol):
    """
    Never says anything.

    Attributes:
        greeted: Fires with what came first.
        closed: Fires with ``None`` when the other side has gone.
    """

    def __init__(self) -> None:
        self.greeted: Deferred[bytes] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.greeted.callback(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)


class Ours(Protocol):
    """
    The daemon's end of a connection.

    Attributes:
        echoed: Fires with what came first.
        closed: Fires with ``None`` when the connection is gone.
    """

    def __init__(self) -> None:
        self.echoed: Deferred[bytes] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.echoed.callback(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.closed.callback(None)


class GatewayCase(ReactorCase):
    certificate = GatewayCertificate("localhost")

    @asynccontextmanager
    async def listening(self, factory: "Factory[Any] | TLSMemoryBIOFactory") -> AsyncIterator[int]:
        """Have a port on 127.0.0.1 until the end of the block."""
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        try:
            yield int(port.getHost().port)
        finally:
            await port.stopListening()

    def echoing_tls(self) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(self.certificate, False, Factory.forProtocol(Echo))

    def connect(self, url: str, connect_s: float = 20.0, *, trusts: bool = True) -> Deferred[Any]:
        """Return what fires with an :class:`Ours` when it is connected."""
        roots = trustRootFromCertificates([self.certificate.public] if trusts else [])
        endpoints = GatewayEndpoints(reactor, connect_s, BrowserLikePolicyForHTTPS(roots))
        endpoint = endpoints.endpointForURI(URI.fromBytes(url.encode()))
        return endpoint.connect(Factory.forProtocol(Ours))

    async def assert_echoed(self, ours: Ours) -> None:
        ours.transport.write(b"hello")  # type: ignore[union-attr]
        self.assertEqual(await ours.echoed, b"hello")
        ours.transport.loseConnection()  # type: ignore[union-attr]
        await ours.closed


class Plain(GatewayCase):
    @on_reactor
    async def test_keep_alive(self) -> None:
        """The kernel watches over a silent connection, and begins within a few minutes."""
        async with self.listening(Factory.forProtocol(Echo)) as port:
            ours = await self.connect(f"http://localhost:{port}")
            handle = ours.transport.getHandle()
            self.assertTrue(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            if hasattr(socket, "TCP_KEEPIDLE"):
                idle_s = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
                self.assertLess(idle_s, 240)
            await self.assert_echoed(ours)


class Secure(GatewayCase):
    @on_reactor
    async def test_connected(self) -> None:
        """A certificate that is trusted and names the host makes a connection both ways."""
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect(f"https://localhost:{port}")
            await self.assert_echoed(ours)

    @on_reactor
    async def test_keep_alive(self) -> None:
        """The kernel watches over a secure connection as well."""
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect(f"https://localhost:{port}")
            handle = ours.transport.transport.getHandle()
            self.assertTrue(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            await self.assert_echoed(ours)

    @on_reactor
    async def test_another_host(self) -> None:
        """A certificate for another host is found out before there is a connection."""
        async with self.listening(self.echoing_tls()) as port:
            with self.assertRaises(VerificationError):
                await self.connect(f"https://127.0.0.1:{port}")

    @on_reactor
    async def test_not_trusted(self) -> None:
        """So is one that nobody vouches for."""
        async with self.listening(self.echoing_tls()) as port:
            with self.assertRaises(SSL.Error):
                await self.connect(f"https://localhost:{port}", trusts=False)

    @on_reactor
    async def test_no_tls(self) -> None:
        """So is a server that does not speak TLS."""
        async with self.listening(Factory.forProtocol(Echo)) as port:
            with self.assertRaises(SSL.Error):
                await self.connect(f"https://localhost:{port}")

    @on_reactor
    async def test_closed(self) -> None:
        """A server that closes in the middle of the handshake cannot be reached."""
        async with self.listening(Factory.forProtocol(Hangup)) as port:
            with self.assertRaisesRegex(UpstreamUnreachable, "it closed the connection"):
                await self.connect(f"https://localhost:{port}")

    @on_reactor
    async def test_silent(self) -> None:
        """A server that never answers the handshake fails by the deadline for connecting."""
        silent = Silent()
        async with self.listening(Factory.forProtocol(lambda: silent)) as port:
            with self.assertRaisesRegex(UpstreamUnreachable, "no connection within 0.5 seconds"):
                await self.connect(f"https://127.0.0.1:{port}", 0.5)
            await silent.closed

    @on_reactor
    async def test_given_up(self) -> None:
        """A connection that nobody waits for any more is closed in the middle of the handshake."""
        silent = Silent()
        async with self.listening(Factory.forProtocol(lambda: silent)) as port:
            connecting = self.connect(f"https://127.0.0.1:{port}")
            await silent.greeted
            connecting.cancel()
            with self.assertRaises(CancelledError):
                await connecting
            await silent.closed
