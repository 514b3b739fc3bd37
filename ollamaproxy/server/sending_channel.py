"""A client's connection on which answers go out as they are written."""

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers

from ollamaproxy.sockets import is_bare_socket, send_now


class SendingChannel(http.HTTPChannel):
    """
    A connection whose answers are handed to the kernel as they are written.

    What the kernel does not take stays in Twisted's buffer, in its order, and
    pauses whoever writes until it is gone.

    Attributes:
        written_bytes: How much was written last.
    """

    # Here and in subclasses, as in requests: what is in slots leaves the dictionary
    # small enough to share its names, which is 1.3 KiB for each connection.
    __slots__ = ("_held", "_sends_at_once", "written_bytes")

    def __init__(self) -> None:
        super().__init__()
        self.written_bytes = 0
        self._sends_at_once = False
        self._held = b""

    def connectionMade(self) -> None:
        """Override: find out whether there is a socket right behind this connection."""
        self._sends_at_once = is_bare_socket(self.transport)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: there is no socket any more."""
        self._sends_at_once = False
        super().connectionLost(reason)

    def loseConnection(self) -> None:
        """Override: from here on nobody would tell that the buffer is empty."""
        self._send_held()
        self._sends_at_once = False
        super().loseConnection()

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Headers) -> None:
        """Override: keep the head for a moment, so that it goes out with the body's first bytes."""
        lines = [b"%s %s %s\r\n" % (version, code, reason)]
        for name, values in headers.getAllRawHeaders():
            lines += [b"%s: %s\r\n" % (name, value) for value in values]
        self.hold(b"".join((*lines, b"\r\n")))

    def hold(self, data: bytes) -> None:
        """Send bytes together with what is written next, or at the end of the answer."""
        self._held += data

    def requestDone(self, request: http.Request) -> None:
        """Override: there are answers without a body."""
        self._send_held()
        super().requestDone(request)

    def _send_held(self) -> None:
        if self._held:
            self.write(b"")

    def _send100Continue(self) -> None:
        """Override: Twisted's writes past this class, and so would come after the answer."""
        self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def writeSequence(self, iovec: list[bytes]) -> None:
        """Override: send at once."""
        self.write(b"".join(iovec))

    def write(self, data: bytes) -> None:
        """Override: send at once."""
        if self._held:
            data, self._held = self._held + data, b""
        self.written_bytes = len(data)
        transport: Any = self.transport
        if self._sends_at_once and not self._waitingForTransport:
            rest = send_now(transport, data)
            if not rest:
                return
            transport.write(rest)
            if not self._waitingForTransport:
                # Twisted begins to pause at 64 KiB, but nothing may overtake what is left here.
                transport.producerPaused = True  # so it tells when that is gone
                self.pauseProducing()
        else:
            transport.write(data)
