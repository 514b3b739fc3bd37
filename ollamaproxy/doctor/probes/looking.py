"""
TLS with whoever is there, to look at a certificate, or at a server of this machine.

Nothing secret may be sent on such a connection: nobody knows who reads it.
"""

from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from ollamaproxy.doctor.facts import Certificate
from ollamaproxy.doctor.probes.certificates import certificate_of


@implementer(IOpenSSLClientConnectionCreator)
class _AnyCertificate:
    def __init__(self, host: bytes) -> None:
        self._host = host

    def clientConnectionForTLS(
        self,
        tlsProtocol: TLSMemoryBIOProtocol,  # noqa: ARG002
    ) -> SSL.Connection:
        """Implement IOpenSSLClientConnectionCreator."""
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_verify(SSL.VERIFY_NONE, lambda *_seen: True)
        connection = SSL.Connection(context, None)
        connection.set_tlsext_host_name(self._host)
        return connection


def with_any_certificate(endpoint: IStreamClientEndpoint, host: bytes) -> IStreamClientEndpoint:
    """Return an endpoint that speaks TLS with whoever is at another endpoint."""
    creator = cast("IOpenSSLClientConnectionCreator", _AnyCertificate(host))
    secured: IStreamClientEndpoint = wrapClientTLS(creator, endpoint)
    return secured


@implementer(IAgentEndpointFactory)
class NearEndpoints:
    """Makes the endpoints of servers on this machine: by no proxy, whatever their certificate."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """Implement :class:`IAgentEndpointFactory`."""
        endpoint = HostnameEndpoint(self._reactor, uri.host, uri.port)
        return with_any_certificate(endpoint, uri.host) if uri.scheme == b"https" else endpoint


@implementer(IHandshakeListener)
class _Look(Protocol):
    """
    Looks at the certificate, and leaves.

    Attributes:
        seen: Fires with the certificate, when the connection is closed; with
            ``None`` if there is none.  Cancelling it closes the connection.
    """

    transport: Any  # TLSMemoryBIOProtocol, which is more than an ITransport

    def __init__(self) -> None:
        self.seen: Deferred[Certificate | None] = Deferred(self._give_up)
        self._certificate: Certificate | None = None

    def handshakeCompleted(self) -> None:
        """Implement IHandshakeListener."""
        self._certificate = certificate_of(self.transport.getPeerCertificate().to_cryptography())
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002
        """Implement Protocol."""
        if not self.seen.called:
            self.seen.callback(self._certificate)

    def _give_up(self, seen: "Deferred[Certificate | None]") -> None:
        seen.callback(None)
        self.transport.abortConnection()


class _Looks(Factory[_Look]):
    noisy = False

    def buildProtocol(self, addr: object) -> _Look:  # noqa: ARG002
        """Implement IProtocolFactory."""
        return _Look()


async def certificate_at(
    endpoint: IStreamClientEndpoint, host: bytes, reactor: Any, wait_s: float
) -> Certificate | None:
    """
    Return the certificate that a server shows, be it good or not; ``None`` if it shows none.

    Args:
        endpoint: Leads to the server, without TLS.
        host: Its name, which it is told.
        reactor: Provides IReactorTime.
        wait_s: How long the handshake may take.

    Raises:
        Exception: As the endpoint fails to connect.
    """
    look = await with_any_certificate(endpoint, host).connect(_Looks())
    return await cast("_Look", look).seen.addTimeout(wait_s, reactor)
