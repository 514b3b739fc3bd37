"""How connections to the gateway are made: TCP, a proxy, TLS, and one deadline over it all."""

import socket
from typing import Final, cast

from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP6ClientEndpoint,
    wrapClientTLS,
)
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
    ISystemHandle,
    ITCPTransport,
)
from twisted.python.failure import Failure
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.network.proxies import Proxies
from ollamaproxy.network.proxy_url import ProxyURL, host_and_port
from ollamaproxy.upstream.failures import GATEWAY
from ollamaproxy.upstream.handshake import HandshakeEndpoint
from ollamaproxy.upstream.trust import GatewayTrust
from ollamaproxy.upstream.tunnel import ProxyEndpoint, TunnelEndpoint, name_of

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
        self,
        endpoint: IStreamClientEndpoint,
        scheduler: IReactorTime,
        connect_s: float,
        peer: str = GATEWAY,
    ) -> None:
        """
        Wrap.

        Args:
            endpoint: Connects.
            scheduler: Times.
            connect_s: The deadline, in seconds.
            peer: Whom it connects to, for people.
        """
        self._endpoint = endpoint
        self._peer = peer
        self._scheduler = scheduler
        self._connect_s = connect_s

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails with UpstreamUnreachable
        when the time is over, with CancelledError if it is cancelled, or as the
        wrapped endpoint fails.
        """
        connecting = self._endpoint.connect(protocolFactory)

        def give_up(connected: Deferred[IProtocol]) -> None:
            # First, for a look-up that is cancelled says that there is no such
            # host: that would be held against the gateway.
            connected.errback(CancelledError())
            connecting.cancel()

        def settle(result: IProtocol | Failure) -> None:
            if not connected.called:  # else nobody asks any more
                connected.callback(result)

        connected: Deferred[IProtocol] = Deferred(give_up)
        connecting.addBoth(settle)

        def too_late(_result: object, _timeout_s: float) -> IProtocol:
            raise UpstreamUnreachable(
                f"cannot reach {self._peer}: no connection within {self._connect_s:g} seconds"
            )

        return connected.addTimeout(self._connect_s, self._scheduler, too_late)


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


@implementer(IAgentEndpointFactory)
class GatewayEndpoints:
    """
    Makes the endpoint for a URL: names are looked up, addresses not, https is verified.

    Where there is a proxy, it gets to know the gateway's name, and looks it up.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        connect_s: float,
        trust: GatewayTrust | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        """
        Prepare.

        Args:
            reactor: Makes the connections.
            connect_s: The deadline, in seconds.
            trust: Whose certificates are good, and which one is ours; by
                default those that the platform trusts, and none.
            proxies: What stands between; by default nothing.
        """
        trust = trust or GatewayTrust()
        self._reactor = reactor
        self._connect_s = connect_s
        self._tls_policy = trust.policy()
        self._proxy_tls_policy = trust.without_client_certificate().policy()
        self._proxies = proxies or Proxies()

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """Implement :class:`IAgentEndpointFactory`: a proxy is asked for a tunnel."""
        host = uri.host.decode("ascii")
        proxy = self._proxies.proxy_for(uri.scheme.decode("ascii"), host, uri.port)
        peer = GATEWAY
        if proxy is None:
            endpoint = self._tcp(host, uri.port)
        else:
            peer = f"{GATEWAY} through {name_of(proxy)}"
            endpoint = TunnelEndpoint(self._to_proxy(proxy), proxy, host_and_port(host, uri.port))
        if uri.scheme == b"https":
            creator = self._tls_policy.creatorForNetloc(uri.host, uri.port)
            endpoint = HandshakeEndpoint(wrapClientTLS(creator, endpoint))
        return DeadlineEndpoint(endpoint, self._reactor, self._connect_s, peer)

    def endpoint_for_proxy(self, proxy: ProxyURL) -> IStreamClientEndpoint:
        """Return the endpoint of a proxy itself."""
        endpoint = self._to_proxy(proxy)
        return DeadlineEndpoint(endpoint, self._reactor, self._connect_s, name_of(proxy))

    def _to_proxy(self, proxy: ProxyURL) -> IStreamClientEndpoint:
        endpoint = self._tcp(proxy.host, proxy.port)
        if proxy.scheme == "https":
            creator = self._proxy_tls_policy.creatorForNetloc(proxy.host.encode(), proxy.port)
            endpoint = HandshakeEndpoint(wrapClientTLS(creator, endpoint), name_of(proxy))
        return ProxyEndpoint(endpoint, proxy)

    def _tcp(self, host: str, port: int) -> IStreamClientEndpoint:
        endpoint: IStreamClientEndpoint
        # HostnameEndpoint looks up addresses, too, in one of the reactor's ten
        # threads: look-ups that hang would hold up what needs none.
        if isIPv6Address(host):
            endpoint = TCP6ClientEndpoint(self._reactor, host, port)
        # And it takes no name with "_" in it, as Docker Compose names services.
        elif isIPAddress(host) or "_" in host:
            endpoint = TCP4ClientEndpoint(self._reactor, host, port)
        else:
            endpoint = HostnameEndpoint(self._reactor, host, port)
        return KeepAliveEndpoint(endpoint)
