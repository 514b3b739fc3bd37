"""
A client's connection, guarded.

Twisted refuses a malformed request without a body and without a trace, takes
some from which requests can be smuggled, and waits for ever for slow clients.
Here each refusal is a sentence and a record, and each wait has an end.

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
from ollamaproxy.server.alarm import Alarm
from ollamaproxy.server.head import Fault, fault_in_head, fault_in_header_line
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.settings.limits import KIB
from ollamaproxy.wire.error_forms import form_for

#: As much as a client may send ahead while a request is being answered.
_MAX_WAITING_BYTES: Final = 16 * KIB
#: As much of a line that is not understood as is recorded.
_RECORDED_BYTES: Final = 200
#: A body in chunks of a few bytes each costs the parser a microsecond a byte.
_MAX_CHUNKS: Final = 100_000
#: Clients and proxies send some 40 headers at most.
_MAX_HEADERS: Final = 100

_SLOW_HEADER: Final = "the request's header did not come in time"
_SLOW_BODY: Final = "the request's body comes too slowly"


class Channel(http.HTTPChannel):
    """One connection; serves one request after the other."""

    maxHeaders = _MAX_HEADERS
    requests: list[ProxyRequest]
    site: Any  # our ProxySite, which puts itself there
    _refused = False
    _first_line = b""
    _waiting_bytes = 0
    _body_bytes = 0
    _chunks = 0
    _drained_bytes = 0
    _written_bytes = 0

    def __init__(self) -> None:
        super().__init__()
        self._header_alarm: Alarm | None = None

    def connectionMade(self) -> None:
        """Override: make the alarms, and turn away what is too much."""
        super().connectionMade()
        scheduler = self.site.clocks.scheduler
        self._header_alarm = Alarm(scheduler)
        self._body_alarm = Alarm(scheduler)
        self._stall_alarm = Alarm(scheduler)
        self._linger_alarm = Alarm(scheduler)
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
        if self._refused:
            return
        self._refused = True
        self._clear_alarms()
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
            b"Connection: close\r\n\r\n",
        )
        sent = b"" if request_line[0] == b"HEAD" else body
        self.writeSequence([*head, sent])
        request.request_line = request_line
        request.refused(status, len(sent))
        self._close_gently()

    def _close_gently(self) -> None:
        """
        Close so that a client that is still sending hears the answer.

        A connection with bytes that nobody read is reset, and a reset takes
        the answer with it.  Over TLS there is no half of a close.
        """
        transport: Any = self.transport
        is_tcp = ITCPTransport.providedBy(transport) and not ISSLTransport.providedBy(transport)
        if is_tcp:
            self.setTimeout(None)
            self._linger_alarm.set(self.site.deadlines.linger_s, self.abort)
            transport.unregisterProducer()  # or it would wait for us
            transport.loseWriteConnection()
        else:
            self.loseConnection()

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
        """Override: be deaf after a refusal, and see that a header which begins also ends."""
        if self._refused:
            self._drained_bytes += len(data)
            if self._drained_bytes > self.site.max_body_bytes:
                self.abort()
            return
        if self._header_alarm is not None and not self._handlingRequest and not self._in_body:
            self._header_alarm.set(self.site.deadlines.header_s, self._header_is_late)
        super().dataReceived(data)

    @property
    def _in_body(self) -> bool:
        return self._body_alarm.is_set

    def lineReceived(self, line: bytes) -> None:
        """Override: the parser would go on with the next line after a refusal."""
        if self._refused:
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
        if self._header_alarm is not None:
            self._header_alarm.clear()
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
        elif (refusal := self.site.refuse_early(request)) is not None:
            self.refuse(HTTPStatus(refusal.status), refusal.message)
        elif self.length is not None and self.length > self.site.max_body_bytes:
            self.refuse_body()
        elif self.site.is_draining:
            self.refuse(
                HTTPStatus.SERVICE_UNAVAILABLE, "this server stops; try again", retry_after_s=1
            )
        else:
            self._body_bytes = self._chunks = 0
            if self.length != 0:
                self._watch_body()
            super().allHeadersReceived()

    def rawDataReceived(self, data: bytes) -> None:
        """
        Override: do not let requests pile up behind the one that is being answered.

        Beyond 16 KiB Twisted would stop reading, and never again notice that
        the client has left; the gateway's model would write on for nobody.
        """
        if self._refused:
            return
        if self._handlingRequest:
            self._waiting_bytes += len(data)
            if self._waiting_bytes > _MAX_WAITING_BYTES:
                self.abort()
                return
        super().rawDataReceived(data)

    def chunk_received(self, size: int) -> None:
        """Take note of a piece of a body; refuse a body in too many of them."""
        self._body_bytes += size
        self._chunks += 1
        if self._chunks > _MAX_CHUNKS:
            self.refuse(HTTPStatus.BAD_REQUEST, "the request's body comes in too many chunks")

    def allContentReceived(self) -> None:
        """Override: the next request begins with a line of its own."""
        if self._refused:
            return
        self._body_alarm.clear()
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
        if not self._refused:
            super()._send100Continue()

    # Waiting.

    def _header_is_late(self) -> None:
        self.refuse(HTTPStatus.REQUEST_TIMEOUT, _SLOW_HEADER)

    def _watch_body(self) -> None:
        """Look again and again whether enough of the body has come since."""
        deadlines = self.site.deadlines
        seen = self._body_bytes

        def look() -> None:
            self._body_alarm.clear()
            if self._body_bytes - seen < deadlines.body_bytes_per_s * deadlines.body_grace_s:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT, _SLOW_BODY)
            else:
                self._watch_body()

        self._body_alarm.set(deadlines.body_grace_s, look)

    def write(self, data: bytes) -> None:
        """Override: note how much a client has to read before it can be called slow."""
        self._written_bytes = len(data)
        super().write(data)

    @property
    def _reading_s(self) -> float:
        """How long a client may take to read what was written last, in seconds."""
        deadlines = self.site.deadlines
        allowed_s: float = (
            deadlines.write_stall_s + self._written_bytes / deadlines.reading_bytes_per_s
        )
        return allowed_s

    def pauseProducing(self) -> None:
        """Override: the client does not read as fast as it is answered, or not at all."""
        self._stall_alarm.set(self._reading_s, self.abort)
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """Override: the client has read on."""
        self._stall_alarm.clear()
        super().resumeProducing()

    def timeoutConnection(self) -> None:
        """Override: an idle connection is closed without a line in the log."""
        self.loseConnection()

    def loseConnection(self) -> None:
        """Override: a client that does not read its answer must not hold the connection."""
        if self.transport is not None:
            self._linger_alarm.set(self._reading_s, self.abort)
        super().loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]

    def _clear_alarms(self) -> None:
        for alarm in (self._header_alarm, self._body_alarm, self._stall_alarm, self._linger_alarm):
            if alarm is not None:
                alarm.clear()

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
        self._clear_alarms()
        self.site.closed(self)
        if self.requests and not self.requests[-1].request_line[0]:
            self.requests[-1].request_line = self._request_line()
        super().connectionLost(reason)
