"""How connections to the gateway are made: TCP, TLS, and one deadline over it all."""

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgentEndpointFactory, IPolicyForHTTPS
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable


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
            if isinstance(result, Failure) and result.check(CancelledError):
                raise UpstreamUnreachable(
                    f"cannot reach the gateway: no connection within {self._connect_s:g} seconds"
                )
            return result

        connecting = self._endpoint.connect(protocolFactory)
        return connecting.addTimeout(self._connect_s, self._scheduler, too_late)


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
        if uri.scheme == b"https":
            creator = self._tls_policy.creatorForNetloc(uri.host, uri.port)
            endpoint = wrapClientTLS(creator, endpoint)
        return DeadlineEndpoint(endpoint, self._reactor, self._connect_s)
