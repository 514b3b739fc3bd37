"""What the admin listener needs, put together."""

from collections.abc import Callable

from attrs import frozen

from ollamaproxy.admin.gateway_watch import GatewayWatch
from ollamaproxy.admin.lag import LagMeter
from ollamaproxy.admin.page import read_page
from ollamaproxy.admin.readings import Readings
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
class AdminParts:
    """
    The parts.

    Attributes:
        readings: Make the reports.
        site: Tells them.
        lag: Watches the event loop.
        watch: Watches the gateways.
    """

    readings: Readings
    site: AdminSite
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


def make_admin_parts(
    observer: Observer,
    site: ProxySite,
    readiness: Readiness,
    settings: Settings,
    *,
    assembly: Callable[[], Assembly],
    clocks: Clocks,
) -> AdminParts:
    """
    Put them together; nothing is watched yet.

    Args:
        observer: Has seen the requests.
        site: The clients'.
        readiness: Whether the daemon wants requests.
        settings: As they are at the start.
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
    page = read_page()
    tree = make_admin_tree(readings.collect, page, clocks)
    return AdminParts(
        readings=readings,
        site=AdminSite(tree, page, settings, clocks),
        lag=lag,
        watch=GatewayWatch(readiness, ask, clocks.scheduler),
    )
