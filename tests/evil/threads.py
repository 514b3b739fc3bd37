"""Blocking calls beside the reactor, each in a thread of its own."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def in_thread(reactor: Any, call: Callable[..., T], *arguments: object) -> "Deferred[T]":
    """
    Fire with what the call returns, or fail with what it raises.

    The reactor's own threads are few, and the daemon looks up names in them.
    """
    result: Deferred[T] = Deferred()

    def run() -> None:
        fire: tuple[Callable[..., None], object]
        try:
            value = call(*arguments)
        except BaseException:  # noqa: BLE001 - whatever it is, the test shall see it
            fire = (result.errback, Failure())
        else:
            fire = (result.callback, value)
        # Not from there at once: that queue is run again, from its beginning,
        # if a test that ends so has the reactor turn once more.
        reactor.callFromThread(reactor.callLater, 0, *fire)

    threading.Thread(target=run, daemon=True).start()
    return result
