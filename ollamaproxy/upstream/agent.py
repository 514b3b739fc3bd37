"""
Sends requests on the connections of a pool.

What Twisted's own agent does, but what is the same for all requests to one
gateway is done once: its URL taken apart, its endpoint, its Host header; and a
request whose body is there goes out in one write (measured: 0.07 ms a request).
"""

import re
from typing import Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.client import URI, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IClientRequest, IResponse
from zope.interface import implementer

from ollamaproxy.sockets import is_bare_socket, send_now
from ollamaproxy.upstream.request_bodies import WholeBody

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

    key: tuple[bytes, bytes, int]
    endpoint: IStreamClientEndpoint
    host: bytes


@implementer(IClientRequest)
class GatewayRequest:
    """
    A request, as Twisted's connections want one.

    Attributes:
        method: Such as ``POST``.
        absoluteURI: With the server's name.
        headers: All but those of the framing.
        persistent: The connection stays open after it.
    """

    def __init__(
        self,
        method: bytes,
        absolute_uri: bytes,
        target: bytes,
        headers: Headers,
        body: IBodyProducer | None,
        *,
        persistent: bool,
    ) -> None:
        self.method = method
        self.absoluteURI = absolute_uri
        self.headers = headers
        self.persistent = persistent
        self._target = target
        self._body = body

    def writeTo(self, transport: Any) -> Deferred[None]:
        """
        Write all of it to a connection that has nothing else to send.

        Returns:
            Fires with ``None`` when it is written.
        """
        body = self._body
        data, body = (
            (self._head() + body.content, None)
            if isinstance(body, WholeBody)
            else (self._head(), body)
        )
        if is_bare_socket(transport):
            data = send_now(transport, data)
        if data:
            transport.write(data)
        if body is None:
            return succeed(None)
        transport.registerProducer(body, True)

        def unregister(result: Any) -> Any:
            transport.unregisterProducer()
            return result

        writing: Deferred[None] = body.startProducing(transport)
        return writing.addBoth(unregister)

    def _head(self) -> bytes:
        lines = [b"%s %s HTTP/1.1\r\n" % (self.method, self._target)]
        if not self.persistent:
            lines.append(b"Connection: close\r\n")
        if self._body is not None:
            lines.append(b"Content-Length: %d\r\n" % self._body.length)
        elif self.method == b"POST":
            lines.append(b"Content-Length: 0\r\n")
        for name, values in self.headers.getAllRawHeaders():
            lines += [b"%s: %s\r\n" % (name, value) for value in values]
        return b"".join((*lines, b"\r\n"))

    def stopWriting(self) -> None:
        """Write no more: the connection is gone."""
        if self._body is not None:
            self._body.stopProducing()


@implementer(IAgent)
class PoolAgent:
    """Sends each request to the server that its URI names."""

    def __init__(self, endpoints: IAgentEndpointFactory, pool: HTTPConnectionPool) -> None:
        """
        Prepare.

        Args:
            endpoints: Make the connections.
            pool: Keeps them.
        """
        self._endpoints = endpoints
        self._pool = pool
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
        headers = Headers() if headers is None else headers
        if not headers.hasHeader(b"Host"):
            headers = headers.copy()
            headers.setRawHeaders(b"Host", [origin.host])
        request = GatewayRequest(
            method, uri, parts["target"], headers, bodyProducer, persistent=self._pool.persistent
        )
        connecting = self._pool.getConnection(origin.key, origin.endpoint)
        return connecting.addCallback(_send, request)

    def _learn(self, origin: bytes) -> _Origin:
        """Take the URL of a server apart; there are as many as there are gateways."""
        uri = URI.fromBytes(origin + b"/")
        known = self._origins[origin] = _Origin(
            (uri.scheme, uri.host, uri.port),
            self._endpoints.endpointForURI(uri),
            origin.partition(b"://")[2],
        )
        return known


def _send(connection: Any, request: GatewayRequest) -> Deferred[IResponse]:
    return connection.request(request)  # type: ignore[no-any-return]  # it is what pools hand out
