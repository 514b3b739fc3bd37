"""The supervisor, with workers that are only said to be there."""

import signal
from collections.abc import Callable
from typing import Any, cast

from attrs import evolve
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from ollamaproxy.clocks import Clocks
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.notify import make_notifier
from ollamaproxy.server.listeners import Listeners
from ollamaproxy.settings import Deadlines, Listening, Settings
from ollamaproxy.workers.supervisor import Supervisor
from ollamaproxy.workers.worker_process import CLOSED, READY, TELLING_FD, WorkerProcess
from tests.case import Case

SETTINGS = Settings(base_url="http://h", listening=Listening(workers=2))


class Process:
    """What a worker's process is to its supervisor."""

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    def write(self, data: bytes) -> None:
        """Take what is said."""

    def signalProcess(self, number: signal.Signals) -> None:
        self.signals.append(number)


class Reactor(Clock):
    """Starts processes that are none."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[WorkerProcess] = []
        self.processes: list[Process] = []
        self.failures: list[OSError] = []

    def callWhenRunning(self, call: Callable[[], object]) -> None:
        call()

    def spawnProcess(self, protocol: WorkerProcess, *_args: Any, **_more: Any) -> None:
        if self.failures:
            raise self.failures.pop()
        self.started.append(protocol)
        self.processes.append(Process())
        protocol.transport = self.processes[-1]
        protocol.connectionMade()


class NoListeners(Listeners):
    """No sockets at all."""

    is_closed = False

    async def close(self) -> None:
        self.is_closed = True

    def sockets(self) -> list[tuple[int, int, bool]]:
        return []


class Reader(ConfigurationReader):
    """Reads what the test says."""

    def read(self) -> Configuration:
        return cast("Callable[[], Configuration]", self.environ["read"])()


class Supervision(Case):
    def setUp(self) -> None:
        super().setUp()
        self.reactor = Reactor()
        self.configuration = Configuration(SETTINGS, {})
        clocks = Clocks(scheduler=self.reactor, monotonic_s=self.reactor.seconds)
        self.listeners = NoListeners(self.reactor, SETTINGS.listening, Factory())
        self.supervisor = Supervisor(
            Reader({}, cast("dict[str, str]", {"read": lambda: self.configuration})),
            self.configuration,
            self.listeners,
            self.reactor,
            notifier=make_notifier({}, 1, clocks),
            clocks=clocks,
            check=self.check,
            make_admin=lambda _reports: None,
            environ={},
            inherits_output=True,
        )
        self.fault: InvalidSetting | None = None
        self.told: list[str] = []
        self.supervisor.startService()

    def check(self, _configuration: Configuration) -> None:
        if self.fault is not None:
            raise self.fault

    def ready(self, *numbers: int) -> None:
        """Have workers tell that they answer."""
        for number in numbers:
            self.reactor.started[number].childDataReceived(TELLING_FD, READY + b"\n")

    def end(self, number: int) -> None:
        self.reactor.started[number].processEnded(Failure(ProcessDone(0)))

    def signals(self, number: int) -> list[signal.Signals]:
        return self.reactor.processes[number].signals

    def test_sighup_waits_for_a_worker(self) -> None:
        """A worker that does not answer yet is not sent SIGHUP before it does."""
        self.ready(0)
        self.supervisor.reload()
        self.assertIn(signal.SIGHUP, self.signals(0))
        self.assertEqual(self.signals(1), [])
        self.ready(1)
        self.assertIn(signal.SIGHUP, self.signals(1))

    def test_sighup_with_a_fault(self) -> None:
        """Nothing is passed on if what was read is bad."""
        self.ready(0, 1)
        self.fault = InvalidSetting("x")
        self.supervisor.reload()
        self.assertNotIn(signal.SIGHUP, self.signals(0) + self.signals(1))

    def test_the_time_to_drain(self) -> None:
        """A time to drain that was read anew counts for the workers' end."""
        self.ready(0, 1)
        deadlines = Deadlines(drain_s=100)
        self.configuration = Configuration(evolve(SETTINGS, deadlines=deadlines), {})
        self.supervisor.reload()
        stopped = self.supervisor.stopService()
        self.reactor.advance(100)
        self.assertNotIn(signal.SIGKILL, self.signals(0))
        self.reactor.advance(6)
        self.assertIn(signal.SIGKILL, self.signals(0))
        self.end(0)
        self.assertNoResult(stopped)
        self.end(1)
        self.successResultOf(stopped)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_sockets_in_use(self) -> None:
        """The sockets are closed when no worker takes connections from them any more."""
        self.ready(0, 1)
        stopped = self.supervisor.stopService()
        self.reactor.started[0].childDataReceived(TELLING_FD, CLOSED + b"\n")
        self.assertFalse(self.listeners.is_closed)
        self.end(1)
        self.assertTrue(self.listeners.is_closed)
        self.end(0)
        self.successResultOf(stopped)

    def test_a_worker_that_does_not_move(self) -> None:
        """One that says nothing keeps the sockets open for a second after the delay."""
        self.ready(0, 1)
        self.configuration = Configuration(
            evolve(SETTINGS, deadlines=Deadlines(drain_delay_s=10)), {}
        )
        self.supervisor.reload()
        self.supervisor.stopService()
        self.reactor.advance(10)
        self.assertFalse(self.listeners.is_closed)
        self.reactor.advance(1)
        self.assertTrue(self.listeners.is_closed)

    def test_one_that_ends_before_it_answers(self) -> None:
        """Its end is not taken for its answer, and it is replaced, later each time."""
        self.end(0)
        self.assertEqual(len(self.reactor.started), 2)
        self.reactor.advance(0)
        self.assertEqual(len(self.reactor.started), 3)
        self.assertFalse(self.reactor.started[0].ready.called)
        self.end(2)
        self.reactor.advance(0)
        self.assertEqual(len(self.reactor.started), 3)
        self.reactor.advance(1)
        self.assertEqual(len(self.reactor.started), 4)

    def test_one_that_cannot_be_started(self) -> None:
        """One for which there is no process is tried again, and does not count until then."""
        self.ready(0, 1)
        self.reactor.failures = [OSError(11, "no process")]
        self.end(0)
        self.reactor.advance(0)
        self.assertEqual(len(self.reactor.started), 2)
        self.supervisor.hurry()
        self.assertEqual(self.signals(1), [signal.SIGTERM])
        self.reactor.advance(1)
        self.assertEqual(len(self.reactor.started), 3)

    def test_a_stop_while_one_is_to_be_started(self) -> None:
        """No worker is started after the stop."""
        self.ready(0, 1)
        self.end(0)
        stopped = self.supervisor.stopService()
        self.reactor.advance(60)
        self.assertEqual(len(self.reactor.started), 2)
        self.end(1)
        self.successResultOf(stopped)
