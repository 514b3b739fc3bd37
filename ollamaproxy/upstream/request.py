"""A request to a gateway, as it goes out."""

from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer, IClientRequest
from zope.interface import implementer

from ollamaproxy.sockets import is_bare_socket, send_now
from ollamaproxy.upstream.request_bodies import WholeBody

_SENT: Final = Headers()


@implementer(IClientRequest)
class GatewayRequest:
    """
    A request.

    Attributes:
        method: Such as ``POST``.
        absoluteURI: With the server's name.
        headers: All but Host and those of the framing; none of them once it is written.
        persistent: The connection stays open after it.
        was_sent: All of it is with the kernel, and nothing in the transport's buffer.
    """

    def __init__(
        self,
        method: bytes,
        absolute_uri: bytes,
        target: bytes,
        headers: Headers,
        body: IBodyProducer | None,
        *,
        host: bytes,
        persistent: bool,
    ) -> None:
        self.method = method
        self.absoluteURI = absolute_uri
        self.headers = headers
        self.persistent = persistent
        self.was_sent = False
        self._target = target
        self._host = host
        self._body = body

    def write_to(self, transport: Any, *, has_empty_buffer: bool) -> Deferred[None] | None:
        """
        Write all of it to a connection.

        Args:
            transport: Of the connection.
            has_empty_buffer: Nothing that was written before waits in it, to be
                overtaken: a gateway may answer before it has read a request.

        Returns:
            Fires with ``None`` when it is written; ``None`` itself if it is by now.
        """
        body = self._body
        data, body = (
            (self._head() + body.content, None)
            if isinstance(body, WholeBody)
            else (self._head(), body)
        )
        # What is sent may be megabytes, and the answer takes minutes.
        self._body, self.headers = body, _SENT
        if has_empty_buffer and is_bare_socket(transport):
            data = send_now(transport, data)
        if data:
            transport.write(data)
        if body is None:
            self.was_sent = not data
            return None
        transport.registerProducer(body, True)

        def unregister(result: Any) -> Any:
            transport.unregisterProducer()
            return result

        writing: Deferred[None] = body.startProducing(transport)
        return writing.addBoth(unregister)

    def _head(self) -> bytes:
        lines = [b"%s %s HTTP/1.1\r\nHost: %s\r\n" % (self.method, self._target, self._host)]
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
