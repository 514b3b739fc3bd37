"""The doctor's parts, put together from the daemon's own."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve
from twisted.internet.defer import DeferredList, maybeDeferred

from ollamaproxy.assembly import Assembly, assemble
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.examination import Examination, Wishes
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.doctor.probes.connections import Connections, Ways
from ollamaproxy.doctor.probes.gateway import GatewayProbes
from ollamaproxy.doctor.probes.here import Here
from ollamaproxy.doctor.probes.looking import NearEndpoints
from ollamaproxy.doctor.probes.questions import Questions
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.agent import PoolAgent
from ollamaproxy.upstream.client import GatewayClient
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.pool import make_pool
from ollamaproxy.upstream.trust import read_trust
from ollamaproxy.upstream.way import find_proxies, make_way


class Doctor:
    """
    The parts, put together.

    Attributes:
        examination: What they are for.
    """

    def __init__(
        self,
        settings: Settings,
        wishes: Wishes,
        *,
        wait_s: float,
        environ: Mapping[str, str],
        reactor: Any,
        clocks: Clocks,
        say: Callable[[Finding], None],
    ) -> None:
        """
        Put them together.

        Args:
            settings: The daemon's.
            wishes: What the person wants to know.
            wait_s: How long to wait where the daemon may have more patience.
            environ: May name proxies.
            reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.
            clocks: All of them.
            say: Is told each finding as soon as it is there.

        Raises:
            InvalidSetting: A file that the settings name is not to be had, or is bad.
        """
        self._settings = _in_a_hurry(settings, wait_s)
        self._environ = environ
        self._reactor = reactor
        self._clocks = clocks
        self._assemblies: list[Assembly] = []
        self.examination = Examination(
            self._settings,
            wishes,
            clocks,
            gateways=[self._probes_of(url) for url in settings.base_urls],
            here=Here(settings.listening, reactor, self._questions_to),
            say=say,
        )

    async def run(self) -> None:
        """Examine, and close all connections."""
        await self.examination.run()
        closing = [maybeDeferred(assembly.stop) for assembly in self._assemblies]
        await DeferredList(closing, consumeErrors=True)

    def _probes_of(self, base_url: str) -> GatewayProbes:
        settings = _for_one_gateway(self._settings, base_url)
        assembly = assemble(
            settings, make_way(settings, self._environ, self._reactor), self._clocks
        )
        self._assemblies.append(assembly)
        return GatewayProbes(
            base_url,
            settings,
            self._reactor,
            self._clocks,
            connections=Connections(
                base_url, self._ways(settings), self._clocks, settings.deadlines.connect_s
            ),
            questions=Questions(assembly.client, base_url, settings, self._clocks, settings.hidden),
            gateway=assembly.workings.gateway,
        )

    def _ways(self, settings: Settings) -> Ways:
        """Return the ways to a gateway; without TLS it is gone to by the same proxy as with it."""
        trust, proxies = read_trust(settings.network), find_proxies(settings, self._environ)
        proxy = proxies.proxy_to(settings.base_url)
        same = evolve(proxies, http=proxy, https=proxy)
        endpoints = GatewayEndpoints(self._reactor, settings.deadlines.connect_s, trust, same)
        if proxy is None:
            return Ways(endpoints)
        return Ways(endpoints, endpoints.endpoint_for_proxy(proxy), proxy.host, proxy.port)

    def _questions_to(self, url: str) -> Questions:
        """
        Return what asks the server of a URL on this machine.

        By no proxy, never with the gateway's key, and so whatever certificate
        the daemon has.
        """
        near = NearEndpoints(self._reactor)
        client = GatewayClient(
            PoolAgent(near, make_pool(self._reactor, 0, self._clocks.monotonic_s)), None
        )
        return Questions(client, url, self._settings, self._clocks, ())


def _in_a_hurry(settings: Settings, wait_s: float) -> Settings:
    """Return the settings of a daemon for which a person waits."""
    deadlines = settings.deadlines
    return evolve(
        settings,
        deadlines=evolve(
            deadlines,
            first_byte_s=min(deadlines.first_byte_s, wait_s),
            between_bytes_s=min(deadlines.between_bytes_s, wait_s),
        ),
    )


def _for_one_gateway(settings: Settings, base_url: str) -> Settings:
    """Return the settings of a daemon that has one gateway, and no callers but itself."""
    return evolve(
        settings,
        base_url=base_url,
        more_base_urls=(),
        keys_file=None,
        client_auth=ClientAuth.NONE,
    )
