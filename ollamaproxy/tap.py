"""
The composition root: the one place where the parts are put together.

All three ways to start the daemon come through :func:`make_daemon`: the
``twistd`` plugin by :func:`makeService`, ``ollamaproxy.tac`` by
:func:`make_application`, and the console script by :mod:`ollamaproxy.command`.
"""

import getopt
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any, BinaryIO

from twisted.application.service import Application
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.usage import UsageError
from twisted.web.client import HTTPConnectionPool

from ollamaproxy.access_log import AccessLog, AccessLogObserver
from ollamaproxy.clocks import Clocks
from ollamaproxy.daemon import CannotListen, Daemon, Stop
from ollamaproxy.daemon_log import stderr_observer
from ollamaproxy.demo.gateway import make_demonstration_site
from ollamaproxy.demo.instructions import instructions
from ollamaproxy.options import Options
from ollamaproxy.resources.tree import make_tree
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.upstream.client import make_client, make_pool
from ollamaproxy.upstream.discovery import Discovery
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.gateway import Gateway

_log = Logger()


def make_site(
    settings: Settings,
    clocks: Clocks,
    gateway: Gateway,
    catalogue: Catalogue,
    access_observer: ILogObserver | None,
) -> ProxySite:
    """
    Return what faces the clients.

    Args:
        settings: All of them.
        clocks: All of them.
        gateway: What faces the gateway.
        catalogue: Knows its models.
        access_observer: Gets the access events; ``None`` is all of Twisted's observers.
    """
    record = AccessLog(access_observer).record
    return ProxySite(
        make_tree(gateway, catalogue, settings, clocks),
        clocks=clocks,
        record=record,
        max_body_bytes=settings.limits.max_request_bytes,
    )


def make_daemon(
    options: Options,
    reactor: Any,
    access_stream: BinaryIO | None,
    own_log: ILogObserver | None = None,
) -> Daemon:
    """
    Return the daemon, with its address taken; it answers once its service and the reactor run.

    Args:
        options: Parsed.
        reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.
        access_stream: Gets the access lines; if ``None``, they go to Twisted's log.
        own_log: See :class:`Daemon`.

    Raises:
        CannotListen: The address is not to be had.
    """
    stops: list[Stop] = []
    settings = options.settings
    if settings is None:
        demonstration = reactor.listenTCP(
            0, make_demonstration_site(reactor), interface="127.0.0.1"
        )
        stops.append(demonstration.stopListening)
        base_url = f"http://127.0.0.1:{demonstration.getHost().port}"
        settings = options.settings_for(base_url, None)
    clocks = Clocks(scheduler=reactor)
    pool: HTTPConnectionPool = make_pool(reactor, settings.limits.max_idle_connections)
    stops.append(pool.closeCachedConnections)
    endpoints = GatewayEndpoints(reactor, settings.deadlines.connect_s)
    client = make_client(reactor, endpoints, pool, settings.api_key)
    gateway = Gateway(client, settings, clocks)
    catalogue = Catalogue(Discovery(gateway).models, settings.models, settings.freshness, clocks)
    stops.append(catalogue.stop)
    access_observer = None if access_stream is None else AccessLogObserver(access_stream, _gave_up)
    site = make_site(settings, clocks, gateway, catalogue, access_observer)
    daemon = Daemon(
        site,
        settings,
        reactor,
        starts=[catalogue.start],
        stops=stops,
        own_log=own_log,
        warnings=() if options["demo"] else _warnings(settings),
        greeting=instructions if options["demo"] else None,
    )
    daemon.bind()
    return daemon


def _gave_up(error: Exception) -> None:
    _log.warn("no more access lines: standard output is broken ({error})", error=error)


def _warnings(settings: Settings) -> Sequence[str]:
    """Return what the person who starts the daemon should think about."""
    try:
        loopback = ip_address(settings.host).is_loopback
    except ValueError:
        loopback = settings.host == "localhost"
    if loopback:
        return ()
    warning = (
        f"everybody who can reach {settings.host} can use the gateway through this daemon, "
        "for clients of Ollama have no keys; --host 127.0.0.1 keeps it to this machine"
    )
    return (warning,)


def make_service(options: Options, twistd: Mapping[str, Any]) -> Daemon:
    """
    Return the daemon for ``twistd``.

    In the foreground the access lines go to standard output and everything
    else to standard error, unless ``twistd`` was told of a log.  In the
    background there is neither: both go to ``twistd``'s log.

    Args:
        options: Parsed.
        twistd: The options of ``twistd`` itself, by their long names.

    Raises:
        SystemExit: With one line for standard error: the address is not to be had.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - see the house rule on reactors

    foreground = bool(twistd.get("nodaemon") or twistd.get("debug"))
    has_log = any(twistd.get(name) for name in ("logfile", "syslog", "logger"))
    own_log = stderr_observer(sys.stderr) if foreground and sys.stderr and not has_log else None
    try:
        # A standard output that is closed is None to Python.
        stream = sys.stdout.buffer if foreground and sys.stdout else None
        return make_daemon(options, reactor, stream, own_log)
    except CannotListen as error:
        raise SystemExit(f"ollamaproxy: {error}") from error


def makeService(options: Options) -> Daemon:
    """Return the daemon for the plugin; the name is ``twisted.application.service``'s."""
    return make_service(options, options.parent or {})


def make_application(argv: Sequence[str], environ: Mapping[str, str]) -> Componentized:
    """
    Return the application for ``twistd -y ollamaproxy.tac``, set by environment variables.

    Args:
        argv: The command line of ``twistd``, without the program's name.
        environ: The environment.

    Raises:
        SystemExit: With one line for standard error: a setting is missing or cannot work.
    """
    options = Options(environ)
    try:
        options.parseOptions([])
    except UsageError as error:
        raise SystemExit(f"ollamaproxy: {error}") from error
    application: Componentized = Application("ollamaproxy")
    make_service(options, _twistd_flags(argv)).setServiceParent(application)  # type: ignore[arg-type]  # it takes what adapts
    return application


def _twistd_flags(argv: Sequence[str]) -> Mapping[str, Any]:
    """Return what ``twistd`` was told, by long names: a .tac file is not handed its options."""
    # Which flags there are depends on the platform.  Slow to import, and only for this.
    from twisted.scripts.twistd import (  # type: ignore[attr-defined]  # noqa: PLC0415
        ServerOptions,
    )

    twistd = ServerOptions()
    try:
        given, _rest = getopt.getopt(list(argv), twistd.shortOpt, twistd.longOpt)
    except getopt.GetoptError:
        return {}
    return {twistd.synonyms[flag.lstrip("-")]: value or True for flag, value in given}
