"""
A connection to a gateway: HTTP/1.1, one request after the other.

The answers are read by llhttp, Node's parser, which takes a read with hundreds
of chunks in one go; what comes in one read is handed on as one piece.
"""

from collections.abc import Callable
from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from ollamaproxy.settings import KIB
from ollamaproxy.upstream.request import GatewayRequest
from ollamaproxy.upstream.response import DONE, GatewayResponse

#: More is no head of an answer.
_MAX_HEAD_BYTES: Final = 64 * KIB


class GatewayConnection(Protocol):
    """
    Sends a request and reads its answer; then it is free for another one.

    Attributes:
        was_used: It has served a request before.
    """

    # Each open stream has one; with those of its other parts 0.9 KiB less.
    __slots__ = (
        "_answer",
        "_closed",
        "_code",
        "_fields",
        "_has_empty_buffer",
        "_has_heard",
        "_has_length",
        "_head_bytes",
        "_is_complete",
        "_is_free",
        "_is_gone",
        "_is_spoilt",
        "_is_written",
        "_keeps",
        "_parser",
        "_pieces",
        "_request",
        "_response",
        "was_used",
    )

    transport: Any

    def __init__(
        self,
        is_free: Callable[["GatewayConnection"], None],
        is_gone: Callable[["GatewayConnection"], None],
    ) -> None:
        """
        Prepare.

        Args:
            is_free: Called when an answer has ended and another request may be sent.
            is_gone: Called when there is no connection any more.
        """
        self._is_free = is_free
        self._is_gone = is_gone
        self.was_used = False
        self._request: GatewayRequest | None = None
        self._answer: Deferred[IResponse] | None = None
        self._response: GatewayResponse | None = None
        self._closed: Deferred[None] | None = None
        self._is_written = False
        self._has_empty_buffer = True

    def connectionMade(self) -> None:
        """Override: do not let the kernel wait for more."""
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)

    def close(self) -> Deferred[None]:
        """
        Close a connection that is free.

        Returns:
            Fires with ``None`` when it is closed.
        """
        self.transport.loseConnection()
        self._closed = Deferred()
        return self._closed

    # A request that goes out.

    def request(self, request: GatewayRequest) -> Deferred[IResponse]:
        """
        Send a request on a connection that is free.

        Returns:
            Fires with the head of the answer.  Fails with ResponseNeverReceived if
            nothing came, ResponseFailed if the head is not whole, or not HTTP,
            RequestTransmissionFailed if the request is not.  Cancelling closes
            the connection.
        """
        self._request = request
        self._response = None
        self._parser = HttpResponseParser(self)
        self._head_bytes = 0
        self._code = 0
        self._fields: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._has_heard = self._keeps = False
        self._is_complete = self._is_spoilt = self._is_written = False
        answer = self._answer = Deferred(self._cancelled)
        writing = request.write_to(self.transport, has_empty_buffer=self._has_empty_buffer)
        self._has_empty_buffer = request.was_sent
        if writing is None:
            self._is_written = True
        else:
            writing.addCallbacks(self._written, self._not_written)
        return answer

    def _cancelled(self, _answer: object) -> None:
        self._answer = self._request = None
        self.transport.abortConnection()

    def _written(self, _result: object) -> None:
        self._is_written = True

    def _not_written(self, failure: Failure) -> None:
        """Give up: the gateway would wait for the rest for ever."""
        answer, self._answer = self._answer, None
        self.transport.abortConnection()
        if answer is not None:
            answer.errback(failure)

    # An answer that comes in.

    def dataReceived(self, data: bytes) -> None:
        """Override: read on in the answer; without a request there is nothing to say."""
        if self._request is None:
            self.transport.abortConnection()
            return
        response = self._response
        if response is None:
            self._has_heard = True
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self._is_spoilt = True
            if not self._is_complete:
                self._fail(error)
                return
        if self._is_complete:
            self._end()
        elif response is None and self._code:
            self._begin()
        elif self._pieces and response is not None:
            data = b"".join(self._pieces)
            self._pieces.clear()
            response.received(data)
        elif response is None and self._head_bytes > _MAX_HEAD_BYTES:
            self._fail(ValueError("too long a head"))

    def _begin(self) -> None:
        """Tell of an answer whose body is still to come, with what there is of that."""
        response, answer = self._make_response(), self._answer
        self._response, self._answer = response, None
        early, self._pieces = self._pieces, []
        if answer is not None:
            answer.callback(response)
        if early:
            response.received(b"".join(early))

    def _end(self) -> None:
        """Let others have the connection, and then tell that this answer has ended."""
        answer, response = self._answer, self._response or self._make_response()
        pieces = self._pieces
        persistent = self._request is not None and self._request.persistent
        self._answer = self._response = self._request = None
        response.ended(DONE)
        if not self._is_written:
            self.transport.abortConnection()  # or it would go on sending
        elif persistent and self._keeps and not self._is_spoilt:
            self.was_used = True
            if response.is_paused:
                self.transport.resumeProducing()
            self._is_free(self)
        else:
            self.transport.loseConnection()
        if pieces:
            response.received(b"".join(pieces))
        response.tell_end()
        if answer is not None:
            answer.callback(response)

    def _make_response(self) -> GatewayResponse:
        headers = Headers()
        for name, value in self._fields:
            headers.addRawHeader(name, value)
        self._fields.clear()
        encodings = headers.getRawHeaders(b"Transfer-Encoding", [])
        is_chunked = any(b"chunked" in encoding.lower() for encoding in encodings)
        self._has_length = is_chunked or headers.hasHeader(b"Content-Length")
        assert self._request is not None  # noqa: S101 - it is being answered
        return GatewayResponse(self._code, headers, self._request, self.transport)

    def _fail(self, error: Exception) -> None:
        """Close: what came is not HTTP."""
        self._drop(Failure(ResponseFailed([Failure(error)])))
        self.transport.abortConnection()

    def _drop(self, reason: Failure) -> None:
        """Tell whoever waits for the answer, or reads it, that there is no more of it."""
        answer, response, request = self._answer, self._response, self._request
        self._answer = self._response = self._request = None
        if request is not None and not self._is_written:
            request.stopWriting()
        if answer is not None:
            answer.errback(reason)
        if response is not None:
            response.ended(reason)
            pieces, self._pieces = self._pieces, []
            if pieces:
                response.received(b"".join(pieces))
            response.tell_end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: an answer that has not ended never will, unless the end was its end mark."""
        self._is_gone(self)
        if self._closed is not None:
            self._closed.callback(None)
        if self._response is not None:
            cut = ResponseFailed([reason]) if self._has_length else PotentialDataLoss()
            self._drop(Failure(cut))
        elif not self._is_written and self._request is not None:
            self._drop(Failure(RequestTransmissionFailed([reason])))
        elif self._request is not None:
            kind = ResponseFailed if self._has_heard else ResponseNeverReceived
            self._drop(Failure(kind([reason])))

    # What llhttp calls while it reads.

    def on_message_begin(self) -> None:
        """Take note of a further answer, which nobody has asked for."""
        self._is_spoilt = self._is_spoilt or self._is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those behind a body in chunks are of no use here."""
        if not self._code:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the status."""
        if not self._is_complete:
            self._code = self._parser.get_status_code()
            self._keeps = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if not self._is_complete:
            self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Take note of the end, unless it is only that of a word in advance (RFC 9110, 15.2)."""
        if 100 <= self._code < 200:
            self._code = self._head_bytes = 0
            self._fields.clear()
        else:
            self._is_complete = True
