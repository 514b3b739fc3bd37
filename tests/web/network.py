"""
A network in memory: a client, the daemon, and a gateway that does what the test says.

Bytes move when :meth:`Network.flush` is called, time when :meth:`Network.wait` is.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPResponse, IncompleteRead
from io import BytesIO
from typing import Any

from attrs import frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import ILogObserver, LogEvent
from twisted.test.iosim import FakeTransport, IOPump, connect
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from ollamaproxy.admin.parts import make_observer
from ollamaproxy.assembly import Assembly, assemble
from ollamaproxy.callers.caller import Caller
from ollamaproxy.clocks import Clocks
from ollamaproxy.composition import make_site
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.logs.access_log import ACCESS_KEY
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_line
from ollamaproxy.realms import Realms
from ollamaproxy.reloading import Reloading
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Secret, Settings
from ollamaproxy.start_warnings import start_warnings
from ollamaproxy.upstream.agent import PoolAgent
from ollamaproxy.upstream.catalogue import Catalogue, Discover
from ollamaproxy.upstream.client import GatewayClient
from ollamaproxy.upstream.endpoints import DeadlineEndpoint, GatewayEndpoints
from ollamaproxy.upstream.failover import FailoverAgent
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.upstream.retry import RetryingAgent
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from ollamaproxy.wire.model_lists import FactsByName

#: 2026-11-24T12:00:00Z; the memory's calendar starts here.
NOON_NS = 1_795_521_600 * 1_000_000_000

KEY = "sk-canary-1234567890"


@frozen
class Response:
    """What a client received for one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.body.splitlines()]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Socket:
    """What http.client reads a response from."""

    def __init__(self, data: bytes) -> None:
        self._file = BytesIO(data)

    def makefile(self, _mode: str) -> BytesIO:
        return self._file


def parse_response(data: bytes, method: str = "GET") -> Response:
    """Return the first response in ``data``, however far it has come."""
    response = HTTPResponse(_Socket(data), method=method)  # type: ignore[arg-type]
    response.begin()
    try:
        body, complete = response.read(), True
    except IncompleteRead as cut:
        body, complete = cut.partial, False
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, headers, body, complete)


class Peer(Protocol):
    """The test's end of a connection."""

    def __init__(self) -> None:
        self.received = b""
        self.closed = False

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: object = None) -> None:
        self.closed = True


class GatewayConnection(Peer):
    """
    A connection to the gateway, seen from the gateway.

    Attributes:
        lists: What it answers by itself to ``GET`` of a path: a status and a
            JSON value, or the value alone.  A path that is not there waits for
            the test to answer.
        asked: The paths of the requests that it answered by itself.
        host: The name that was connected to.
    """

    def __init__(self, lists: Mapping[str, Any], asked: list[str], host: str) -> None:
        super().__init__()
        self.lists = lists
        self.asked = asked
        self.host = host
        self._answered = False

    def dataReceived(self, data: bytes) -> None:
        if self._answered:  # the next request on the same connection
            self._answered, self.received = False, b""
        super().dataReceived(data)
        if not self.received.startswith(b"GET ") or not self.received.endswith(b"\r\n\r\n"):
            return
        path = self.request.path
        if path in self.lists:
            self.asked.append(path)
            answer = self.lists[path]
            status, value = answer if isinstance(answer, tuple) else (200, answer)
            self.reply(status, "application/json", json.dumps(value))

    @property
    def waits(self) -> bool:
        """Whether what was received last has no whole answer yet."""
        return not self._answered

    @property
    def request(self) -> "GatewayRequest":
        head, _blank, body = self.received.partition(b"\r\n\r\n")
        request_line, *fields = head.decode("ascii").split("\r\n")
        method, path, _version = request_line.split(" ")
        headers = {name.lower(): value for name, value in (f.split(": ", 1) for f in fields)}
        return GatewayRequest(method, path, headers, body)

    def reply(
        self,
        status: int,
        content_type: str,
        body: bytes | str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer in one piece."""
        content = body.encode() if isinstance(body, str) else body
        self._answered = True
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        self.raw(
            f"HTTP/1.1 {status} Whatever\r\ncontent-type: {content_type}\r\n{more}"
            f"content-length: {len(content)}\r\n\r\n".encode()
            + content
        )

    def begin_stream(self) -> None:
        """Send the head of an event stream."""
        self.raw(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )

    def event(self, data: Any) -> None:
        """Send one server-sent event in an HTTP chunk of its own, as LiteLLM does."""
        text = data if isinstance(data, str) else json.dumps(data)
        self.chunk(b"data: " + text.encode() + b"\n\n")

    def token(self, content: str, **more: Any) -> None:
        """Send an event with a piece of the answer."""
        self.event({"choices": [{"index": 0, "delta": {"content": content, **more}}]})

    def end_stream(
        self, finish_reason: str = "stop", usage: Mapping[str, int] | None = None
    ) -> None:
        """Send what ends a good stream: the reason, the usage, the mark, the last chunk."""
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]})
        figures = {"prompt_tokens": 11, "completion_tokens": 7} if usage is None else usage
        self.event({"choices": [{"index": 0, "delta": {}}], "usage": figures})
        self.event("[DONE]")
        self.chunk(b"")
        self._answered = True

    def chunk(self, data: bytes) -> None:
        """Send one HTTP chunk; an empty one ends the body."""
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(data)  # type: ignore[union-attr]

    def cut(self) -> None:
        """Close the connection."""
        self.transport.loseConnection()  # type: ignore[union-attr]


@frozen
class GatewayRequest:
    """What the gateway received."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ClientConnection(Peer):
    """A connection to the daemon, seen from the client."""

    def send(self, method: str, path: str, body: Any = None, headers: str = "") -> None:
        """Send a request; a body that is not bytes is sent as JSON."""
        content = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        self.raw(
            f"{method} {path} HTTP/1.1\r\nHost: localhost:11434\r\n{headers}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(data)  # type: ignore[union-attr]

    def leave(self) -> None:
        """Close the connection."""
        self.transport.loseConnection()  # type: ignore[union-attr]

    def response(self, method: str = "GET") -> Response:
        """Return what has come so far."""
        return parse_response(self.received, method)


@implementer(IStreamClientEndpoint)
class _MemoryEndpoint:
    def __init__(self, network: "Network", host: str) -> None:
        self._network = network
        self._host = host

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._network.connect_to_gateway(protocolFactory, self._host)


@implementer(IAgentEndpointFactory)
class _MemoryEndpoints:
    def __init__(self, network: "Network") -> None:
        self._network = network

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        self._network.addresses.append((uri.scheme, uri.host, uri.port))
        return DeadlineEndpoint(
            _MemoryEndpoint(self._network, uri.host.decode("ascii")),
            self._network.clock,
            self._network.settings.deadlines.connect_s,
        )


@implementer(ILogObserver)
class _Records:
    def __init__(self) -> None:
        self.seen: list[AccessRecord] = []

    def __call__(self, event: LogEvent) -> None:
        self.seen.append(event[ACCESS_KEY])


@implementer(IPushProducer)
class _Transport(FakeTransport):
    """
    A transport that can pass back-pressure on, as a socket's can.

    Attributes:
        last_write: What was written last.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.last_write = b""

    def write(self, data: bytes) -> None:
        self.last_write = data
        super().write(data)


class Network:
    """
    The daemon between clients and a gateway.

    Attributes:
        connecting: Called for every connection to the gateway, in place of
            making it, if set: returns what the endpoint's ``connect`` does.
        connecting_to: The same for single hosts, by name.
        models: What the gateway is known to have, unless it is to be asked.
        models_of: The same for single keys other than the daemon's.
        times_discovered: How often that was looked up.
        lists: See :class:`GatewayConnection`.
        asked: See :class:`GatewayConnection`.
        gateway_connections: All that were made, oldest first.
        addresses: What was connected to: scheme, host, port.
        records: The access records so far.
        observer: Has seen them, too, for the status page.
        treq: What the daemon asks the gateway with.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        discovers: bool = False,
        reactor: MemoryReactorClock | None = None,
    ) -> None:
        """
        Start a daemon.

        Args:
            settings: Its settings.
            discovers: It asks the gateway for its models; if not, it is told ``models``.
            reactor: The clock, if the gateway is to be connected to with it, and
                not by this network.
        """
        self.settings = settings or Settings(
            base_url="http://gateway.test:4000", api_key=Secret(KEY)
        )
        self.clock = reactor or Clock()
        self.connecting: Callable[[], Deferred[IProtocol]] | None = None
        self.connecting_to: dict[str, Callable[[], Deferred[IProtocol]]] = {}
        self.models: dict[str, ModelFacts] = {"m": UNKNOWN_MODEL}
        self.models_of: dict[str, dict[str, ModelFacts]] = {}
        self.times_discovered = 0
        self.lists: dict[str, Any] = {}
        self.asked: list[str] = []
        self.gateway_connections: list[GatewayConnection] = []
        self.addresses: list[tuple[bytes, bytes, int]] = []
        self._pumps: list[IOPump] = []
        self._channels: list[Any] = []
        clocks = Clocks(
            scheduler=self.clock,
            monotonic_s=self.clock.seconds,
            wall_ns=lambda: NOON_NS + round(self.clock.seconds() * 1e9),
        )
        endpoints: IAgentEndpointFactory = (
            _MemoryEndpoints(self)
            if reactor is None
            else GatewayEndpoints(reactor, self.settings.deadlines.connect_s)
        )
        self._observer = _Records()

        def assembled(settings: Settings, before: Assembly | None) -> Assembly:
            agent = partial(PoolAgent, endpoints)
            if discovers:
                return assemble(settings, agent, clocks, before=before)
            return assemble(
                settings, agent, clocks, before=before, discovery=self._told_by_the_test
            )

        assembly = assembled(self.settings, None)
        self.clocks = clocks
        self.observer = make_observer(assembly, lambda: self.assembly, clocks)
        self.site = make_site(assembly, clocks, self._observer, format_line, self.observer.record)
        self.reloading = Reloading(
            Configuration(self.settings, {}),
            assembly,
            read=lambda: Configuration(self.settings, {}),
            assemble=assembled,
            site=self.site,
            certificate=None,
            warnings=start_warnings,
        )

    def _told_by_the_test(self, _gateway: Gateway, caller: Caller) -> Discover:
        key = caller.gateway_key

        async def discover() -> FactsByName:
            self.times_discovered += 1
            return dict(self.models if key is None else self.models_of.get(key.text, self.models))

        return discover

    @property
    def assembly(self) -> Assembly:
        """The parts that answer now."""
        return self.reloading.assembly

    @property
    def realms(self) -> Realms:
        return self.assembly.workings.realms

    @property
    def catalogue(self) -> Catalogue:
        return self.realms.own.catalogue

    @property
    def failover(self) -> FailoverAgent:
        return self.assembly.failover

    @property
    def retrying(self) -> RetryingAgent:
        return self.assembly.retrying

    @property
    def treq(self) -> GatewayClient:
        return self.assembly.client

    @property
    def records(self) -> list[AccessRecord]:
        return self._observer.seen

    @property
    def gateway(self) -> GatewayConnection:
        """The newest connection to the gateway."""
        return self.gateway_connections[-1]

    def connect_to_gateway(self, factory: IProtocolFactory, host: str) -> Deferred[IProtocol]:
        connecting = self.connecting_to.get(host, self.connecting)
        if connecting is not None:
            return connecting()
        ours = factory.buildProtocol(IPv4Address("TCP", "10.0.0.4", 4000))
        assert ours is not None
        theirs = GatewayConnection(self.lists, self.asked, host)
        self.gateway_connections.append(theirs)
        self._connect(theirs, ours)
        return succeed(ours)

    def client(self, site: ProxySite | None = None) -> ClientConnection:
        """Connect a client, to another site than the daemon's if one is given."""
        theirs = ClientConnection()
        address = IPv4Address("TCP", "192.168.1.7", 50123)
        channel = (site or self.site).buildProtocol(address)
        assert channel is not None
        self._channels.append(channel)
        self._connect(channel, theirs, address)
        return theirs

    def _connect(self, server: Any, client: Any, client_address: Any = None) -> None:
        pump = connect(
            server,
            _Transport(server, isServer=True, peerAddress=client_address),
            client,
            _Transport(client, isServer=False),
            clock=self.clock,
        )
        self._pumps.append(pump)

    @property
    def last_write(self) -> bytes:
        """What the daemon has written last to the client that connected last."""
        return bytes(self._channels[-1].transport.last_write)

    def ask(self, path: str, body: Any, headers: str = "") -> ClientConnection:
        """Connect a client that posts a request, and let it reach the gateway."""
        client = self.client()
        client.send("POST", path, body, headers)
        self.flush()
        return client

    def get(self, path: str, method: str = "GET") -> Response:
        """Return the response to a request that needs no gateway."""
        client = self.client()
        client.send(method, path)
        self.flush()
        return client.response(method)

    def flush(self) -> None:
        """Move bytes, and let turns of the reactor pass, until there are none left to move."""
        self._move()
        self.clock.advance(0)
        while self._move():
            self.clock.advance(0)

    def _move(self) -> bool:
        """Move bytes until there are none left to move in this turn; return whether there were."""
        moved = False
        # Not any() of a generator: every connection gets its turn.
        while sum(pump.pump() for pump in self._pumps) > 0:
            moved = True
        return moved

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)
        self.flush()

    def daemon_side(self, peer: Peer) -> Any:
        """Return the daemon's transport of the connection that the peer is the other end of."""
        for pump in self._pumps:
            if pump.client is peer:
                return pump.serverIO
            if pump.server is peer:
                return pump.clientIO
        raise LookupError(peer)

    def leaks(self) -> list[bytes]:
        """Return what clients were sent with the key in it, and where else the gateway was."""
        to_clients = [pump.client.received for pump in self._pumps if pump.server in self._channels]
        to_gateway = [peer.received for peer in self.gateway_connections]
        key, as_it_should_be = KEY.encode(), b"Authorization: Bearer " + KEY.encode()
        return [data for data in to_clients if key in data] + [
            data for data in to_gateway if data.count(key) != data.count(as_it_should_be)
        ]

    def leftovers(self) -> list[Any]:
        """Close all connections and return the calls that are still scheduled."""
        for pump in self._pumps:
            pump.clientIO.loseConnection()
        self.realms.stop()
        self.flush()
        self.assembly.pool.close()
        self.flush()
        return list(self.clock.getDelayedCalls())
