"""
Gateways at ``http://`` behind a proxy: it is sent their requests, and sends them on.

As browsers and curl do it.  A tunnel would do as well, but many proxies make
one to port 443 only, as Squid does unless it is told otherwise.
"""

from twisted.internet.defer import Deferred
from twisted.web.client import URI
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.network.proxies import Proxies
from ollamaproxy.network.proxy_url import ProxyURL
from ollamaproxy.upstream.agent import PoolAgent
from ollamaproxy.upstream.body import discard
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.pool import ConnectionPool
from ollamaproxy.upstream.tunnel import name_of, wants_user


@implementer(IAgent)
class ForwardingAgent:
    """Leaves requests to the proxy if they are for it, and others to an agent that connects."""

    def __init__(self, connecting: IAgent, proxy: IAgent, proxies: Proxies) -> None:
        """
        Wrap.

        Args:
            connecting: Sends requests to the host in their URI, or through a tunnel.
            proxy: Sends them, with their whole URI, to the proxy for ``http://``.
            proxies: Says which are for it.
        """
        self._connecting = connecting
        self._proxy = proxy
        self._proxies = proxies

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """
        Implement :class:`IAgent`.

        The Deferred may also fail with UpstreamUnreachable if the proxy does
        not know the user; nobody else answers with 407.
        """
        parsed = URI.fromBytes(uri)
        host = parsed.host.decode("ascii")
        proxy = self._proxies.proxy_for(parsed.scheme.decode("ascii"), host, parsed.port)
        if proxy is None or parsed.scheme != b"http":
            return self._connecting.request(method, uri, headers, bodyProducer)
        if proxy.authorization is not None:
            headers = Headers() if headers is None else headers.copy()
            headers.setRawHeaders(b"Proxy-Authorization", [proxy.authorization])
        requesting = self._proxy.request(method, uri, headers, bodyProducer)
        return requesting.addCallback(_if_it_was_let_in, proxy)


def _if_it_was_let_in(response: IResponse, proxy: ProxyURL) -> IResponse:
    if response.code == 407:
        discard(response)
        raise UpstreamUnreachable(f"{name_of(proxy)} refused the request; {wants_user(proxy)}")
    return response


def make_agent(endpoints: GatewayEndpoints, proxies: Proxies, pool: ConnectionPool) -> IAgent:
    """
    Return what sends requests to gateways, whatever is on the way.

    Args:
        endpoints: Makes the connections.
        proxies: What stands between.
        pool: Keeps the connections.
    """
    connecting = PoolAgent(endpoints, pool)
    if proxies.http is None:
        return connecting
    # One endpoint for good: the pool knows the proxy's connections by it.
    endpoint = endpoints.endpoint_for_proxy(proxies.http)
    return ForwardingAgent(connecting, PoolAgent(endpoints, pool, endpoint), proxies)
