"""
A client's connection, with a parser that answers and records what it refuses.

Twisted refuses a malformed request without a body and without a trace, closes
without any answer when a line is too long, and logs a traceback when a length
has thousands of digits.  Clients and operators deserve a sentence.

The only module that uses private names of Twisted's (``_command``, ``_path``,
``_version``, ``_respondToBadRequestAndDisconnect``): the parser has no public
ones for this.
"""

from http import HTTPStatus
from typing import cast

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http

from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.ndjson import error_object


class Channel(http.HTTPChannel):
    """One connection; serves one request after the other."""

    requests: list[ProxyRequest]
    _refused = False

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
        body = error_object(message).encode("ascii")
        self.writeSequence(
            [
                b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode("ascii")),
                b"Content-Type: %s\r\nContent-Length: %d\r\n" % (JSON, len(body)),
                b"Connection: close\r\n\r\n",
                body,
            ]
        )
        # A first line that is too long ends before Twisted makes a request of it.
        request = cast(
            "ProxyRequest", self.requests[-1] if self.requests else self.requestFactory(self, 0)
        )
        request.request_line = self._request_line()
        request.refused(status, len(body))
        self.loseConnection()

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        """Return what is known of the request line while a request is being parsed."""
        if not hasattr(self, "_command"):
            return (b"", b"", b"")
        return (self._command, self._path, self._version)

    def lineReceived(self, line: bytes) -> None:
        """Override: be deaf after a refusal; the parser would go on with the next line."""
        if not self._refused:
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        """Override: int() raises on a Content-Length of more than 4,300 digits."""
        try:
            return bool(super().headerReceived(line))
        except ValueError:
            self.refuse(HTTPStatus.BAD_REQUEST, "malformed Content-Length")
            return False

    def allHeadersReceived(self) -> None:
        """Override: let the request know its line, in case its client leaves before its end."""
        self.requests[-1].request_line = self._request_line()
        super().allHeadersReceived()

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: ARG002 - LineReceiver's
        """Override: Twisted would close without a word."""
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
