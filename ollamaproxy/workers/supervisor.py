"""
The process that listens and starts those that answer.

It opens the sockets and hands them to its workers, which share them: the kernel
gives each connection to one that is free.  It answers nothing itself, but sees
to it that there are as many workers as there shall be, and passes signals on.
"""

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve
from twisted.application.service import IServiceCollection, Service
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from ollamaproxy import __version__
from ollamaproxy.admin.listener import AdminListener
from ollamaproxy.admin.reports import Reports
from ollamaproxy.clocks import Clocks
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.files import LogFile, reopen_all
from ollamaproxy.notify import Notifier
from ollamaproxy.server.listeners import Listeners
from ollamaproxy.workers.assignment import Assignment, Inherited
from ollamaproxy.workers.patience import Patience
from ollamaproxy.workers.reports import WorkersReports
from ollamaproxy.workers.worker_process import FIRST_SOCKET_FD, TELLING_FD, WorkerProcess

#: For how long a worker may go on when its time to drain is over, in seconds.
_GRACE_S: Final = 5.0

#: For how long we wait for workers to take no connections, in seconds.
_CLOSING_S: Final = 1.0

#: What systemd tells a service is for the supervisor alone.
_NOT_FOR_WORKERS: Final = ("NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_")


class Supervisor(Service):
    """
    Serves by its workers; a service with the same face as a daemon of one process.

    Attributes:
        own_log: See :class:`~ollamaproxy.daemon.Daemon`.
    """

    _log = Logger()
    name = "ollamaproxy"

    def __init__(
        self,
        reader: ConfigurationReader,
        configuration: Configuration,
        listeners: Listeners,
        reactor: Any,
        *,
        notifier: Notifier,
        clocks: Clocks,
        check: Callable[[Configuration], None],
        make_admin: Callable[[Reports], AdminListener | None],
        environ: Mapping[str, str],
        inherits_output: bool,
        log_files: Sequence[LogFile] = (),
        own_log: ILogObserver | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        """
        Prepare; nothing listens and nobody works yet.

        Args:
            reader: Reads the settings; the workers read them in the same way.
            configuration: What it has read.
            listeners: Open the sockets.
            reactor: Provides IReactorProcess, IReactorTime and IReactorCore.
            notifier: Tells the service manager, in the name of all.
            clocks: All of them.
            check: Reads what settings name; raises InvalidSetting, with the origins.
            make_admin: Makes what tells of the reports, if anything shall.
            environ: The workers'.
            inherits_output: Workers write to our standard output and error; if
                not, what they print goes to our log.
            log_files: Our own of those that are to be opened anew on a signal;
                workers have the same open themselves.
            own_log: See the class.
            warnings: What the person who starts the daemon should think about.
        """
        self._reader = reader
        self._configuration = configuration
        self._listeners = listeners
        self._reactor = reactor
        self._notifier = notifier
        self._check = check
        self._monotonic_s = clocks.monotonic_s
        self._environ = {
            name: value for name, value in environ.items() if not name.startswith(_NOT_FOR_WORKERS)
        }
        self._inherits_output = inherits_output
        self._log_files = log_files
        self.own_log = own_log
        self._warnings = warnings
        self._workers: dict[int, WorkerProcess] = {}
        self._reports = WorkersReports(self._workers.values, self._obstacle, clocks)
        self._admin = make_admin(self._reports)
        self._patience: dict[int, Patience] = {}
        self._restarts: dict[int, IDelayedCall] = {}
        self._started_s: dict[int, float] = {}
        self._stopping = False
        self._announced = False

    def bind(self) -> None:
        """
        Take the addresses; whoever connects waits until a worker is there.

        Raises:
            CannotListen: One is not to be had.
        """
        self._listeners.open()
        self._listeners.pause()
        if self._admin is not None:
            self._admin.open()

    @property
    def url(self) -> str:
        """Where a client on this machine finds the daemon."""
        return self._listeners.local_url

    @property
    def _count(self) -> int:
        return self._configuration.settings.listening.workers

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Override: see Daemon."""
        super().setServiceParent(parent)
        if self.own_log is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.own_log)

    def startService(self) -> None:
        """Override: start the workers when the reactor runs."""
        super().startService()
        self._reactor.callWhenRunning(self._start_all)

    def _start_all(self) -> None:
        for number in range(1, self._count + 1):
            self._patience[number] = Patience()
            self._start(number)

    def _is_ready(self, _result: object) -> None:
        """Take note that one more worker answers."""
        all_answer = len([it for it in self._workers.values() if it.is_ready]) == self._count
        if all_answer and not self._announced and not self._stopping:
            self._announced = True
            self._announce()

    def _announce(self) -> None:
        self._log.info(
            "ollamaproxy {version} listening on {urls}, gateway {gateway}, with {count} workers",
            version=__version__,
            urls=" and ".join(self._listeners.urls),
            gateway=", ".join(self._configuration.settings.base_urls),
            count=self._count,
        )
        for doubt in self._warnings:
            self._log.warn("{doubt}", doubt=doubt)
        if self._admin is not None:
            self._log.info("health, metrics and status page on {url}", url=self._admin.url)
        self._notifier.ready()

    def _obstacle(self) -> str | None:
        return "the daemon is about to stop" if self._stopping else None

    def _start(self, number: int) -> None:
        self._restarts.pop(number, None)
        sockets = self._listeners.sockets()
        inherited = [
            Inherited(at, family, is_behind_proxy)
            for at, (_fd, family, is_behind_proxy) in enumerate(sockets, FIRST_SOCKET_FD)
        ]
        assignment = Assignment(
            worker=number,
            accepted=self._configuration.texts,
            origins=self._configuration.origins,
            flags=self._reader.flags,
            config_path=self._reader.config_path,
            sockets=inherited,
        )
        output: dict[int, int | str] = {1: 1, 2: 2} if self._inherits_output else {1: "r", 2: "r"}
        descriptors = {
            0: "w",
            **output,
            TELLING_FD: "r",
            **{at: fd for at, (fd, *_rest) in enumerate(sockets, FIRST_SOCKET_FD)},
        }
        worker = WorkerProcess(assignment, self._worker_ended, self._print)
        worker.ready.addCallback(self._is_ready)
        self._started_s[number] = self._monotonic_s()
        try:
            self._spawn(worker, descriptors)
        except OSError as error:  # no process or no descriptor is to be had just now
            self._start_again(number, f"cannot be started ({error.strerror})")
        else:
            self._workers[number] = worker

    def _spawn(self, worker: WorkerProcess, descriptors: Mapping[int, int | str]) -> None:
        self._reactor.spawnProcess(
            worker,
            sys.executable,
            # Not from the current directory, where anybody may have put something.
            [sys.executable, "-P", "-m", "ollamaproxy.workers"],
            env=self._environ,
            childFDs=descriptors,
        )

    def _print(self, line: str) -> None:
        self._log.info("{line}", line=line)

    def _worker_ended(self, worker: WorkerProcess, how: str) -> None:
        number = worker.assignment.worker
        self._workers.pop(number)
        self._reports.has_ended(worker)
        if not self._stopping:
            self._start_again(number, how)

    def _start_again(self, number: int, how: str) -> None:
        """Start a worker when it is its time, and say why."""
        wait_s = self._patience[number].before_restart_s(
            self._monotonic_s() - self._started_s[number]
        )
        self._log.error(
            "worker {number} {how}; a new one starts {when}",
            number=number,
            how=how,
            when=f"in {wait_s:g} seconds" if wait_s else "now",
        )
        self._restarts[number] = self._reactor.callLater(wait_s, self._start, number)

    def stopService(self) -> Deferred[None]:
        """
        Override: listen no more, and have all workers finish what they do, all at once.

        Returns:
            Fires with ``None`` when all have ended.
        """
        super().stopService()
        self._stopping = True
        self._notifier.stopping()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._log.info("ollamaproxy stops")
        for restart in self._restarts.values():
            restart.cancel()
        ends = [worker.ended for worker in self._workers.values()]
        self._send(signal.SIGTERM)
        deadlines = self._configuration.settings.deadlines
        delay_s = deadlines.drain_delay_s
        # Not before they take none: a worker that does would have a socket closed under its hands.
        closed = DeferredList([worker.closed for worker in self._workers.values()])
        closed.addCallback(self._close)
        patience_s = delay_s + deadlines.drain_s + _GRACE_S
        later = [
            self._reactor.callLater(delay_s + _CLOSING_S, self._close),
            self._reactor.callLater(patience_s, self._send, signal.SIGKILL),
        ]
        await DeferredList(ends)
        for call in later:
            if call.active():
                call.cancel()
        await closed
        if self._admin is not None:
            await self._admin.close()
        self._notifier.stop()

    def _close(self, _result: object = None) -> Deferred[None]:
        return Deferred.fromCoroutine(self._listeners.close())

    def _send(self, number: signal.Signals) -> None:
        for worker in tuple(self._workers.values()):
            worker.send(number)

    def hurry(self) -> None:
        """Wait for nobody any more."""
        self._send(signal.SIGTERM)  # the second one

    def reload(self) -> None:
        """Have all workers read anew what can be; what is bad is told and has no effect."""
        self._notifier.reloading()
        try:
            reopen_all(self._log_files)
            # SIGHUP has the workers open theirs anew as well.
            self._send_when_ready(signal.SIGHUP if self._reload() else signal.SIGUSR1)
        finally:
            if self._announced:
                self._notifier.ready()

    def _reload(self) -> bool:
        """Read the settings anew; return whether they are good."""
        try:
            configuration = self._reader.read()
            self._check(configuration)
        except InvalidSetting as error:
            for mistake in error.mistakes:
                self._log.warn("nothing is changed: {reason}", reason=str(mistake))
            return False
        if self._admin is not None:
            self._admin.follow(configuration.settings)
        self._configuration = _kept(self._configuration, configuration)
        return True

    def reopen_logs(self) -> None:
        """Go on with the log files that have the names now, and have all workers do so."""
        reopen_all(self._log_files)
        self._send_when_ready(signal.SIGUSR1)

    def _send_when_ready(self, number: signal.Signals) -> None:
        """Send a signal to all workers; one that has yet to take signals over would die of it."""
        for worker in tuple(self._workers.values()):
            worker.ready.addCallback(_send_on, worker, number)


def _send_on(_ready: object, worker: WorkerProcess, number: signal.Signals) -> None:
    worker.send(number)


def _kept(before: Configuration, after: Configuration) -> Configuration:
    """Return what holds from now on: what needs a restart is as it was, for new workers, too."""
    given = {
        setting.name: found
        for setting in SETTINGS
        if (found := (before if setting.needs_restart else after).given.get(setting.name))
    }
    settings = evolve(
        after.settings, listening=before.settings.listening, logs=before.settings.logs
    )
    return evolve(after, settings=settings, given=given)
