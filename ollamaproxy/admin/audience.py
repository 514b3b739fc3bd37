"""Those who look at the status page right now; while nobody does, nothing is done."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from zope.interface import implementer

from ollamaproxy.errors import Overloaded
from ollamaproxy.server.alarm import Alarm
from ollamaproxy.server.request import ProxyRequest

#: More are refused: each costs a connection and some KiB a second.
MAX_VIEWERS: Final = 16

_EVERY_S: Final = 1.0

#: The browser tries again after so many milliseconds, should the connection break.
_RETRY: Final = b"retry: 2000\n\n"


@implementer(IPushProducer)
class _Viewer:
    """One of them; one who does not read as fast misses some news, not the newest."""

    def __init__(self, request: ProxyRequest) -> None:
        self._request = request
        self._reads = True
        self._has_missed = False

    def tell(self, event: bytes, whole: Callable[[], bytes]) -> None:
        if not self._reads:
            self._has_missed = True
        elif self._has_missed:
            self._has_missed = False
            self._request.write(whole())
        else:
            self._request.write(event)

    def pauseProducing(self) -> None:
        self._reads = False

    def resumeProducing(self) -> None:
        self._reads = True

    def stopProducing(self) -> None:
        self._reads = False


class Audience:
    """Tells everybody the same once a second, as server-sent events."""

    def __init__(
        self,
        first_news: Callable[[], bytes],
        news: Callable[[], bytes],
        scheduler: IReactorTime,
    ) -> None:
        """
        Begin with nobody.

        Args:
            first_news: Returns the event for somebody who has just come, or has
                missed some.
            news: Returns the event for all of them.
            scheduler: For the seconds.
        """
        self._first_news = first_news
        self._news = news
        self._viewers: set[_Viewer] = set()
        self._alarm = Alarm(scheduler)

    @property
    def size(self) -> int:
        """How many look."""
        return len(self._viewers)

    async def watch(self, request: ProxyRequest) -> None:
        """
        Tell a viewer the news until it leaves or this is cancelled.

        Raises:
            Overloaded: There are too many.
            CancelledError: It has been cancelled.
        """
        if len(self._viewers) >= MAX_VIEWERS:
            raise Overloaded(f"{MAX_VIEWERS} others look at the status page already")
        viewer = _Viewer(request)
        request.begin(b"text/event-stream")
        request.write(_RETRY + self._first_news())
        request.registerProducer(viewer, True)
        self._viewers.add(viewer)
        self._alarm.set(_EVERY_S, self._tell)
        try:
            await Deferred()
        finally:
            self._viewers.discard(viewer)
            if not self._viewers:
                self._alarm.clear()
            if not request.client_left:
                request.unregisterProducer()

    def _tell(self) -> None:
        self._alarm.clear()
        self._alarm.set(_EVERY_S, self._tell)
        news = self._news()
        for viewer in tuple(self._viewers):
            viewer.tell(news, self._first_news)
