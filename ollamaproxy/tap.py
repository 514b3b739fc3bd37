"""
The composition root: the one place where the parts are put together.

All three ways to start the daemon come through :func:`make_serving`: the
``twistd`` plugin by :func:`makeService`, ``ollamaproxy.tac`` by
:func:`make_application`, and the console script by :mod:`ollamaproxy.command`.
"""

import gc
import getopt
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any, Final

from twisted.application.service import Application
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.usage import UsageError

from ollamaproxy.admin.listener import AdminListener
from ollamaproxy.admin.parts import (
    Observation,
    make_admin_site,
    make_observation,
    make_observer,
)
from ollamaproxy.admin.reports import OwnReports, Reports
from ollamaproxy.assembly import Assembly, assemble, read_keys, uses_own_key
from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.key_lines import KeyRing
from ollamaproxy.clocks import Clocks
from ollamaproxy.configuration.addresses import is_exposed_endpoint, parse_admin_endpoint
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.daemon import AnyListeners, Daemon, Stop
from ollamaproxy.demo.gateway import make_demonstration_site
from ollamaproxy.demo.instructions import instructions
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.access_log import AccessLog, AccessLogObserver, Form, LineStream
from ollamaproxy.logs.files import LogFile
from ollamaproxy.logs.outputs import ACCESS_FORMS, check_outputs, open_outputs
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_line
from ollamaproxy.logs.unknowns import Unknowns
from ollamaproxy.network.proxies import Proxies, proxies_for
from ollamaproxy.notify import make_notifier
from ollamaproxy.readiness import Readiness
from ollamaproxy.reloading import Reloading
from ollamaproxy.server.listeners import CannotListen, Listeners
from ollamaproxy.server.site import ProxySite
from ollamaproxy.server.tls import ServerCertificate
from ollamaproxy.settings import Listening, Settings
from ollamaproxy.signals import Signals
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.forwarding import make_agent
from ollamaproxy.upstream.retry import MakeAgent
from ollamaproxy.upstream.trust import read_trust
from ollamaproxy.upstream.tunnel import name_of
from ollamaproxy.workers.supervisor import Supervisor

_log = Logger()

#: The demonstration's status page is next to the daemon, or anywhere if that is taken.
_DEMO_ADMIN: Final = tuple(map(parse_admin_endpoint, ("11435", "0")))


def make_site(
    assembly: Assembly,
    clocks: Clocks,
    access_observer: ILogObserver | None,
    form: Form = format_line,
    *others: Callable[[AccessRecord], None],
) -> ProxySite:
    """
    Return what faces the clients.

    Args:
        assembly: What answers them.
        clocks: All of them.
        access_observer: Gets the access events; ``None`` is all of Twisted's observers.
        form: Makes the text of the access events.
        others: Get the access records, too.
    """
    takers = (AccessLog(access_observer, form).record, Unknowns().record, *others)

    def record(ended: AccessRecord) -> None:
        for take in takers:
            take(ended)

    return ProxySite(
        assembly.root,
        assembly.settings,
        clocks=clocks,
        record=record,
    )


def make_way(settings: Settings, environ: Mapping[str, str], reactor: Any) -> MakeAgent:
    """
    Return what makes agents that send to the gateways.

    Args:
        settings: Say how.
        environ: May name proxies.
        reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.

    Raises:
        InvalidSetting: A file that the settings name is not to be had, or is
            bad, or the environment names a proxy that is none.
    """
    trust, proxies = read_trust(settings.network), find_proxies(settings, environ)
    for url in settings.base_urls:
        if (proxy := proxies.proxy_to(url)) is not None:
            _log.info("{url} is reached through {proxy}", url=url, proxy=name_of(proxy))
    endpoints = GatewayEndpoints(reactor, settings.deadlines.connect_s, trust, proxies)
    return partial(make_agent, reactor, endpoints, proxies)


def find_proxies(settings: Settings, environ: Mapping[str, str]) -> Proxies:
    """
    Return the proxies on the ways to the gateways.

    Raises:
        InvalidSetting: The environment names one that is none.
    """
    network = settings.network
    return proxies_for(settings.base_urls, environ, network.proxies, network.bypass)


def check_files(settings: Settings, environ: Mapping[str, str]) -> None:
    """
    Look at the files that the settings name, for nothing but their mistakes, and at the proxies.

    Raises:
        InvalidSetting: One is not to be had, or is bad.
    """
    read_keys(settings)
    read_trust(settings.network)
    find_proxies(settings, environ)
    read_certificate(settings)
    check_outputs(settings.logs)


def read_certificate(settings: Settings) -> ServerCertificate | None:
    """
    Return the daemon's own certificate; ``None`` is no TLS.

    Raises:
        InvalidSetting: It is not to be had, or is bad.
    """
    listening = settings.listening
    if listening.certificate is None:
        return None
    return ServerCertificate(listening.certificate, listening.key)


def make_serving(
    options: Options,
    reactor: Any,
    access_stream: LineStream | None,
    own_log: ILogObserver | None = None,
    log_files: Sequence[LogFile] = (),
    *,
    in_foreground: bool = True,
) -> Daemon | Supervisor:
    """
    Return what serves, with its address taken; it answers once its service and the reactor run.

    Args:
        options: Parsed.
        reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.
        access_stream: Gets the access lines; if ``None``, they go to Twisted's log.
        own_log: See :class:`Daemon`.
        log_files: See :class:`Daemon`.
        in_foreground: There are standard streams.

    Raises:
        CannotListen: The address is not to be had.
        InvalidSetting: A file that the settings name is not to be had, or is bad.
    """
    if options.settings.listening.workers == 1:
        return make_daemon(options, reactor, access_stream, own_log, log_files)
    reader, configuration = options.reader, options.configuration
    assert reader is not None and configuration is not None  # noqa: PT018, S101 - it is parsed
    if options["demo"]:
        raise InvalidSetting("--demo runs in one process; leave --workers out")
    settings = configuration.settings
    check_files(settings, reader.environ)
    clocks = Clocks(scheduler=reactor)

    def make_admin(reports: Reports) -> AdminListener | None:
        endpoint = settings.listening.admin
        if endpoint is None:
            return None
        return AdminListener(make_admin_site(reports, settings, clocks), [endpoint], reactor)

    supervisor = Supervisor(
        reader,
        configuration,
        Listeners(reactor, settings.listening, Factory()),
        reactor,
        check=lambda configuration: check_files(configuration.settings, reader.environ),
        notifier=make_notifier(reader.environ, os.getpid(), clocks),
        clocks=clocks,
        make_admin=make_admin,
        environ=reader.environ,
        inherits_output=in_foreground,
        log_files=log_files,
        own_log=own_log,
        warnings=(*configuration.warnings, *start_warnings(settings, read_keys(settings))),
    )
    supervisor.bind()
    return supervisor


def make_daemon(
    options: Options,
    reactor: Any,
    access_stream: LineStream | None,
    own_log: ILogObserver | None = None,
    log_files: Sequence[LogFile] = (),
) -> Daemon:
    """
    Return a daemon of one process, see :func:`make_serving`.

    Raises:
        CannotListen: The address is not to be had.
        InvalidSetting: A file that the settings name is not to be had, or is bad.
    """
    reader, configuration = options.reader, options.configuration
    assert reader is not None and configuration is not None  # noqa: PT018, S101 - it is parsed
    stops: list[Stop] = []
    if options["demo"]:
        demonstration = reactor.listenTCP(
            0, make_demonstration_site(reactor), interface="127.0.0.1"
        )
        stops.append(demonstration.stopListening)
        reader = reader.for_demonstration(f"http://127.0.0.1:{demonstration.getHost().port}")
        configuration = reader.read()
    listening = configuration.settings.listening
    daemon, _observation = build_daemon(
        reader,
        configuration,
        reactor,
        access_stream,
        make_listeners=lambda factory: Listeners(reactor, listening, factory),
        warn=start_warnings if not options["demo"] else _no_warnings,
        stops=stops,
        own_log=own_log,
        log_files=log_files,
        greeting=instructions if options["demo"] else None,
        admin_endpoints=_admin_endpoints(listening, demo=bool(options["demo"])),
    )
    daemon.bind()
    return daemon


def build_daemon(
    reader: ConfigurationReader,
    configuration: Configuration,
    reactor: Any,
    access_stream: LineStream | None,
    *,
    make_listeners: Callable[[IProtocolFactory], AnyListeners],
    warn: Callable[[Settings, KeyRing | None], Sequence[str]],
    stops: Sequence[Stop] = (),
    own_log: ILogObserver | None = None,
    log_files: Sequence[LogFile] = (),
    greeting: Callable[[str, str | None], str] | None = None,
    admin_endpoints: Sequence[str] = (),
    is_observed: bool = False,
) -> tuple[Daemon, Observation | None]:
    """
    Return a daemon that has not yet taken its address, and what observes it, if anything does.

    Args:
        reader: Reads the settings anew.
        configuration: What it has read.
        reactor: See :func:`make_serving`.
        access_stream: See :func:`make_serving`.
        make_listeners: Makes what listens, of what makes the protocols.
        warn: Says what the operator should think about.
        stops: Called when the daemon stops.
        own_log: See :class:`Daemon`.
        log_files: See :class:`Daemon`.
        greeting: See :class:`Daemon`.
        admin_endpoints: Where the status page may be, the best place in front;
            nothing is nowhere.
        is_observed: There is a page elsewhere that tells of this daemon.

    Raises:
        InvalidSetting: A file that the settings name is not to be had, or is bad.
    """
    settings = configuration.settings
    clocks = Clocks(scheduler=reactor)

    def assemble_here(settings: Settings, before: Assembly | None) -> Assembly:
        return assemble(
            settings, make_way(settings, reader.environ, reactor), clocks, before=before
        )

    certificate = read_certificate(settings)
    assembly = assemble_here(settings, None)
    form = ACCESS_FORMS[settings.logs.format]
    access_observer = (
        None if access_stream is None else AccessLogObserver(access_stream, _gave_up, form)
    )

    def assembly_now() -> Assembly:
        return reloading.assembly

    readiness = Readiness(assembly_now)
    starts, followers, admin, observation = [assembly.start], [], None, None
    if admin_endpoints or is_observed:
        observer = make_observer(assembly, assembly_now, clocks)
        site = make_site(assembly, clocks, access_observer, form, observer.record)
        observation = make_observation(
            observer, site, readiness, assembly=assembly_now, clocks=clocks
        )
        starts.append(observation.start)
        stops = [*stops, observation.stop]
        if admin_endpoints:
            reports = OwnReports(observation.readings.collect)
            admin = AdminListener(
                make_admin_site(reports, settings, clocks), admin_endpoints, reactor
            )
            followers.append(admin.follow)
    else:
        site = make_site(assembly, clocks, access_observer, form)
    reloading = Reloading(
        configuration,
        assembly,
        read=reader.read,
        assemble=assemble_here,
        site=site,
        certificate=certificate,
        warnings=warn,
        followers=followers,
    )
    daemon = Daemon(
        site,
        make_listeners(site if certificate is None else certificate.secured(site)),
        readiness,
        settings,
        reactor,
        notifier=make_notifier(reader.environ, os.getpid(), clocks),
        starts=starts,
        stops=[*stops, lambda: reloading.assembly.stop()],  # noqa: PLW0108 - the one that is there then
        reload=reloading.reload,
        log_files=log_files,
        own_log=own_log,
        warnings=(*configuration.warnings, *warn(settings, assembly.keys)),
        greeting=greeting,
        admin=admin,
    )
    return daemon, observation


def _admin_endpoints(listening: Listening, *, demo: bool) -> Sequence[str]:
    """Return where the status page may be, the best place in front; nothing is nowhere."""
    if listening.admin is not None:
        return [listening.admin]
    return _DEMO_ADMIN if demo else ()


def _gave_up(error: Exception) -> None:
    _log.warn("no more access lines: standard output is broken ({error})", error=error)


def _no_warnings(_settings: Settings, _keys: KeyRing | None) -> Sequence[str]:
    return ()


def start_warnings(settings: Settings, keys: KeyRing | None) -> Sequence[str]:
    """
    Return what the person who starts the daemon should think about.

    Args:
        settings: All of them.
        keys: Those of the keys file, if there is one.
    """
    warnings = [] if keys is None else list(key_warnings(settings, keys))
    if keys is None and uses_own_key(settings) and (place := _exposed(settings.listening)):
        warnings.append(
            f"everybody who can reach {place} can use the gateway through this daemon "
            "without a key; --client-auth keys asks for one, "
            "and --host 127.0.0.1 keeps it to this machine"
        )
    if settings.listening.admin is not None and is_exposed_endpoint(settings.listening.admin):
        warnings.append(
            f"everybody who can reach {settings.listening.admin} sees on the status page which "
            "models are used and by whom; --admin-listen 127.0.0.1:11435 keeps it to this machine"
        )
    if keys is None and settings.end_user_header is not None:
        warnings.append("--end-user-header has no effect: only keys of a --keys-file have names")
    return warnings


def key_warnings(settings: Settings, keys: KeyRing) -> Iterable[str]:
    """Return what the operator should think about the keys file."""
    file = KeyFile(settings.keys_file or "")
    if not keys.entries:
        yield f"keys file {file} has no keys, so nobody may call"
    if file.is_exposed:
        yield (
            f"keys file {file} can be read or changed by other users of this machine; "
            "chmod 600 keeps it to its owner"
        )


def _exposed(listening: Listening) -> str:
    """Return where others than this machine's users can come in; empty if nowhere."""
    if not listening.endpoints:
        return "" if _is_loopback(listening.host) else listening.host
    return next(filter(is_exposed_endpoint, listening.endpoints), "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_service(options: Options, twistd: Mapping[str, Any]) -> Daemon | Supervisor:
    """
    Return the daemon for ``twistd``.

    In the foreground the access lines go to standard output and everything
    else to standard error, unless ``twistd`` was told of a log.  In the
    background there is neither: both go to ``twistd``'s log.  Files that the
    settings name come before all of these.

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
    # A standard stream that is closed is None to Python.
    stdout = sys.stdout.buffer if foreground and sys.stdout else None
    stderr = sys.stderr if foreground and not has_log else None
    try:
        outputs = open_outputs(options.settings.logs, stdout, stderr, sys.stderr)
        daemon = make_serving(
            options,
            reactor,
            outputs.access,
            outputs.messages,
            outputs.files,
            in_foreground=stdout is not None,
        )
    except (CannotListen, InvalidSetting) as error:
        raise SystemExit(f"ollamaproxy: {error}") from error
    reactor.callWhenRunning(Signals(daemon, reactor).install)
    # What there is now stays: the collector shall not go through it at each large request.
    reactor.callWhenRunning(gc.freeze)
    return daemon


def makeService(options: Options) -> Daemon | Supervisor:
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
    options = Options(environ, check_files)
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
