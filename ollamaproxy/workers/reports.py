"""One report of all workers, for the supervisor's admin address."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredList

from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.joining import joined, only_growing
from ollamaproxy.observing.report import Report, empty_report, joined_reports
from ollamaproxy.workers.worker_process import WorkerProcess

#: How long a worker may take to tell, in seconds; then the last that it told counts.
_PATIENCE_S: Final = 1.0


class WorkersReports:
    """
    Asks the workers when somebody wants to know.

    What one has counted that has ended is kept: counters must never go back.
    """

    def __init__(
        self,
        workers: Callable[[], Iterable[WorkerProcess]],
        obstacle: Callable[[], str | None],
        clocks: Clocks,
    ) -> None:
        """
        Prepare.

        Args:
            workers: Returns those that there are.
            obstacle: Returns why the daemon as a whole wants no requests, if so.
            clocks: For the patience.
        """
        self._workers = workers
        self._obstacle = obstacle
        self._clocks = clocks
        self._started_ns = clocks.wall_ns()
        self._told: dict[WorkerProcess, Report] = {}
        self._of_the_dead: Mapping[str, Any] = {}
        self._asking: Deferred[Any] | None = None

    async def fresh(self) -> Report:
        """Implement Reports: ask all of them, and wait a moment for it."""
        if self._asking is None:
            self._ask()
        if self._asking is not None:
            waiter: Deferred[None] = Deferred()
            self._asking.addBoth(_passed_on, waiter)
            await waiter
        return self.known()

    def latest(self) -> Report:
        """Implement Reports: what is known, and ask for the next time."""
        if self._asking is None:
            self._ask()
        return self.known()

    def _ask(self) -> None:
        asked = [self._ask_one(worker) for worker in self._workers() if worker.is_ready]
        self._asking = DeferredList(asked)
        self._asking.addBoth(self._have_asked)

    def _ask_one(self, worker: WorkerProcess) -> Deferred[None]:
        asking = worker.report()
        asking.addTimeout(_PATIENCE_S, self._clocks.scheduler)
        return asking.addCallbacks(self._take, lambda _late: None, callbackArgs=(worker,))

    def _take(self, plain: Mapping[str, Any], worker: WorkerProcess) -> None:
        self._told[worker] = Report.from_plain(plain)

    def _have_asked(self, result: Any) -> Any:
        self._asking = None
        return result

    def has_ended(self, worker: WorkerProcess) -> None:
        """Take note that a worker has ended."""
        told = self._told.pop(worker, None)
        if told is not None:
            self._of_the_dead = joined([self._of_the_dead, only_growing(told.counts)])

    def known(self) -> Report:
        """Return what the workers have told last, as if they were one process."""
        nothing = empty_report(self._started_ns)
        report = joined_reports([*self._told.values(), nothing])
        nobody = None if self._told else "no worker answers"
        return evolve(
            report,
            counts=joined([report.counts, self._of_the_dead]),
            obstacle=self._obstacle() or report.obstacle or nobody,
            started_ns=self._started_ns,
        )


def _passed_on(result: Any, waiter: "Deferred[None]") -> Any:
    waiter.callback(None)
    return result
