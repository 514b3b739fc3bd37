"""Connections that the gateway closed while a request was on its way to it."""

from collections.abc import Callable
from typing import Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseNeverReceived

T = TypeVar("T")

#: A close that crossed the request is heard within a round trip.  Later it is
#: more likely that the gateway has read the request and died of it.
CROSSED_S: Final = 2.0


class ConnectionWasStale(Exception):
    """
    A connection that had been used before died before any byte of the answer.

    Attributes:
        failure: What Twisted had to say of it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__("a connection that had been used before died before any answer")
        self.failure = failure


def telling_if_stale(requesting: Deferred[T], monotonic_s: Callable[[], float]) -> Deferred[T]:
    """
    Have a request on a connection that was used before fail with ConnectionWasStale if it was.

    Args:
        requesting: Begun in this moment.
        monotonic_s: Seconds since some moment.
    """
    begun_s = monotonic_s()

    def failed(failure: Failure) -> Failure:
        if monotonic_s() - begun_s <= CROSSED_S and _closed_unanswered(failure):
            raise ConnectionWasStale(failure)
        return failure

    return requesting.addErrback(failed)


def _closed_unanswered(failure: Failure) -> bool:
    """Whether the peer closed before any byte of an answer, and nobody here had a hand in it."""
    error = failure.value
    return isinstance(error, ResponseNeverReceived) and all(
        reason.check(ConnectionDone, ConnectionLost) for reason in error.reasons
    )
