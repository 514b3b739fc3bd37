"""The doctor's parts, put together from the daemon's own."""

from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen
from twisted.web.client import Agent

from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.examination import Examination, Wishes
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.doctor.probes.connections import AnyCertificatePolicy, Connections
from ollamaproxy.doctor.probes.gateway import GatewayProbes
from ollamaproxy.doctor.probes.here import Here
from ollamaproxy.doctor.probes.questions import Questions
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.client import make_client, make_pool
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.upstream.identity import Identity
from ollamaproxy.upstream.retry import TellingPool, make_retrying_agent


@frozen
class Doctor:
    """
    The parts.

    Attributes:
        examination: What they are for.
        pool: The connections to the gateways that wait; to be closed at the end.
    """

    examination: Examination
    pool: TellingPool


def make_doctor(
    settings: Settings,
    wishes: Wishes,
    *,
    wait_s: float,
    reactor: Any,
    clocks: Clocks,
    say: Callable[[Finding], None],
) -> Doctor:
    """
    Return the parts, put together.

    Args:
        settings: The daemon's.
        wishes: What the person wants to know.
        wait_s: How long to wait where the daemon may have more patience.
        reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.
        clocks: All of them.
        say: Is told each finding as soon as it is there.
    """
    deadlines = settings.deadlines
    settings = evolve(
        settings,
        deadlines=evolve(
            deadlines,
            first_byte_s=min(deadlines.first_byte_s, wait_s),
            between_bytes_s=min(deadlines.between_bytes_s, wait_s),
        ),
    )
    pool = make_pool(reactor, settings.limits.max_idle_connections, clocks.monotonic_s)
    connect_s = settings.deadlines.connect_s
    endpoints = GatewayEndpoints(reactor, connect_s)
    looking = GatewayEndpoints(reactor, connect_s, AnyCertificatePolicy())
    agent = make_retrying_agent(reactor, endpoints, pool, retries_posts=not settings.no_retry)
    identity = Identity(settings.end_user_header, settings.tags)
    client = make_client(agent, settings.api_key, identity.names)

    def probes_of(base_url: str) -> GatewayProbes:
        alone = evolve(settings, base_url=base_url, more_base_urls=())
        return GatewayProbes(
            base_url,
            alone,
            reactor,
            clocks,
            connections=Connections(base_url, endpoints, looking, clocks),
            questions=Questions(client, base_url, alone, clocks, alone.api_key),
            gateway=Gateway(client, alone, clocks, identity),
        )

    def questions_to(url: str) -> Questions:
        # To this machine, and never with the gateway's key.
        local = Agent.usingEndpointFactory(reactor, GatewayEndpoints(reactor, connect_s))
        return Questions(make_client(local, None), url, settings, clocks, None)

    examination = Examination(
        settings,
        wishes,
        clocks,
        gateways=[probes_of(url) for url in settings.base_urls],
        here=Here(settings.host, settings.port, reactor, questions_to),
        say=say,
    )
    return Doctor(examination, pool)
