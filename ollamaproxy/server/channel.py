"""
A client's connection, guarded.

Twisted refuses a malformed request without a body and without a trace, and
takes some from which requests can be smuggled.  Here each refusal is a sentence
and a record.  How long a client may take is in the class's base.

The only module that uses private names of Twisted's (``_command``, ``_path``,
``_version``, ``_handlingRequest``, ``_send100Continue``, ``_receivedHeaderSize``,
``_receivedHeaderCount``, ``_respondToBadRequestAndDisconnect``): the parser has no
public ones for this.
"""

from http import HTTPStatus
from typing import Any, Final, cast

from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from ollamaproxy.errors import BadRequest
from ollamaproxy.server.head import Fault, fault_in_head, fault_in_header_line
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.server.timed_channel import TimedChannel
from ollamaproxy.settings.limits import KIB
from ollamaproxy.wire.error_forms import form_for

#: As much as a client may send ahead while a request is being answered.
_MAX_WAITING_BYTES: Final = 16 * KIB
#: As much of a line that is not understood as is recorded.
_RECORDED_BYTES: Final = 200
#: Each chunk of a body costs the parser some 5 microseconds, however small it is.
#: So there may be some thousands, for clients that write as they compose, and
#: beyond that only as many as if they were that long on average.
_FREE_CHUNKS: Final = 10_000
_CHUNK_BYTES: Final = 256
#: Clients and proxies send some 40 headers at most.
_MAX_HEADERS: Final = 100


class Channel(TimedChannel):
    """One connection; serves one request after the other."""

    __slots__ = (
        "_chunks",
        "_drained_bytes",
        "_first_line",
        "_is_deaf",
        "_waiting_bytes",
        # Set by twisted.web.server.Site for each connection.
        "callLater",
        "requestFactory",
        "site",
        "timeOut",
    )

    maxHeaders = _MAX_HEADERS
    requests: list[ProxyRequest]

    def __init__(self) -> None:
        super().__init__()
        self._is_deaf = False
        self._first_line = b""
        self._waiting_bytes = self._chunks = self._drained_bytes = 0

    def connectionMade(self) -> None:
        """Override: turn away what is too much."""
        super().connectionMade()
        if not self.site.opened(self):
            self.refuse(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many connections; try again in a moment",
                retry_after_s=1,
            )

    # Refusing.

    def refuse(self, status: HTTPStatus, message: str, retry_after_s: int | None = None) -> None:
        """
        Answer the request that is being parsed, record it, and close.

        Nothing that the client sends after it is looked at.

        Args:
            status: 400 to 599.
            message: What is wrong and what to do, for a person.
            retry_after_s: When another try makes sense, in seconds.
        """
        if self._is_deaf:
            return
        self._is_deaf = True
        self.stop_clocks()
        request_line = self._request_line()
        # A first line that is too long ends before Twisted makes a request of it.
        request = cast(
            "ProxyRequest", self.requests[-1] if self.requests else self.requestFactory(self, 0)
        )
        form = form_for(request_line[1])
        body = form.body(BadRequest(message, status), request.request_id).encode("ascii")
        retry = b"" if retry_after_s is None else b"Retry-After: %d\r\n" % retry_after_s
        head = (
            b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode("ascii")),
            b"Content-Type: %s\r\nContent-Length: %d\r\n" % (JSON, len(body)),
            retry,
            b"X-Request-ID: %s\r\n" % request.request_id.encode("ascii"),
            *(b"%s: %s\r\n" % header for header in request.page_headers),
            b"Connection: close\r\n\r\n",
        )
        sent = b"" if request_line[0] == b"HEAD" else body
        self.writeSequence([*head, sent])
        request.request_line = request_line
        request.refused(status, len(sent))
        self.loseConnection()

    def loseConnection(self) -> None:
        """
        Override: let a client that is still sending hear the answer.

        A connection with bytes that nobody read is reset, and a reset takes
        the answer with it.  Over TLS there is no half of a close.
        """
        transport: Any = self.transport
        is_tcp = ITCPTransport.providedBy(transport) and not ISSLTransport.providedBy(transport)
        if self._is_deaf and is_tcp:
            self.linger()
            transport.unregisterProducer()  # or it would wait for us
            transport.loseWriteConnection()
        else:
            super().loseConnection()

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        """Return what is known of the request line while a request is being parsed."""
        if not hasattr(self, "_command"):
            # Not understood, so as it came; its method is what stands first.
            return (self._first_line[:_RECORDED_BYTES], b"", b"")
        return (self._command, self._path, self._version)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Override: Twisted's answer to whatever it cannot parse, or finds too long."""
        too_long = self._receivedHeaderSize > self.totalHeadersSize
        if too_long or self._receivedHeaderCount > self.maxHeaders:
            self.refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                f"the header is longer than {self.totalHeadersSize} bytes,"
                f" or than {self.maxHeaders} lines",
            )
        else:
            self.refuse(HTTPStatus.BAD_REQUEST, "malformed HTTP request")

    def _refuse_for(self, fault: Fault) -> None:
        self.refuse(fault.status, fault.message)

    # Parsing.

    def dataReceived(self, data: bytes) -> None:
        """Override: be deaf after a refusal."""
        if self._is_deaf:
            self._drained_bytes += len(data)
            if self._drained_bytes > self.site.max_body_bytes:
                self.abort()
            return
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        """Override: the parser would go on with the next line after a refusal."""
        if self._is_deaf:
            return
        is_first = not self._first_line
        self._first_line = self._first_line or line
        fault = None if is_first or not line else fault_in_header_line(line)
        if fault is not None:
            self._refuse_for(fault)
        else:
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        """Override: int() raises on a Content-Length of more than 4,300 digits."""
        try:
            return bool(super().headerReceived(line))
        except ValueError:
            self.refuse(HTTPStatus.BAD_REQUEST, "malformed Content-Length")
            return False

    def allHeadersReceived(self) -> None:
        """Override: let the request know its line, and refuse what must not be answered."""
        self.header_ended()
        request = self.requests[-1]
        request.request_line = self._request_line()
        headers = request.requestHeaders
        fault = fault_in_head(
            *request.request_line,
            headers.getRawHeaders(b"Host", []),
            headers.getRawHeaders(b"Transfer-Encoding", []),
        )
        if fault is not None:
            self._refuse_for(fault)
            return
        request.head_received()
        if self.length != 0 and not request.wants_body():
            self._answer_at_once(request)
        elif self.length is not None and self.length > self.site.max_body_bytes:
            self.refuse_body()
        elif self.site.is_draining and not request.is_answered_for_its_page:
            self.refuse(
                HTTPStatus.SERVICE_UNAVAILABLE, "this server stops; try again", retry_after_s=1
            )
        else:
            self._chunks = self._body_bytes = 0
            if self.length != 0:
                self.body_begins()
            super().allHeadersReceived()

    def _answer_at_once(self, request: ProxyRequest) -> None:
        """
        Have a request answered that has no use for its body.

        The body is not read, and neither is what would follow: so nobody makes
        the daemon hold what it refuses, and a client that waits for "100
        Continue" gets the answer in its place.
        """
        self._is_deaf = True
        self.stop_clocks()
        self.setTimeout(None)
        self._handlingRequest = True
        self.persistent = False
        request.setHeader(b"Connection", b"close")
        request.gotLength(0)
        request.requestReceived(*request.request_line)

    def rawDataReceived(self, data: bytes) -> None:
        """
        Override: do not let requests pile up behind the one that is being answered.

        Beyond 16 KiB Twisted would stop reading, and never again notice that
        the client has left; the gateway's model would write on for nobody.
        """
        if self._is_deaf:
            return
        if self._handlingRequest:
            self._waiting_bytes += len(data)
            if self._waiting_bytes > _MAX_WAITING_BYTES:
                self.abort()
                return
        super().rawDataReceived(data)

    def chunk_received(self, size: int) -> None:
        """Take note of a piece of a body; refuse a body in too many of them."""
        self.body_grows(size)
        self._chunks += 1
        if self._chunks > _FREE_CHUNKS + self._body_bytes // _CHUNK_BYTES:
            self.refuse(HTTPStatus.BAD_REQUEST, "the request's body comes in too many chunks")

    def allContentReceived(self) -> None:
        """Override: the next request begins with a line of its own."""
        if self._is_deaf:
            return
        self.body_ended()
        self._first_line = b""
        self._waiting_bytes = 0
        super().allContentReceived()

    def refuse_body(self) -> None:
        """Refuse the request for its body, which is too long."""
        limit = self.site.max_body_bytes
        self.refuse(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the request's body is longer than {limit} bytes",
        )

    def lineLengthExceeded(self, line: bytes) -> None:
        """Override: Twisted would close without a word."""
        self._first_line = self._first_line or line
        self.refuse(
            HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request line or a header is too long"
        )

    def _send100Continue(self) -> None:
        """Override: not after the answer."""
        if not self._is_deaf:
            super()._send100Continue()

    # Ending.

    def drain(self) -> None:
        """
        Close as soon as there is nothing to answer any more.

        A request of which only the beginning has come is not cut off: its
        client is told, as soon as it is known what it is.
        """
        if self._handlingRequest:
            self.persistent = False
        elif not self._first_line:
            self.loseConnection()

    def checkPersistence(self, request: http.Request, version: bytes) -> bool:
        """Override: no further request on a connection of a server that stops."""
        wishes = b",".join(request.requestHeaders.getRawHeaders(b"Connection", [])).lower()
        # Twisted looks at the first of these headers only.
        if self.site.is_draining or b"close" in {wish.strip() for wish in wishes.split(b",")}:
            request.setHeader(b"Connection", b"close")
            return False
        return bool(super().checkPersistence(request, version))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: a request whose headers never ended is recorded with its first line."""
        if self.requests and not self.requests[-1].request_line[0]:
            self.requests[-1].request_line = self._request_line()
        super().connectionLost(reason)
        self.site.closed(self)  # last, for it may be all that the daemon waits for to stop
