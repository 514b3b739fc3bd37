"""What is sent to the gateway with a request."""

from collections.abc import Iterable, Iterator
from typing import Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from ollamaproxy.settings import KIB

#: As much of an upload as is written at once.
_PIECE_BYTES: Final = 64 * KIB


@implementer(IBodyProducer)
class WholeBody:
    """
    A request body that is written at once.

    treq's own reads it in pieces, each in another turn of the global reactor.

    Attributes:
        content: The bytes.
        length: How many.
    """

    def __init__(self, body: bytes) -> None:
        self.content = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Implement IBodyProducer: the Deferred has fired with ``None`` already."""
        consumer.write(self.content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to pause."""

    def resumeProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to resume."""

    def stopProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to stop."""


@implementer(IPushProducer, IBodyProducer)
class PiecesBody:
    """
    A request body in pieces that are written as fast as the gateway takes them.

    So an upload is not in memory twice.
    """

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = list(pieces)
        self.length = sum(map(len, self._pieces))
        self._left: list[memoryview] = []
        self._consumer: IConsumer | None = None
        self._finished: Deferred[None] = Deferred()
        self._paused = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Implement IBodyProducer: the Deferred fires with ``None`` when all is written.

        May be called again, to write all of it to another consumer.
        """
        self._consumer = consumer
        self._left = [part for piece in self._pieces for part in _small(piece)]
        self._left.reverse()
        self._finished = Deferred()
        self.resumeProducing()
        return self._finished

    def pauseProducing(self) -> None:
        """Implement IPushProducer."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Implement IPushProducer."""
        self._paused = False
        while self._left and not self._paused and self._consumer is not None:
            self._consumer.write(bytes(self._left.pop()))
        if not self._left and not self._finished.called:
            self._finished.callback(None)

    def stopProducing(self) -> None:
        """Implement IPushProducer: this consumer does not want the rest."""
        self._left.clear()
        self._consumer = None


def _small(piece: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(piece)
    yield from (view[at : at + _PIECE_BYTES] for at in range(0, len(view), _PIECE_BYTES))
