"""One report of several workers."""

from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock

from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.report import Report, empty_report
from ollamaproxy.workers.reports import WorkersReports
from ollamaproxy.workers.worker_process import WorkerProcess
from tests.case import Case


class Worker:
    """A worker that tells when the test wants it to."""

    def __init__(self) -> None:
        self.is_ready = True
        self.asked: list[Deferred[Any]] = []

    def report(self) -> "Deferred[Any]":
        self.asked.append(Deferred())
        return self.asked[-1]

    def tell(self, requests: int, in_flight: int = 0) -> None:
        plain = empty_report(5).to_plain()
        plain["counts"] = {
            "requests": [[["/", "GET", "200"], requests]],
            "requests_in_flight": [[[], in_flight]],
        }
        self.asked[-1].callback(plain)


class Reports(Case):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.workers = [Worker(), Worker()]
        self.obstacle: str | None = None
        self.reports = WorkersReports(
            lambda: cast("list[WorkerProcess]", self.workers),
            lambda: self.obstacle,
            Clocks(scheduler=self.clock, wall_ns=lambda: 7, monotonic_s=self.clock.seconds),
        )

    def fresh(self) -> "Deferred[Report]":
        return Deferred.fromCoroutine(self.reports.fresh())

    def count(self, report: Report, name: str = "requests") -> float:
        return sum(float(value) for _labels, value in report.counts.get(name, ()))

    def test_all_are_asked(self) -> None:
        """A fresh report has waited for all of them."""
        report = self.fresh()
        self.workers[0].tell(2, 1)
        self.assertNoResult(report)
        self.workers[1].tell(3, 1)
        told = self.successResultOf(report)
        self.assertEqual((self.count(told), self.count(told, "requests_in_flight")), (5, 2))
        self.assertIsNone(told.obstacle)

    def test_many_ask_at_once(self) -> None:
        """However many want to know, each worker is asked once at a time."""
        reports = [self.fresh() for _ in range(3)]
        for worker in self.workers:
            worker.tell(1)
        for report in reports:
            self.assertEqual(self.count(self.successResultOf(report)), 2)
        self.assertEqual([len(worker.asked) for worker in self.workers], [1, 1])

    def test_one_that_does_not_answer(self) -> None:
        """One that takes too long is not waited for; what it told before counts."""
        report = self.fresh()
        for worker in self.workers:
            worker.tell(1)
        self.successResultOf(report)
        report = self.fresh()
        self.workers[0].tell(5)
        self.clock.advance(1)
        self.assertEqual(self.count(self.successResultOf(report)), 6)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_one_that_ends_meanwhile(self) -> None:
        """One that ends while it is asked is not waited for."""
        report = self.fresh()
        self.workers[0].tell(1)
        self.workers[1].asked[-1].errback(ConnectionDone())
        self.assertEqual(self.count(self.successResultOf(report)), 1)

    def test_the_dead(self) -> None:
        """What one has counted that has ended stays counted; what it was doing does not."""
        report = self.fresh()
        for worker in self.workers:
            worker.tell(2, 1)
        self.successResultOf(report)
        self.reports.has_ended(cast("WorkerProcess", self.workers.pop()))
        told = self.reports.known()
        self.assertEqual((self.count(told), self.count(told, "requests_in_flight")), (4, 1))
        self.reports.has_ended(cast("WorkerProcess", self.workers.pop()))
        told = self.reports.known()
        self.assertEqual((self.count(told), self.count(told, "requests_in_flight")), (4, 0))

    def test_readiness(self) -> None:
        """No worker, or a supervisor that stops, is not ready."""
        self.assertEqual(self.reports.known().obstacle, "no worker answers")
        report = self.fresh()
        for worker in self.workers:
            worker.tell(1)
        self.assertIsNone(self.successResultOf(report).obstacle)
        self.obstacle = "the daemon is about to stop"
        self.assertEqual(self.reports.known().obstacle, self.obstacle)

    def test_the_latest(self) -> None:
        """The latest is there at once, and the next one is asked for."""
        self.assertEqual(self.count(self.reports.latest()), 0)
        for worker in self.workers:
            worker.tell(1)
        self.assertEqual(self.count(self.reports.latest()), 2)

    def test_only_those_that_are_ready(self) -> None:
        """One that does not answer yet is not asked."""
        self.workers[0].is_ready = False
        report = self.fresh()
        self.workers[1].tell(1)
        self.assertEqual(self.count(self.successResultOf(report)), 1)
        self.assertEqual(self.workers[0].asked, [])
