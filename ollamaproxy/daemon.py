"""The running daemon: a service that listens, says so, and stops."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from twisted.application.service import IServiceCollection, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from ollamaproxy import __version__
from ollamaproxy.admin.listener import AdminListener
from ollamaproxy.logs.files import LogFile, reopen_all
from ollamaproxy.notify import Notifier
from ollamaproxy.readiness import Readiness
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings

#: How long a client has to read that its reply was cut, in seconds.
LAST_WORDS_S: Final = 1.0

#: Something to do when the daemon stops; may return a Deferred.
Stop = Callable[[], object]


class AnyListeners(Protocol):
    """Where clients come in, see :class:`~ollamaproxy.server.listeners.Listeners`."""

    @property
    def urls(self) -> list[str]:
        """Where clients find the daemon; empty if that is for others to say."""

    @property
    def local_url(self) -> str:
        """Where a client on this machine does."""

    def open(self) -> None:
        """Take the addresses."""

    async def close(self) -> None:
        """Take no further connections."""


class Daemon(Service):
    """
    Serves a site where it is told to.

    Attributes:
        own_log: Where ``twistd`` shall send all log events instead of to where
            it would by itself; ``None`` leaves that to ``twistd``.
    """

    _log = Logger()
    name = "ollamaproxy"

    def __init__(
        self,
        site: ProxySite,
        listeners: AnyListeners,
        readiness: Readiness,
        settings: Settings,
        reactor: Any,
        *,
        notifier: Notifier,
        starts: Sequence[Callable[[], None]],
        stops: Sequence[Stop],
        reload: Callable[[], None],
        log_files: Sequence[LogFile] = (),
        own_log: ILogObserver | None = None,
        warnings: Sequence[str] = (),
        greeting: Callable[[str, str | None], str] | None = None,
        admin: AdminListener | None = None,
    ) -> None:
        """
        Prepare; nothing listens yet.

        Args:
            site: What to serve.
            listeners: Where.
            readiness: Tells load balancers when the daemon is about to stop.
            settings: As they are at the start.
            reactor: Provides IReactorTime and IReactorCore.
            notifier: Tells the service manager.
            starts: Called when the reactor runs.
            stops: Called when the service stops, after it has stopped listening.
            reload: Reads all anew that can be, and keeps what there is if that is bad.
            log_files: To be opened anew on a signal.
            own_log: See the class.
            warnings: What the person who starts the daemon should think about.
            greeting: Makes a text for that person of the daemon's address and
                that of its status page, if there is one.
            admin: Tells of all this as long as there is something to tell.
        """
        self._site = site
        self._listeners = listeners
        self._readiness = readiness
        self._admin = admin
        self._delay: Deferred[None] | None = None
        self._settings = settings
        self._reactor = reactor
        self._notifier = notifier
        self._starts = starts
        self._stops = stops
        self._reload = reload
        self._log_files = log_files
        self._abortion: IDelayedCall | None = None
        self.own_log = own_log
        self._warnings = warnings
        self._greeting = greeting

    def bind(self) -> None:
        """
        Take the addresses; whoever connects waits until the reactor runs.

        Raises:
            CannotListen: One is not to be had.
        """
        self._listeners.open()
        if self._admin is not None:
            self._admin.open()

    @property
    def url(self) -> str:
        """Where a client on this machine finds the daemon, once its address is taken."""
        return self._listeners.local_url

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Override: bring our own log to an application that has none of its own."""
        super().setServiceParent(parent)
        if self.own_log is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.own_log)

    def startService(self) -> None:
        """Override: say where the daemon is to be found, as soon as it answers there."""
        super().startService()
        for start in (self._announce, *self._starts, self._notifier.ready):
            self._reactor.callWhenRunning(start)

    def _announce(self) -> None:
        if not self._listeners.urls:  # a worker; its supervisor says it once for all
            return
        self._log.info(
            "ollamaproxy {version} listening on {urls}, gateway {gateway}",
            version=__version__,
            urls=" and ".join(self._listeners.urls),
            gateway=", ".join(self._settings.base_urls),
        )
        for warning in self._warnings:
            # Not "warning": an event with that key is one of Python's warnings to Twisted.
            self._log.warn("{doubt}", doubt=warning)
        page_url = None if self._admin is None else self._admin.url
        if page_url is not None:
            self._log.info("health, metrics and status page on {url}", url=page_url)
        if self._greeting is not None:
            self._log.info("{greeting}", greeting=self._greeting(self.url, page_url))

    def stopService(self) -> Deferred[None]:
        """
        Override: say so, take no new requests, finish those that run, then stop the rest.

        Replies that still go on when the time for it is over are cut, and
        their clients told so.  :meth:`hurry` does not wait.

        Returns:
            Fires with ``None`` when all is done.
        """
        super().stopService()
        self._notifier.stopping()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._readiness.withdraw()
        await self._go_on_for_a_while()
        await self._listeners.close()
        self._tell_that_it_stops(len(list(self._site.running)))
        drained = self._site.drain()
        late = self._reactor.callLater(self._site.deadlines.drain_s, self._cut)
        await drained
        for call in (late, self._abortion):
            if call is not None and call.active():
                call.cancel()
        await DeferredList([maybeDeferred(stop) for stop in self._stops], consumeErrors=True)
        if self._admin is not None:
            await self._admin.close()
        self._notifier.stop()

    def _tell_that_it_stops(self, running: int) -> None:
        if running:
            self._log.info(
                "ollamaproxy stops when all requests have ended ({running} are left), but after "
                "{drain_s:g} seconds at the latest; the same signal once more ends it now",
                running=running,
                drain_s=self._site.deadlines.drain_s,
            )
        else:
            self._log.info("ollamaproxy stops")

    async def _go_on_for_a_while(self) -> None:
        """Leave load balancers the time to see that no new requests are wanted."""
        delay_s = self._site.deadlines.drain_delay_s
        if delay_s <= 0:
            return
        self._log.info(
            "ollamaproxy is about to stop; it takes requests for {delay_s:g} seconds more",
            delay_s=delay_s,
        )
        self._delay = Deferred()
        over = self._reactor.callLater(delay_s, self._delay.callback, None)
        await self._delay
        if over.active():
            over.cancel()

    def _cut(self) -> None:
        """Tell the clients that are left that it ends now, and leave them a moment to hear it."""
        count = self._site.cut()
        self._log.warn("{count} replies were cut: they took too long to stop", count=count)
        self._abortion = self._reactor.callLater(LAST_WORDS_S, self._site.abort)

    def hurry(self) -> None:
        """Wait for nobody any more; what still runs is cut off at once."""
        if self._delay is not None and not self._delay.called:
            self._delay.callback(None)
        self._site.cut()
        self._site.abort()

    def reload(self) -> None:
        """Read anew what can be read anew; what is bad is told in the log and has no effect."""
        self._notifier.reloading()
        try:
            self.reopen_logs()
            self._reload()
        finally:
            self._notifier.ready()

    def reopen_logs(self) -> None:
        """Go on with the log files that have the names now; one that is not to be had is told."""
        reopen_all(self._log_files)
