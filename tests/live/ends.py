"""The two ends of connections to a gateway, and a test case that makes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import trustRootFromCertificates
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.web.client import URI

from ollamaproxy.network.proxies import Proxies
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.trust import ClientCertificate, GatewayTrust
from tests.case import ReactorCase
from tests.live.certificates import GatewayCertificate

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
        reason: Then, why.
    """

    def __init__(self) -> None:
        self.echoed: Deferred[bytes] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self.reason = connectionDone

    def dataReceived(self, data: bytes) -> None:
        self.echoed.callback(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.reason = reason
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

    def connect(
        self,
        url: str,
        connect_s: float = 20.0,
        *,
        trusts: bool = True,
        client: ClientCertificate | None = None,
        proxies: Proxies | None = None,
    ) -> Deferred[Any]:
        """Return what fires with an :class:`Ours` when it is connected."""
        roots = trustRootFromCertificates([self.certificate.public] if trusts else [])
        trust = GatewayTrust(roots=roots, client=client)
        endpoints = GatewayEndpoints(reactor, connect_s, trust, proxies)
        endpoint = endpoints.endpointForURI(URI.fromBytes(url.encode()))
        return endpoint.connect(Factory.forProtocol(Ours))

    async def assert_echoed(self, ours: Ours) -> None:
        ours.transport.write(b"hello")  # type: ignore[union-attr]
        self.assertEqual(await ours.echoed, b"hello")
        ours.transport.loseConnection()  # type: ignore[union-attr]
        await ours.closed
