"""What is observed of the daemon, and the site that tells of it."""

from collections.abc import Callable

from attrs import frozen

from ollamaproxy.admin.gateway_watch import GatewayWatch
from ollamaproxy.admin.lag import LagMeter
from ollamaproxy.admin.page import read_page
from ollamaproxy.admin.readings import Readings
from ollamaproxy.admin.reports import Reports
from ollamaproxy.admin.site import AdminSite
from ollamaproxy.admin.tree import make_admin_tree
from ollamaproxy.assembly import Assembly
from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.names import ModelNames
from ollamaproxy.observing.observer import Observer
from ollamaproxy.readiness import Readiness
from ollamaproxy.resources.tree import routes_of
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings


@frozen(kw_only=True)
class Observation:
    """
    What observes this process.

    Attributes:
        readings: Make the reports.
        lag: Watches the event loop.
        watch: Watches the gateways.
    """

    readings: Readings
    lag: LagMeter
    watch: GatewayWatch

    def start(self) -> None:
        """Begin to watch."""
        self.lag.start()
        self.watch.start()

    def stop(self) -> None:
        """Watch no more."""
        self.lag.stop()
        self.watch.stop()


def make_observer(first: Assembly, assembly: Callable[[], Assembly], clocks: Clocks) -> Observer:
    """
    Return what takes note of requests.

    Args:
        first: The parts that answer at the start; the later ones have the same paths.
        assembly: Returns the parts that answer now; not called yet.
        clocks: All of them.
    """

    def listed_name(asked_as: str) -> str | None:
        known = assembly().workings.realms.own.catalogue.known
        model = None if known is None else known.find(asked_as)
        return None if model is None else model.name

    routes = routes_of(first.root)
    return Observer(routes, ModelNames(listed_name), clocks.monotonic_s)


def make_observation(
    observer: Observer,
    site: ProxySite,
    readiness: Readiness,
    *,
    assembly: Callable[[], Assembly],
    clocks: Clocks,
) -> Observation:
    """
    Put it together; nothing is watched yet.

    Args:
        observer: Has seen the requests.
        site: The clients'.
        readiness: Whether the daemon wants requests.
        assembly: Returns the parts that answer now; not called yet.
        clocks: All of them.
    """

    def ask() -> None:
        assembly().workings.realms.own.catalogue.look()

    lag = LagMeter(clocks)
    readings = Readings(
        observer=observer,
        site=site,
        assembly=assembly,
        lag=lag,
        readiness=readiness,
        clocks=clocks,
        started_ns=clocks.wall_ns(),
    )
    return Observation(
        readings=readings, lag=lag, watch=GatewayWatch(readiness, ask, clocks.scheduler)
    )


def make_admin_site(reports: Reports, settings: Settings, clocks: Clocks) -> AdminSite:
    """
    Return what serves the admin address.

    Args:
        reports: Know what there is to tell.
        settings: As they are at the start.
        clocks: All of them.
    """
    page = read_page()
    return AdminSite(make_admin_tree(reports, page, clocks), page, settings, clocks)
