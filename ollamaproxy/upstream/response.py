"""The answer of a gateway: its head, and a body that comes when somebody wants it."""

from typing import Any, Final

from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IClientRequest, IResponse
from zope.interface import implementer

#: How a body ends that is whole.
DONE: Final = Failure(ResponseDone())
DONE.cleanFailure()


@implementer(IResponse, IPushProducer)
class GatewayResponse:
    """
    What :meth:`IAgent.request` fires with; as a producer, what is left of its connection.

    Attributes:
        code: The status, 200-599.
        headers: All of them.
        request: What is answered.
        has_ended: Nothing more comes; the connection is for others now, or gone.
        is_paused: Nothing is read of it.
    """

    version = (b"HTTP", 1, 1)
    phrase = b""  # nobody may see the gateway's
    length = UNKNOWN_LENGTH
    previousResponse: IResponse | None = None

    def __init__(
        self, code: int, headers: Headers, request: IClientRequest, transport: Any
    ) -> None:
        """
        Begin, with a head.

        Args:
            code: See the class.
            headers: See the class.
            request: See the class.
            transport: Of the connection on which the body comes.
        """
        self.code = code
        self.headers = headers
        self.request = request
        self.has_ended = self.is_paused = False
        self._transport = transport
        self._reader: IProtocol | None = None
        self._early: list[bytes] = []
        self._end = connectionDone

    def deliverBody(self, protocol: IProtocol) -> None:
        """
        Hand the body to a protocol, once.

        Args:
            protocol: Its transport is this response.  Its ``connectionLost`` gets
                ResponseDone for a body that is whole, PotentialDataLoss for one
                that had no length, and else what is wrong.
        """
        self._reader = protocol
        protocol.makeConnection(self)  # type: ignore[arg-type]  # all that a body's protocol needs
        early, self._early = self._early, []
        for data in early:
            protocol.dataReceived(data)
        if self.has_ended:
            protocol.connectionLost(self._end)
        elif early:
            self.resumeProducing()

    def setPreviousResponse(self, response: IResponse) -> None:
        """Implement IResponse: for those who follow redirects."""
        self.previousResponse = response

    # For the connection.

    def received(self, data: bytes) -> None:
        """Hand on a piece of the body; without anybody who wants it nothing more is read."""
        if self._reader is not None:
            self._reader.dataReceived(data)
        else:
            self._early.append(data)
            self.pauseProducing()

    def ended(self, reason: Failure) -> None:
        """Take note that nothing more comes, and why; before the last piece, if there is one."""
        self.has_ended = True
        self._end = reason

    def tell_end(self) -> None:
        """Tell whoever reads that nothing more comes."""
        if self._reader is not None:
            self._reader.connectionLost(self._end)

    # For the reader.

    def pauseProducing(self) -> None:
        """Implement IPushProducer."""
        if not self.has_ended:
            self.is_paused = True
            self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Implement IPushProducer."""
        if not self.has_ended:
            self.is_paused = False
            self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """Implement IPushProducer: close the connection; nobody wants the rest."""
        if not self.has_ended:
            self._transport.abortConnection()
