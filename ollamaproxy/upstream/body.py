"""The body of a gateway's reply: read in pieces, paused, timed, and stopped."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IResponse
from zope.interface import implementer

from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import ProxyError, UpstreamGarbled, UpstreamTimeout, UpstreamTruncated
from ollamaproxy.settings import Deadlines
from ollamaproxy.upstream.response import GatewayResponse

#: How long a body may go on after all that matters of it has come, so that the
#: connection can serve another request.  LiteLLM ends it within milliseconds.
LINGER_S: Final = 1.0


@implementer(IPushProducer)
class BodyReader(Protocol):
    """
    Hands the pieces of a body on as they come, and knows how it ended.

    As a producer it is what paces the gateway: a client that reads slowly
    pauses it, and a client that leaves stops it.

    Attributes:
        finished: Fires with ``None`` when the body has ended as HTTP means it
            to, or after :meth:`complete`.  Fails with an UpstreamError, or with
            what ``receive`` raised.  Cancelling it closes the connection.
    """

    # Each open stream has one; with those of its other parts 0.9 KiB less.
    __slots__ = (
        "_clocks",
        "_deadlines",
        "_heard_s",
        "_is_complete",
        "_paused",
        "_receive",
        "_settled",
        "_silence_allowed_s",
        "_watch",
        "finished",
    )

    # What a response hands to its body's protocol: itself.
    transport: GatewayResponse | None  # type: ignore[assignment]

    def __init__(
        self, receive: Callable[[bytes], None], clocks: Clocks, deadlines: Deadlines
    ) -> None:
        """
        Read a body when it is delivered here.

        Args:
            receive: Gets the bytes, in order; an exception from it stops the body.
            clocks: For the deadlines.
            deadlines: The first bytes may take as long as a reply's beginning,
                for some gateways send the status line at once.
        """
        self.finished: Deferred[None] = Deferred(lambda _deferred: self.stopProducing())
        self._receive = receive
        self._clocks = clocks
        self._deadlines = deadlines
        self._silence_allowed_s = deadlines.first_byte_s
        self._is_complete = False
        self._settled = False
        self._paused = False
        self._heard_s = clocks.monotonic_s()
        self._watch: IDelayedCall | None = None

    def read(self, response: IResponse) -> Deferred[None]:
        """Have a body delivered here; return ``finished``."""
        response.deliverBody(self)
        # Not earlier: of a short reply all is there by now, and no timer was needed.
        if not self._settled and not self._is_complete:
            # At the first of both, so that the first bytes need not set another timer.
            self._watch_after(min(self._silence_allowed_s, self._deadlines.between_bytes_s))
        return self.finished

    def dataReceived(self, data: bytes) -> None:
        """Implement Protocol: a piece of the body."""
        if self._settled or self._is_complete:
            return
        self._heard_s = self._clocks.monotonic_s()
        self._silence_allowed_s = self._deadlines.between_bytes_s
        try:
            self._receive(data)
        except ProxyError as error:
            self._fail(error)
        except Exception:  # noqa: BLE001 - Twisted would take it for the end of the body
            self._fail(Failure())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Implement Protocol: the body has ended, one way or another."""
        self._stop_watch()
        if self._is_complete or reason.check(ResponseDone, PotentialDataLoss):
            # Without a length a crash looks like the end; whoever reads the
            # content knows its end mark.
            self._settle(None)
        else:
            self._settle(UpstreamTruncated("the connection to the gateway broke"))

    def complete(self) -> None:
        """Settle ``finished`` now; what may still come of the body is thrown away, for a while."""
        self._is_complete = True
        self._stop_watch()
        self._settle(None)
        if self.transport is not None and self.transport.has_ended:
            return  # the end came with it, as nearly always
        if self._paused:
            # No client will resume it any more, and paused it cannot end.
            self.resumeProducing()
        self._watch = self._clocks.scheduler.callLater(LINGER_S, self._close)

    def _fail(self, why: ProxyError | Failure) -> None:
        self._settle(why)
        self._close()

    def _settle(self, result: ProxyError | Failure | None) -> None:
        if self._settled:
            return
        self._settled = True
        if result is None:
            self.finished.callback(None)
        else:
            self.finished.errback(result)

    def _close(self) -> None:
        """Close the connection for certain: loseConnection would wait on a paused TLS peer."""
        self._stop_watch()
        if self.transport is not None:
            self.transport.stopProducing()

    # The producer's side: the client's connection calls these.

    def pauseProducing(self) -> None:
        """Implement IPushProducer: the client does not keep up."""
        self._paused = True
        if self.transport is not None:
            self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Implement IPushProducer: the client has caught up; the gateway's silence starts anew."""
        self._paused = False
        self._heard_s = self._clocks.monotonic_s()
        if self.transport is not None:
            self.transport.resumeProducing()

    def stopProducing(self) -> None:
        """Implement IPushProducer: the client has left."""
        self._settled = True
        self._close()

    # The deadline.

    def _watch_after(self, seconds: float) -> None:
        self._watch = self._clocks.scheduler.callLater(seconds, self._check_silence)

    def _check_silence(self) -> None:
        """
        Fail if the gateway has been silent for too long.

        The timer is not pushed back by every piece, which would cost as much as
        the decoding; it looks at what has happened when it fires.
        """
        self._watch = None
        if self._paused:
            # It is the client that makes the gateway wait.
            self._watch_after(self._silence_allowed_s)
            return
        silent_s = self._clocks.monotonic_s() - self._heard_s
        left_s = self._silence_allowed_s - silent_s
        if left_s > 0:
            self._watch_after(left_s)
        else:
            self._fail(
                UpstreamTimeout(f"the gateway sent nothing for {self._silence_allowed_s:g} seconds")
            )

    def _stop_watch(self) -> None:
        if self._watch is not None and self._watch.active():
            self._watch.cancel()
        self._watch = None


async def read_whole(
    response: IResponse, clocks: Clocks, deadlines: Deadlines, max_bytes: int
) -> bytes:
    """
    Return a whole body.

    Raises:
        UpstreamGarbled: It is longer than ``max_bytes``.
        UpstreamError: As :class:`BodyReader` fails.
    """
    pieces: list[bytes] = []
    room = max_bytes

    def receive(data: bytes) -> None:
        nonlocal room
        room -= len(data)
        if room < 0:
            raise UpstreamGarbled(f"the gateway's answer is longer than {max_bytes} bytes")
        pieces.append(data)

    await BodyReader(receive, clocks, deadlines).read(response)
    return b"".join(pieces)


class _Unread(Protocol):
    transport: IPushProducer | None  # type: ignore[assignment]

    def connectionMade(self) -> None:
        if self.transport is not None:
            self.transport.stopProducing()


def discard(response: IResponse) -> None:
    """Close the connection of a reply whose body nobody wants."""
    response.deliverBody(_Unread())
