"""Finds out that a gateway is back when nobody asks it anything."""

from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime

from ollamaproxy.readiness import Readiness
from ollamaproxy.server.alarm import Alarm

_EVERY_S: Final = 10.0


class GatewayWatch:
    """
    Asks now and then while the daemon is not ready for want of a gateway.

    For it gets no requests any more by which it could learn that there is one.
    """

    def __init__(
        self, readiness: Readiness, ask: Callable[[], object], scheduler: IReactorTime
    ) -> None:
        """
        Prepare.

        Args:
            readiness: Knows what is wanting.
            ask: Sends a request to the gateways, and does not wait.
            scheduler: For the pauses.
        """
        self._readiness = readiness
        self._ask = ask
        self._alarm = Alarm(scheduler)

    def start(self) -> None:
        """Begin to watch."""
        self._alarm.set(_EVERY_S, self._look)

    def stop(self) -> None:
        """Watch no more."""
        self._alarm.clear()

    def _look(self) -> None:
        self._alarm.clear()
        if self._readiness.lacks_gateway:
            self._ask()
        self.start()
