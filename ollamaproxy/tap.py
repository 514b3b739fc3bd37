"""
The composition root: the one place where the parts are put together.

All three ways to start the daemon come through :func:`make_daemon`: the
``twistd`` plugin by :func:`makeService`, ``ollamaproxy.tac`` by
:func:`make_application`, and the console script by :mod:`ollamaproxy.command`.
"""

import getopt
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, BinaryIO

from twisted.application.service import Application
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.usage import UsageError

from ollamaproxy.access_log import AccessLog, AccessLogObserver
from ollamaproxy.admission import Admission
from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.callers.gates import Gate, KeysGate, OpenGate, PassthroughGate
from ollamaproxy.callers.kept_keys import KeptKeys
from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.clocks import Clocks
from ollamaproxy.daemon import CannotListen, Daemon, Stop
from ollamaproxy.daemon_log import stderr_observer
from ollamaproxy.demo.gateway import make_demonstration_site
from ollamaproxy.demo.instructions import instructions
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.options import Options
from ollamaproxy.realms import Realms
from ollamaproxy.resources.management import refuse_upload
from ollamaproxy.resources.tree import make_tree
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.browsers import BrowserRules
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings
from ollamaproxy.signals import Signals
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.upstream.client import make_client, make_pool
from ollamaproxy.upstream.discovery import Discovery
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.failover import FailoverAgent
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.upstream.identity import Identity
from ollamaproxy.upstream.retry import make_retrying_agent

_log = Logger()


def make_site(workings: Workings, access_observer: ILogObserver | None) -> ProxySite:
    """
    Return what faces the clients.

    Args:
        workings: What answers them.
        access_observer: Gets the access events; ``None`` is all of Twisted's observers.
    """
    settings = workings.settings
    return ProxySite(
        make_tree(workings),
        clocks=workings.clocks,
        record=AccessLog(access_observer).record,
        limits=settings.limits,
        deadlines=settings.deadlines,
        browsers=BrowserRules(settings.origins, settings.host_names),
        refuse_early=partial(refuse_upload, workings.gate),
    )


def make_gate(settings: Settings, keys: KeptKeys | None) -> Gate:
    """Return what decides who may call; ``keys`` are those of the keys file, if there is one."""
    if keys is not None:
        return KeysGate(keys.find)
    if settings.client_auth is ClientAuth.PASSTHROUGH:
        return PassthroughGate(without_key=settings.api_key is not None)
    return OpenGate()


def make_realms(gateway: Gateway, settings: Settings, clocks: Clocks) -> Realms:
    """Return what knows the models of each key."""

    def make_catalogue(caller: Caller) -> Catalogue:
        return Catalogue(
            Discovery(gateway, caller).models,
            settings.models,
            settings.freshness,
            clocks,
            logs=caller is NOBODY,
        )

    return Realms(make_catalogue, clocks)


def make_admission(settings: Settings, clocks: Clocks) -> Admission:
    """Return what bounds how much the gateway is given to do at a time."""
    return Admission(
        settings.limits.max_in_flight,
        settings.limits.max_waiting,
        settings.deadlines.queue_s,
        clocks.scheduler,
    )


def _uses_own_key(settings: Settings) -> bool:
    """Whether there can be requests to the gateway in the daemon's own name."""
    return settings.client_auth is not ClientAuth.PASSTHROUGH or settings.api_key is not None


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
        InvalidSetting: The keys file is not to be had, or is bad.
    """
    stops: list[Stop] = []
    reloads: list[Callable[[], None]] = []
    settings = options.settings
    if settings is None:
        demonstration = reactor.listenTCP(
            0, make_demonstration_site(reactor), interface="127.0.0.1"
        )
        stops.append(demonstration.stopListening)
        base_url = f"http://127.0.0.1:{demonstration.getHost().port}"
        settings = options.settings_for(base_url, None)
    clocks = Clocks(scheduler=reactor)
    pool = make_pool(reactor, settings.limits.max_idle_connections, clocks.monotonic_s)
    stops.append(pool.closeCachedConnections)
    endpoints = GatewayEndpoints(reactor, settings.deadlines.connect_s)
    retries_posts = not settings.no_retry
    failover = FailoverAgent(
        make_retrying_agent(reactor, endpoints, pool, retries_posts=retries_posts),
        settings.base_urls,
        cooldown_s=settings.cooldown_s,
        monotonic_s=clocks.monotonic_s,
        retries_posts=retries_posts,
    )
    identity = Identity(settings.end_user_header, settings.tags)
    client = make_client(failover, settings.api_key, identity.names)
    gateway = Gateway(client, settings, clocks, identity)
    keys = None if settings.keys_file is None else KeptKeys(KeyFile(settings.keys_file))
    if keys is not None:
        reloads.append(keys.reload)
    realms = make_realms(gateway, settings, clocks)
    stops.append(realms.stop)
    workings = Workings(
        gate=make_gate(settings, keys),
        gateway=gateway,
        realms=realms,
        admission=make_admission(settings, clocks),
        settings=settings,
        clocks=clocks,
    )
    access_observer = None if access_stream is None else AccessLogObserver(access_stream, _gave_up)
    site = make_site(workings, access_observer)
    daemon = Daemon(
        site,
        settings,
        reactor,
        starts=[realms.start] if _uses_own_key(settings) else [],
        stops=stops,
        reloads=reloads,
        own_log=own_log,
        warnings=() if options["demo"] else start_warnings(settings, keys),
        greeting=instructions if options["demo"] else None,
    )
    daemon.bind()
    return daemon


def _gave_up(error: Exception) -> None:
    _log.warn("no more access lines: standard output is broken ({error})", error=error)


def start_warnings(settings: Settings, keys: KeptKeys | None) -> Sequence[str]:
    """Return what the person who starts the daemon should think about."""
    warnings = [] if keys is None else list(keys.warnings())
    if keys is None and _uses_own_key(settings) and not _is_loopback(settings.host):
        warnings.append(
            f"everybody who can reach {settings.host} can use the gateway through this daemon "
            "without a key; --client-auth keys asks for one, "
            "and --host 127.0.0.1 keeps it to this machine"
        )
    if keys is None and settings.end_user_header is not None:
        warnings.append("--end-user-header has no effect: only keys of a --keys-file have names")
    return warnings


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
        SystemExit: With one line for standard error: the address or the keys
            file is not to be had.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - see the house rule on reactors

    foreground = bool(twistd.get("nodaemon") or twistd.get("debug"))
    has_log = any(twistd.get(name) for name in ("logfile", "syslog", "logger"))
    own_log = stderr_observer(sys.stderr) if foreground and sys.stderr and not has_log else None
    try:
        # A standard output that is closed is None to Python.
        stream = sys.stdout.buffer if foreground and sys.stdout else None
        daemon = make_daemon(options, reactor, stream, own_log)
    except (CannotListen, InvalidSetting) as error:
        raise SystemExit(f"ollamaproxy: {error}") from error
    reactor.callWhenRunning(Signals(daemon, reactor).install)
    return daemon


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
