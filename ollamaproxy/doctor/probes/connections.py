"""Connections to a gateway, made to see whether they can be, and closed at once."""

from typing import Any, Final, cast

from attrs import evolve, frozen
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, TimeoutError  # noqa: A004 - Twisted's
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory

from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.facts import Certificate, Connection, Trouble
from ollamaproxy.doctor.probes.certificates import certificate_of
from ollamaproxy.doctor.probes.looking import certificate_at
from ollamaproxy.errors import UpstreamUnreachable

#: What connecting fails with; the first row that fits is taken.
_TROUBLES: Final[tuple[tuple[type[Exception], Trouble], ...]] = (
    (VerificationError, Trouble.OTHER_HOST),
    (SSL.Error, Trouble.NOT_TRUSTED),
    (Refused, Trouble.REFUSED),
    (TimeoutError, Trouble.SILENT),
    (UpstreamUnreachable, Trouble.IN_WORDS),
    (Exception, Trouble.UNREACHABLE),
)


class _Visit(Protocol):
    """
    Says nothing.

    Attributes:
        gone: Fires with ``None`` when the connection is closed.
    """

    transport: Any  # ITCPTransport or TLSMemoryBIOProtocol

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002
        """Implement Protocol."""
        self.gone.callback(None)


class _Visits(Factory[_Visit]):
    noisy = False

    def buildProtocol(self, addr: object) -> _Visit:  # noqa: ARG002
        """Implement IProtocolFactory."""
        return _Visit()


@frozen
class Ways:
    """
    The ways to a gateway.

    Attributes:
        endpoints: The daemon's own.
        to_proxy: Leads to the proxy that is asked first; ``None`` if none is.
        proxy_host: Its name.
        proxy_port: Its port.
    """

    endpoints: IAgentEndpointFactory
    to_proxy: IStreamClientEndpoint | None = None
    proxy_host: str = ""
    proxy_port: int = 0


class Connections:
    """
    Tries connections to one gateway.

    Attributes:
        host: Its name or address.
        proxy: The name of the proxy through which it is reached; empty if through none.
    """

    def __init__(self, base_url: str, ways: Ways, clocks: Clocks, connect_s: float) -> None:
        """
        Prepare.

        Args:
            base_url: The gateway's.
            ways: The daemon's own.
            clocks: Time them.
            connect_s: How long a handshake may take that is made to see a certificate.
        """
        self._base_url = base_url.encode("ascii")
        self._ways = ways
        self._endpoints = ways.endpoints
        self.proxy = ways.proxy_host
        self._clocks = clocks
        self._connect_s = connect_s
        uri = self._uri(b"http")
        self.host: str = uri.host.decode("ascii")
        self._port = uri.port

    async def plain(self) -> Connection:
        """
        Return what becomes of a connection without TLS, which every gateway's port makes.

        With a proxy, of that to the proxy: it may not let anybody through without TLS.
        """
        if self._ways.to_proxy is None:
            return await self._try(b"http")
        made = await self._connect(self._ways.to_proxy, is_tls=False)
        return evolve(made, host=self._ways.proxy_host, port=self._ways.proxy_port)

    async def secure(self) -> Connection:
        """Return what becomes of one with TLS, with the certificate, be it good or not."""
        made = await self._try(b"https")
        if made.trouble is None:
            return made
        return evolve(made, certificate=await self._look())

    async def speaks_tls(self) -> bool:
        """Whether the port makes connections with TLS, be the certificate good or not."""
        return await self._look() is not None

    def _uri(self, scheme: bytes) -> URI:
        uri = cast("URI", URI.fromBytes(self._base_url))
        uri.scheme = scheme
        return uri

    async def _look(self) -> Certificate | None:
        uri = self._uri(b"http")
        endpoint = self._endpoints.endpointForURI(uri)
        try:
            return await certificate_at(endpoint, uri.host, self._clocks.scheduler, self._connect_s)
        except Exception:  # noqa: BLE001 - there is none to be seen, whatever the reason
            return None

    async def _try(self, scheme: bytes) -> Connection:
        endpoint = self._endpoints.endpointForURI(self._uri(scheme))
        return await self._connect(endpoint, is_tls=scheme == b"https")

    async def _connect(self, endpoint: IStreamClientEndpoint, *, is_tls: bool) -> Connection:
        begun_s = self._clocks.monotonic_s()
        trouble, words, certificate = None, "", None
        try:
            connected: IProtocol = await endpoint.connect(_Visits())
        except Exception as error:  # noqa: BLE001 - what it is, is what is asked
            trouble, words = _trouble(error), _words(error)
        else:
            visit = cast("_Visit", connected)
            certificate = _shown(visit.transport) if is_tls else None
            visit.transport.abortConnection()
            await visit.gone
        return Connection(
            host=self.host,
            port=self._port,
            trouble=trouble,
            words=words,
            took_s=self._clocks.monotonic_s() - begun_s,
            certificate=certificate,
        )


def _trouble(error: Exception) -> Trouble:
    return next(trouble for kind, trouble in _TROUBLES if isinstance(error, kind))


def _words(error: Exception) -> str:
    if isinstance(error, UpstreamUnreachable):
        return error.message
    os_error = getattr(error, "osError", None) if isinstance(error, ConnectError) else None
    return getattr(os_error, "strerror", None) or ""


def _shown(transport: Any) -> Certificate:
    return certificate_of(transport.getPeerCertificate().to_cryptography())
