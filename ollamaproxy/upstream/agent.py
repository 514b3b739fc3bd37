"""
Sends requests on the connections of a pool.

What is the same for all requests to one gateway is done once: its URL taken
apart, its endpoint, its Host header.
"""

import re
from collections.abc import Hashable
from typing import Final

from attrs import frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.client import URI
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.upstream.connection import GatewayConnection
from ollamaproxy.upstream.pool import ConnectionPool
from ollamaproxy.upstream.request import GatewayRequest
from ollamaproxy.upstream.stale import telling_if_stale

#: Nothing that could end a request line, or part it.
_URI: Final = re.compile(rb"(?P<origin>https?://[\x21-\x2e\x30-\x7e]+)(?P<target>/[\x21-\x7e]*)")
_METHOD: Final = re.compile(rb"[A-Z]+")


@frozen
class _Origin:
    """
    A server.

    Attributes:
        key: What the pool knows its connections by.
        endpoint: Makes one.
        host: What the Host header says.
    """

    key: Hashable
    endpoint: IStreamClientEndpoint
    host: bytes


@implementer(IAgent)
class PoolAgent:
    """Sends each request to the server that its URI names."""

    def __init__(
        self,
        endpoints: IAgentEndpointFactory,
        pool: ConnectionPool,
        proxy: IStreamClientEndpoint | None = None,
    ) -> None:
        """
        Prepare.

        Args:
            endpoints: Make the connections.
            pool: Keeps them.
            proxy: Gets all requests, each with its whole URI, instead of the server.
        """
        self._endpoints = endpoints
        self._pool = pool
        self._proxy = proxy
        self._origins: dict[bytes, _Origin] = {}

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """
        Implement :class:`IAgent`; a body must know its length.

        The Deferred fails with ValueError if the URI or the method is none, and
        else as Twisted's agent does.
        """
        parts = _URI.fullmatch(uri)
        if parts is None or not _METHOD.fullmatch(method):
            return fail(ValueError("a request to no server"))
        origin = self._origins.get(parts["origin"]) or self._learn(parts["origin"])
        request = GatewayRequest(
            method,
            uri,
            parts["target"] if self._proxy is None else uri,
            Headers() if headers is None else headers,
            bodyProducer,
            host=origin.host,
            persistent=self._pool.persistent,
        )
        return self._pool.get(origin.key, origin.endpoint).addCallback(self._send, request)

    def _send(self, connection: GatewayConnection, request: GatewayRequest) -> Deferred[IResponse]:
        requesting = connection.request(request)
        if not connection.was_used:
            return requesting
        return telling_if_stale(requesting, self._pool.monotonic_s)

    def _learn(self, origin: bytes) -> _Origin:
        """Take the URL of a server apart; there are as many as there are gateways."""
        uri = URI.fromBytes(origin + b"/")
        known = self._origins[origin] = _Origin(
            (uri.scheme, uri.host, uri.port) if self._proxy is None else self._proxy,
            self._endpoints.endpointForURI(uri) if self._proxy is None else self._proxy,
            origin.partition(b"://")[2],
        )
        return known
