"""The running daemon: a service that listens, says so, and stops."""

import errno
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final

from twisted.application.service import IServiceCollection, Service
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

from ollamaproxy import __version__
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings

#: Connections that may wait to be accepted.  With Twisted's 50 a burst of 500
#: waits 4 to 6 seconds in retries, with 1024 it takes 0.03 (measured).
BACKLOG: Final = 1024

#: How long a client has to read that its reply was cut, in seconds.
LAST_WORDS_S: Final = 1.0

#: Something to do when the daemon stops; may return a Deferred.
Stop = Callable[[], object]


class CannotListen(Exception):
    """The address is not to be had; the text says why and what to do."""


class Daemon(Service):
    """
    Serves a site on the address of the settings.

    Attributes:
        own_log: Where ``twistd`` shall send all log events instead of to where
            it would by itself; ``None`` leaves that to ``twistd``.
    """

    _log = Logger()
    name = "ollamaproxy"

    def __init__(
        self,
        site: ProxySite,
        settings: Settings,
        reactor: Any,
        *,
        starts: Sequence[Callable[[], None]],
        stops: Sequence[Stop],
        reloads: Sequence[Callable[[], None]] = (),
        own_log: ILogObserver | None = None,
        warnings: Sequence[str] = (),
        greeting: Callable[[str], str] | None = None,
    ) -> None:
        """
        Prepare; nothing listens yet.

        Args:
            site: What to serve.
            settings: Says where.
            reactor: Provides IReactorTCP and IReactorCore.
            starts: Called when the reactor runs.
            stops: Called when the service stops, after it has stopped listening.
            reloads: Each reads something anew, and keeps what it has if that is bad.
            own_log: See the class.
            warnings: What the person who starts the daemon should think about.
            greeting: Makes a text for that person of the daemon's address.
        """
        self._site = site
        self._settings = settings
        self._reactor = reactor
        self._starts = starts
        self._stops = stops
        self._reloads = reloads
        self._abortion: IDelayedCall | None = None
        self.own_log = own_log
        self._warnings = warnings
        self._greeting = greeting
        self._port: IListeningPort | None = None

    def bind(self) -> None:
        """
        Take the address; whoever connects waits until the reactor runs.

        Done before ``twistd`` goes into the background, so that a port in use
        is told to the person who started it and not to a log file.

        Raises:
            CannotListen: The address is in use or is none of this machine's.
        """
        host = self._settings.host
        try:
            self._port = self._reactor.listenTCP(self._settings.port, self._site, BACKLOG, host)
        except CannotListenError as error:
            reason = getattr(error.socketError, "strerror", None) or error.socketError
            advice = (
                "is an Ollama or another ollamaproxy running there? "
                "Stop it, or choose another --port or --host"
                if getattr(error.socketError, "errno", None) == errno.EADDRINUSE
                else "choose an address of this machine with --host"
            )
            raise CannotListen(
                f"cannot listen on {self._address(host)}: {reason}; {advice}"
            ) from error
        except (TypeError, UnicodeError) as error:  # Python's, of a name that is none
            raise CannotListen(f"--host {host!r} is no address and no host name") from error

    @property
    def url(self) -> str:
        """Where a client on this machine finds the daemon, once its address is taken."""
        host = self._settings.host
        return f"http://{self._address('localhost' if _is_any(host) else host)}"

    def _address(self, host: str) -> str:
        """Return host and port for a URL; the real port, should the system have chosen it."""
        bound = self._port.getHost() if self._port is not None else None
        port = bound.port if isinstance(bound, (IPv4Address, IPv6Address)) else self._settings.port
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Override: bring our own log to an application that has none of its own."""
        super().setServiceParent(parent)
        if self.own_log is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.own_log)

    def startService(self) -> None:
        """Override: say where the daemon is to be found, as soon as it answers there."""
        super().startService()
        for start in (self._announce, *self._starts):
            self._reactor.callWhenRunning(start)

    def _announce(self) -> None:
        self._log.info(
            "ollamaproxy {version} listening on http://{address}, gateway {gateway}",
            version=__version__,
            address=self._address(self._settings.host),
            gateway=", ".join(self._settings.base_urls),
        )
        for warning in self._warnings:
            # Not "warning": an event with that key is one of Python's warnings to Twisted.
            self._log.warn("{doubt}", doubt=warning)
        if self._greeting is not None:
            self._log.info("{greeting}", greeting=self._greeting(self.url))

    def stopService(self) -> Deferred[None]:
        """
        Override: take no new requests, finish those that run, then stop the rest.

        Replies that still go on when the time for it is over are cut, and
        their clients told so.  :meth:`hurry` does not wait.

        Returns:
            Fires with ``None`` when all is done.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            await maybeDeferred(port.stopListening)
        self._log.info("ollamaproxy stops")
        drained = self._site.drain()
        late = self._reactor.callLater(self._settings.deadlines.drain_s, self._cut)
        await drained
        for call in (late, self._abortion):
            if call is not None and call.active():
                call.cancel()
        await DeferredList([maybeDeferred(stop) for stop in self._stops], consumeErrors=True)

    def _cut(self) -> None:
        """Tell the clients that are left that it ends now, and leave them a moment to hear it."""
        count = self._site.cut()
        self._log.warn("{count} replies were cut: they took too long to stop", count=count)
        self._abortion = self._reactor.callLater(LAST_WORDS_S, self._site.abort)

    def hurry(self) -> None:
        """Wait for nobody any more; what still runs is cut off at once."""
        self._site.cut()
        self._site.abort()

    def reload(self) -> None:
        """Read anew what can be read anew; what is bad is told in the log and has no effect."""
        for reload in self._reloads:
            reload()


def _is_any(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
