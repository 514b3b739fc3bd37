"""How long to wait before a worker that has ended is started anew."""

from typing import Final

#: A worker that lived so long has not ended because it cannot start.
LONG_ENOUGH_S: Final = 60.0
#: More would keep a host too long at half its strength.
LONGEST_S: Final = 30.0


class Patience:
    """At once for the first time, and longer each time that it ends soon again."""

    def __init__(self) -> None:
        self._next_s = 0.0

    def before_restart_s(self, lived_s: float) -> float:
        """Return how long to wait, in seconds, given how long the worker has lived."""
        if lived_s >= LONG_ENOUGH_S:
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(max(1.0, 2 * self._next_s), LONGEST_S)
        return wait_s
