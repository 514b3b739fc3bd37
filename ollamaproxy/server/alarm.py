"""One thing that shall happen later, unless something else happens before."""

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Alarm:
    """A call that is scheduled at most once at a time."""

    __slots__ = ("_call", "_scheduler")

    def __init__(self, scheduler: IReactorTime) -> None:
        self._scheduler = scheduler
        self._call: IDelayedCall | None = None

    @property
    def is_set(self) -> bool:
        """Whether it will go off."""
        return self._call is not None and self._call.active()

    def set(self, seconds: float, call: Callable[[], object]) -> None:
        """Call something in so many seconds; if it is set already, that stays as it is."""
        if not self.is_set:
            self._call = self._scheduler.callLater(seconds, call)

    def clear(self) -> None:
        """Forget it; one that is not set does not mind."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = None
