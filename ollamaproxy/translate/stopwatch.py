"""
The times of one reply, measured with somebody else's clocks.

One reading of the calendar at the start and a monotonic clock from there on:
so the timestamps of a stream never run backwards and durations are right even
when the machine's time is set in between.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from attrs import frozen

NS_PER_S: Final = 1_000_000_000


def nanoseconds(seconds: float) -> int:
    """Return a duration in Ollama's unit; never 0, because clients divide by durations."""
    return max(1, round(seconds * NS_PER_S))


def timestamp(wall_ns: int) -> str:
    """
    Return a moment in RFC 3339, UTC, as Go prints it: up to nine decimals, no trailing zeros.

    Args:
        wall_ns: Nanoseconds since 1970-01-01T00:00:00Z.
    """
    seconds, fraction = divmod(wall_ns, NS_PER_S)
    if fraction % 10:  # nine times of ten
        return f"{_second(seconds)}.{fraction:09d}Z"
    decimals = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"{_second(seconds)}{decimals}Z"


@lru_cache(maxsize=16)  # all streams are in the same second (measured: 1 us instead of 5)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@frozen
class Durations:
    """
    Where the time of a reply went, in nanoseconds, each at least 1.

    Attributes:
        total: From the arrival of the request to the end of the reply.
        load: From the arrival until the request left for the gateway: the
            share of this daemon, where Ollama counts the loading of a model.
        prompt_eval: From there to the first piece of the reply.
        eval: From the first piece to the end.
    """

    total: int
    load: int
    prompt_eval: int
    eval: int


class Stopwatch:
    """Remembers the moments of one reply; every ``now_s`` is of one monotonic clock."""

    # Each open stream has one; with those of its other parts 0.9 KiB less.
    __slots__ = (
        "_arrived_s",
        "_first_piece_s",
        "_sent_s",
        "_wall_ns",
    )

    def __init__(self, wall_ns: int, now_s: float) -> None:
        """
        Start when the request has arrived.

        Args:
            wall_ns: The calendar, in nanoseconds since 1970.
            now_s: The monotonic clock at the same moment, in seconds.
        """
        self._wall_ns = wall_ns
        self._arrived_s = now_s
        self._sent_s = now_s
        self._first_piece_s: float | None = None

    def sent(self, now_s: float) -> None:
        """Note that the request leaves for the gateway."""
        self._sent_s = now_s

    def piece(self, now_s: float) -> None:
        """Note a piece of the reply; only the first one matters."""
        if self._first_piece_s is None:
            self._first_piece_s = now_s

    def timestamp(self, now_s: float) -> str:
        """Return ``created_at`` for something made now."""
        return timestamp(self._wall_ns + round((now_s - self._arrived_s) * NS_PER_S))

    def durations(self, now_s: float) -> Durations:
        """Return the statistics of a reply that ends now."""
        first_piece_s = now_s if self._first_piece_s is None else self._first_piece_s
        return Durations(
            total=nanoseconds(now_s - self._arrived_s),
            load=nanoseconds(self._sent_s - self._arrived_s),
            prompt_eval=nanoseconds(first_piece_s - self._sent_s),
            eval=nanoseconds(now_s - first_piece_s),
        )
