"""
All parts that depend on the settings, put together.

Made at the start, and made anew when the settings are read anew: the requests
that run go on with the parts that they began with.
"""

from collections.abc import Callable

from attrs import frozen
from twisted.web.resource import IResource

from ollamaproxy.admission import Admission
from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.callers.gates import Gate, KeysGate, OpenGate, PassthroughGate
from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.key_lines import KeyRing
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.clocks import Clocks
from ollamaproxy.realms import Realms
from ollamaproxy.resources.tree import make_tree
from ollamaproxy.resources.workings import Workings
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.catalogue import Catalogue, Discover
from ollamaproxy.upstream.client import GatewayClient
from ollamaproxy.upstream.discovery import Discovery
from ollamaproxy.upstream.failover import FailoverAgent
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.upstream.identity import Identity
from ollamaproxy.upstream.pool import ConnectionPool, make_pool
from ollamaproxy.upstream.retry import MakeAgent, RetryingAgent


@frozen(kw_only=True)
class Assembly:
    """
    The parts, as one set of settings wants them.

    Attributes:
        settings: That set.
        keys: The callers' keys; ``None`` if there is no file with them.
        pool: The connections to the gateways that wait.
        retrying: Sends once more what met a stale one.
        failover: Sends to the gateways in order, and knows how they are.
        client: What all requests go through.
        workings: What the endpoints share.
        root: The endpoints.
    """

    settings: Settings
    keys: KeyRing | None
    pool: ConnectionPool
    retrying: RetryingAgent
    failover: FailoverAgent
    client: GatewayClient
    workings: Workings
    root: IResource

    def start(self) -> None:
        """Begin to ask for the models now and again, if there is a key to ask with."""
        if uses_own_key(self.settings):
            self.workings.realms.start()

    def stop(self) -> object:
        """
        Ask for nothing more, and close the connections that nobody uses.

        Returns:
            A Deferred that fires when they are closed.
        """
        self.workings.realms.stop()
        return self.pool.close()


def ask_gateway(gateway: Gateway, caller: Caller) -> Discover:
    """Return what asks the gateway for the models of a caller's key."""
    return Discovery(gateway, caller).models


def assemble(
    settings: Settings,
    make_agent: MakeAgent,
    clocks: Clocks,
    *,
    before: Assembly | None = None,
    discovery: Callable[[Gateway, Caller], Discover] = ask_gateway,
) -> Assembly:
    """
    Put all parts together; nothing is asked yet.

    Args:
        settings: Say how.
        make_agent: Makes what sends to the gateways, whatever is on the way.
        clocks: All of them.
        before: What was there until now: what it knows of the models is taken over.
        discovery: Makes what finds out the models of a caller's key.

    Raises:
        InvalidSetting: The keys file is not to be had, or is bad.
    """
    keys = read_keys(settings)
    gate = make_gate(settings, keys)
    pool = make_pool(clocks.scheduler, settings.limits.max_idle_connections, clocks.monotonic_s)
    retries_posts = not settings.no_retry
    fresh = make_pool(clocks.scheduler, 0, clocks.monotonic_s)
    retrying = RetryingAgent(make_agent(pool), make_agent(fresh), retries_posts=retries_posts)
    failover = FailoverAgent(
        retrying,
        settings.base_urls,
        cooldown_s=settings.cooldown_s,
        monotonic_s=clocks.monotonic_s,
        retries_posts=retries_posts,
    )
    identity = Identity(settings.end_user_header, settings.tags)
    client = GatewayClient(failover, settings.api_key, identity.names, settings.network.headers)
    gateway = Gateway(client, settings, clocks, identity)

    def make_catalogue(caller: Caller) -> Catalogue:
        return Catalogue(
            discovery(gateway, caller),
            settings.models,
            settings.freshness,
            clocks,
            logs=caller is NOBODY,
        )

    realms = Realms(make_catalogue, clocks)
    if before is not None:
        failover.take_over(before.failover)
        if _same_models(settings, before.settings):
            realms.take_over(before.workings.realms)
    admission = _make_admission(settings, clocks, before)
    workings = Workings(
        gate=gate,
        gateway=gateway,
        realms=realms,
        admission=admission,
        settings=settings,
        clocks=clocks,
    )
    return Assembly(
        settings=settings,
        keys=keys,
        pool=pool,
        retrying=retrying,
        failover=failover,
        client=client,
        workings=workings,
        root=make_tree(workings),
    )


def _make_admission(settings: Settings, clocks: Clocks, before: Assembly | None) -> Admission:
    """Return what bounds the work at the gateway, which knows of all that is at work already."""
    limits, patience_s = settings.limits, settings.deadlines.queue_s
    if before is None:
        return Admission(limits.max_in_flight, limits.max_waiting, patience_s, clocks.scheduler)
    admission = before.workings.admission
    admission.resize(limits.max_in_flight, limits.max_waiting, patience_s)
    return admission


def read_keys(settings: Settings) -> KeyRing | None:
    """
    Return the keys of the callers; ``None`` if there is no file with them.

    Raises:
        InvalidSetting: The file is not to be had, or is bad.
    """
    return None if settings.keys_file is None else KeyFile(settings.keys_file).read()


def make_gate(settings: Settings, keys: KeyRing | None) -> Gate:
    """Return what decides who may call; ``keys`` are those of the keys file, if there is one."""
    if keys is not None:
        return KeysGate(keys.find)
    if settings.client_auth is ClientAuth.PASSTHROUGH:
        return PassthroughGate(without_key=settings.api_key is not None)
    return OpenGate()


def uses_own_key(settings: Settings) -> bool:
    """Whether there can be requests to the gateway in the daemon's own name."""
    return settings.client_auth is not ClientAuth.PASSTHROUGH or settings.api_key is not None


def _same_models(now: Settings, before: Settings) -> bool:
    """Whether the gateway has the same models for the daemon as before."""
    return (now.base_urls, now.api_key) == (before.base_urls, before.api_key)


#: Puts the parts together for settings, with what was there before.
Assemble = Callable[[Settings, Assembly | None], Assembly]
