"""
How many requests the gateway is given at a time.

A few more wait for their turn, in order; beyond that a quick refusal is better
for everybody than a slow answer, and an editor's burst of requests is not worth
a failure.

Source: Ollama's queue and its words (server/sched.go, OLLAMA_MAX_QUEUE).
"""

from collections import deque
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from ollamaproxy.errors import Overloaded

_BUSY: Final = "server busy, please try again.  maximum pending requests exceeded"


class Admission:
    """
    Places for requests at the gateway, and a line in front of them.

    Attributes:
        in_flight: How many have a place.
    """

    def __init__(
        self, places: int, max_waiting: int, patience_s: float, scheduler: IReactorTime
    ) -> None:
        """
        Open.

        Args:
            places: At least 1.
            max_waiting: How long the line may be, 0 or more.
            patience_s: How long one may stand in it, in seconds.
            scheduler: For that.
        """
        self._scheduler = scheduler
        self._line: deque[Deferred[None]] = deque()
        self.in_flight = 0
        self.resize(places, max_waiting, patience_s)

    def resize(self, places: int, max_waiting: int, patience_s: float) -> None:
        """Have other numbers from now on; nobody loses a place."""
        self._places = places
        self._max_waiting = max_waiting
        self._patience_s = patience_s
        self._let_in()

    def _let_in(self) -> None:
        while self._line and self.in_flight < self._places:
            self.in_flight += 1
            self._line.popleft().callback(None)

    @property
    def waiting(self) -> int:
        """How many stand in the line."""
        return len(self._line)

    async def enter(self) -> None:
        """
        Take a place, as soon as there is one; :meth:`leave` must follow.

        Raises:
            Overloaded: The line is full, or it took too long.
        """
        if self.in_flight >= self._places:
            await self._stand_in_line()  # who is let in has been counted
        else:
            self.in_flight += 1

    def leave(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._let_in()

    async def _stand_in_line(self) -> None:
        if len(self._line) >= self._max_waiting:
            raise Overloaded(_BUSY)
        turn: Deferred[None] = Deferred(self._leave_line)
        self._line.append(turn)
        alarm = self._scheduler.callLater(self._patience_s, turn.errback, Overloaded(_BUSY))
        try:
            await turn
        except Overloaded:
            self._leave_line(turn)
            raise
        finally:
            if alarm.active():
                alarm.cancel()

    def _leave_line(self, turn: "Deferred[None]") -> None:
        if turn in self._line:
            self._line.remove(turn)
