"""
The composition root: the one place where the parts are put together.

All ways to start the daemon come here: ``twistd`` and ``ollamaproxy.tac`` by
:mod:`ollamaproxy.tap`, the console script by :mod:`ollamaproxy.command`, and a
worker by :mod:`ollamaproxy.workers.__main__`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.logger import ILogObserver, Logger

from ollamaproxy.admin.listener import AdminListener
from ollamaproxy.admin.reports import OwnReports, Reports
from ollamaproxy.assembly import Assembly, assemble, read_keys
from ollamaproxy.callers.key_lines import KeyRing
from ollamaproxy.clocks import Clocks
from ollamaproxy.configuration.addresses import parse_admin_endpoint
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.daemon import AnyListeners, Daemon, Stop
from ollamaproxy.demo.gateway import make_demonstration_site
from ollamaproxy.demo.instructions import instructions
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.access_log import AccessLog, AccessLogObserver, Form, LineStream
from ollamaproxy.logs.files import LogFile
from ollamaproxy.logs.outputs import ACCESS_FORMS
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_line
from ollamaproxy.logs.unknowns import Unknowns
from ollamaproxy.named_files import check_files
from ollamaproxy.notify import make_notifier
from ollamaproxy.readiness import Readiness
from ollamaproxy.reloading import Reloading
from ollamaproxy.server.listeners import Listeners
from ollamaproxy.server.site import ProxySite
from ollamaproxy.server.tls import read_certificate
from ollamaproxy.settings import Listening, Settings
from ollamaproxy.start_warnings import no_warnings, start_warnings
from ollamaproxy.upstream.way import make_way
from ollamaproxy.workers.supervisor import Supervisor

if TYPE_CHECKING:
    from ollamaproxy.admin.parts import Observation

_log = Logger()

#: The demonstration's status page is next to the daemon, or anywhere if that is taken.
_DEMO_ADMIN: Final = tuple(map(parse_admin_endpoint, ("11435", "0")))


def check(configuration: Configuration, environ: Mapping[str, str]) -> None:
    """
    Look for mistakes in what the settings name, see :func:`check_files`.

    Raises:
        InvalidSetting: There are some; the text names their origins.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    check_files(configuration, environ, reactor)


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
            Neither names an origin, see :meth:`Options.naming_origins`.
    """
    if options.settings.listening.workers == 1:
        return make_daemon(options, reactor, access_stream, own_log, log_files)
    reader, configuration = options.reader, options.configuration
    assert reader is not None and configuration is not None  # noqa: PT018, S101 - it is parsed
    if options["demo"]:
        raise InvalidSetting("--demo runs in one process; leave --workers out")
    settings = configuration.settings
    check_files(configuration, reader.environ, reactor)
    clocks = Clocks(scheduler=reactor)

    def make_admin(reports: Reports) -> AdminListener | None:
        endpoint = settings.listening.admin
        if endpoint is None:
            return None
        from ollamaproxy.admin.parts import make_admin_site  # noqa: PLC0415 - see below

        return AdminListener(make_admin_site(reports, settings, clocks), [endpoint], reactor)

    supervisor = Supervisor(
        reader,
        configuration,
        Listeners(reactor, settings.listening, Factory()),
        reactor,
        check=lambda configuration: check_files(configuration, reader.environ, reactor),
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
        warn=start_warnings if not options["demo"] else no_warnings,
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
) -> "tuple[Daemon, Observation | None]":
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

    certificate = read_certificate(settings.listening)
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
        # A tenth of the start and 3 MiB, for those who want it.
        from ollamaproxy.admin.parts import (  # noqa: PLC0415
            make_admin_site,
            make_observation,
            make_observer,
        )

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


def _admin_endpoints(listening: Listening, *, demo: bool) -> Sequence[str]:
    """Return where the status page may be, the best place in front; nothing is nowhere."""
    if listening.admin is not None:
        return [listening.admin]
    return _DEMO_ADMIN if demo else ()


def _gave_up(error: Exception) -> None:
    _log.warn("no more access lines: standard output is broken ({error})", error=error)
