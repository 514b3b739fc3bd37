"""How connections to the gateway are made: TCP, TLS, and one deadline over it all."""

import socket
from typing import Any, Final, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ISystemHandle,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.upstream.failures import was_cancelled

#: The kernel's probes on a silent connection: the first after a minute, for the
#: most impatient load balancers and NATs forget a connection after four; then
#: every 15 seconds, and it is dead after four that nobody answered.  By itself
#: Linux begins after two hours.
_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


@implementer(IStreamClientEndpoint)
class DeadlineEndpoint:
    """
    Connects within a time that covers the name lookup, too.

    Twisted's own connect timeout begins after the lookup (measured: 1 second
    allowed, 6.3 seconds taken), and what it raises does not say what was slow.
    """

    def __init__(
        self, endpoint: IStreamClientEndpoint, scheduler: IReactorTime, connect_s: float
    ) -> None:
        self._endpoint = endpoint
        self._scheduler = scheduler
        self._connect_s = connect_s

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails with UpstreamUnreachable
        when the time is over, or as the wrapped endpoint fails.
        """

        def too_late(result: IProtocol | Failure, _timeout_s: float) -> IProtocol | Failure:
            if isinstance(result, Failure) and was_cancelled(result):
                raise UpstreamUnreachable(
                    f"cannot reach the gateway: no connection within {self._connect_s:g} seconds"
                )
            return result

        connecting = self._endpoint.connect(protocolFactory)
        return connecting.addTimeout(self._connect_s, self._scheduler, too_late)


@implementer(IStreamClientEndpoint)
class KeepAliveEndpoint:
    """
    Has the kernel find out when the other end of a silent connection is gone.

    It also keeps NATs from forgetting a connection whose model thinks for minutes.
    """

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Implement :class:`IStreamClientEndpoint`: the Deferred is the wrapped endpoint's."""
        return self._endpoint.connect(protocolFactory).addCallback(_with_keep_alive)


def _with_keep_alive(protocol: IProtocol) -> IProtocol:
    transport = getattr(protocol, "transport", None)
    if ITCPTransport.providedBy(transport) and ISystemHandle.providedBy(transport):
        transport.setTcpKeepAlive(True)
        for name, value in _KEEP_ALIVE:
            if hasattr(socket, name):  # not everywhere
                handle = cast("socket.socket", transport.getHandle())
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return protocol


@implementer(IStreamClientEndpoint)
class HandshakeEndpoint:
    """
    Has connected when the TLS handshake is done, and not when it begins.

    So it is within the deadline for connecting, and a bad certificate is found
    before a request is under way.
    """

    def __init__(self, tls_endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = tls_endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails as the wrapped endpoint
        does, with what was wrong with the certificate, or with
        UpstreamUnreachable if the gateway closed the connection.
        """

        def secured(handshake: IProtocol) -> Deferred[IProtocol]:
            return cast("_Handshake", handshake).secured

        return self._endpoint.connect(_HandshakeFactory(protocolFactory)).addCallback(secured)


class _HandshakeFactory(Factory[Protocol]):
    noisy = False

    def __init__(self, wrapped: IProtocolFactory) -> None:
        self._wrapped = wrapped

    def buildProtocol(self, addr: Any) -> "_Handshake | None":
        protocol = self._wrapped.buildProtocol(addr)
        return None if protocol is None else _Handshake(protocol)


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """
    Stands in for a protocol until the handshake is done, then hands all on to it.

    Attributes:
        secured: Fires with the protocol.  Cancelling it closes the connection.
    """

    transport: Any  # TLSMemoryBIOProtocol, which is more than an ITransport

    def __init__(self, wrapped: IProtocol) -> None:
        self._wrapped = wrapped
        self._is_secured = False
        self.secured: Deferred[IProtocol] = Deferred(self._give_up)

    def handshakeCompleted(self) -> None:
        """Implement IHandshakeListener: the certificate has been found good."""
        self._is_secured = True
        self._wrapped.makeConnection(self.transport)
        self.secured.callback(self._wrapped)

    def dataReceived(self, data: bytes) -> None:
        """Implement Protocol."""
        self._wrapped.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Implement Protocol."""
        if self._is_secured:
            self._wrapped.connectionLost(reason)
        elif self.secured.called:
            pass  # given up
        elif reason.check(ConnectionDone, ConnectionLost):
            error = UpstreamUnreachable(
                "no secure connection to the gateway: it closed the connection"
            )
            self.secured.errback(error)
        else:
            self.secured.errback(reason)

    def _give_up(self, secured: Deferred[IProtocol]) -> None:
        secured.errback(CancelledError())
        self.transport.abortConnection()


@implementer(IAgentEndpointFactory)
class GatewayEndpoints:
    """Makes the endpoint for a URL: host names are looked up, https is verified."""

    def __init__(
        self,
        reactor: IReactorTime,
        connect_s: float,
        tls_policy: IPolicyForHTTPS | None = None,
    ) -> None:
        """
        Prepare.

        Args:
            reactor: Makes the connections.
            connect_s: The deadline, in seconds.
            tls_policy: Decides which certificates are good; by default those
                that the platform trusts for the host.
        """
        self._reactor = reactor
        self._connect_s = connect_s
        self._tls_policy = tls_policy or BrowserLikePolicyForHTTPS()

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """Implement :class:`IAgentEndpointFactory`."""
        endpoint: IStreamClientEndpoint
        if b"_" in uri.host:
            # As Docker Compose names services; HostnameEndpoint takes DNS names only.
            endpoint = TCP4ClientEndpoint(self._reactor, uri.host.decode("ascii"), uri.port)
        else:
            endpoint = HostnameEndpoint(self._reactor, uri.host, uri.port)
        endpoint = KeepAliveEndpoint(endpoint)
        if uri.scheme == b"https":
            creator = self._tls_policy.creatorForNetloc(uri.host, uri.port)
            endpoint = HandshakeEndpoint(wrapClientTLS(creator, endpoint))
        return DeadlineEndpoint(endpoint, self._reactor, self._connect_s)
