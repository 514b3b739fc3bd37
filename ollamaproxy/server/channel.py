"""
A client's connection, with a parser that answers and records what it refuses.

Twisted refuses a malformed request without a body and without a trace, closes
without any answer when a line is too long, and logs a traceback when a length
has thousands of digits.  Clients and operators deserve a sentence.

The only module that uses private names of Twisted's (``_command``, ``_path``,
``_version``, ``_handlingRequest``, ``_respondToBadRequestAndDisconnect``): the parser has no public
ones for this.
"""

from http import HTTPStatus
from typing import Any, Final, cast

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from ollamaproxy.errors import BadRequest
from ollamaproxy.server.request import JSON, ProxyRequest, random_request_id
from ollamaproxy.settings import KIB
from ollamaproxy.wire.error_forms import form_for

#: As much as a client may send ahead while a request is being answered.
_MAX_WAITING_BYTES: Final = 16 * KIB
#: As much of a line that is not understood as is recorded.
_RECORDED_BYTES: Final = 200


class Channel(http.HTTPChannel):
    """One connection; serves one request after the other."""

    requests: list[ProxyRequest]
    site: Any  # our ProxySite, which puts itself there
    _refused = False
    _first_line = b""
    _waiting_bytes = 0

    def refuse(self, status: HTTPStatus, message: str) -> None:
        """
        Answer the request that is being parsed, record it, and close.

        Nothing that the client sends after it is looked at.

        Args:
            status: 400 to 599.
            message: What is wrong and what to do, for a person.
        """
        if self._refused:
            return
        self._refused = True
        request_line = self._request_line()
        form = form_for(request_line[1], random_request_id)
        body = form.body(BadRequest(message, status)).encode("ascii")
        head = (
            b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode("ascii")),
            b"Content-Type: %s\r\nContent-Length: %d\r\n" % (JSON, len(body)),
            b"Connection: close\r\n\r\n",
        )
        sent = b"" if request_line[0] == b"HEAD" else body
        self.writeSequence([*head, sent])
        # A first line that is too long ends before Twisted makes a request of it.
        request = cast(
            "ProxyRequest", self.requests[-1] if self.requests else self.requestFactory(self, 0)
        )
        request.request_line = request_line
        request.refused(status, len(sent))
        self.loseConnection()

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        """Return what is known of the request line while a request is being parsed."""
        if not hasattr(self, "_command"):
            # Not understood, so as it came; its method is what stands first.
            return (self._first_line[:_RECORDED_BYTES], b"", b"")
        return (self._command, self._path, self._version)

    def lineReceived(self, line: bytes) -> None:
        """Override: be deaf after a refusal; the parser would go on with the next line."""
        if not self._refused:
            self._first_line = self._first_line or line
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        """Override: int() raises on a Content-Length of more than 4,300 digits."""
        try:
            return bool(super().headerReceived(line))
        except ValueError:
            self.refuse(HTTPStatus.BAD_REQUEST, "malformed Content-Length")
            return False

    def allHeadersReceived(self) -> None:
        """Override: let the request know its line, and refuse a body before it comes."""
        self.requests[-1].request_line = self._request_line()
        if self.length is not None and self.length > self.site.max_body_bytes:
            self.refuse_body()
        else:
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
                self.transport.abortConnection()  # type: ignore[union-attr]
                return
        super().rawDataReceived(data)

    def allContentReceived(self) -> None:
        """Override: the next request begins with a line of its own."""
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

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Override: Twisted's answer to whatever it cannot parse."""
        self.refuse(HTTPStatus.BAD_REQUEST, "malformed HTTP request")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: a request whose headers never ended is recorded with its first line."""
        if self.requests and not self.requests[-1].request_line[0]:
            self.requests[-1].request_line = self._request_line()
        super().connectionLost(reason)
