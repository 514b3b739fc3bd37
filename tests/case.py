"""What every test case of this project has in common."""

import gc
import os
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase, TestCase

# All that exists before the first test will outlive the last one: leave it out
# of the collections below, which so take a millisecond and not fifty.
gc.collect()
gc.freeze()


class _Strict:
    """
    Makes the test that causes an unhandled error in a Deferred the one that fails.

    trial fails a test for every failure logged while it runs.  A Deferred logs
    its unhandled error when it is collected, so it is collected in time.
    """

    def setUp(self) -> None:
        super().setUp()  # type: ignore[misc]
        self.addCleanup(gc.collect)  # type: ignore[attr-defined]


class Case(_Strict, SynchronousTestCase):
    """A test that needs no reactor."""


class ReactorCase(_Strict, TestCase):
    """A test on the real reactor; trial also fails it for calls and sockets that are left over."""


C = TypeVar("C", bound=ReactorCase)


def on_reactor(test: Callable[[C], Coroutine[Any, Any, None]]) -> Callable[[C], Any]:
    """
    Run an ``async`` test of a :class:`ReactorCase` on the reactor, for half a minute at most.

    trial runs the reactor until the Deferred fires.  Under pytest, which knows
    no Deferreds, pytest-twisted does.
    """

    @wraps(test)
    def run(self: C) -> object:
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

        running = Deferred.fromCoroutine(test(self)).addTimeout(30, reactor)
        return pytest_twisted.blockon(running) if "PYTEST_CURRENT_TEST" in os.environ else running

    return run
