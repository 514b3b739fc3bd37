"""The daemon in a company's network: proxies, certificates, headers, over real sockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from tests.case import ReactorCase, on_reactor
from tests.live.certificates import GatewayCertificate
from tests.live.daemon import LocalDaemon
from tests.live.proxy import Proxy, proxy
from tests.live.test_back_pressure import (
    EVENT,
    REPLY_BYTES,
    TalkativeGateway,
    UnreadingClient,
    doorkeepers,
)
from tests.live.test_failover import ANSWER, Client, burst
from tests.web.network import parse_response

pytestmark = pytest.mark.live

reactor: Any = _reactor

HOSTS = {"gateway.test": "127.0.0.1"}
PASSWORD = "canary-p@ss/word"
ENCODED = "me:canary-p%40ss%2Fword"
HEADER = "canary-header-5b1e"
PLAIN = "http://gateway.test:{port}"
SECURE = "https://gateway.test:{port}"
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Gateway(Protocol):
    """Answers every question at once, and notes the heads; models it tells of none."""

    def __init__(self, heads: list[bytes], answer: bytes) -> None:
        self._heads = heads
        self._answer = answer

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if data.startswith((b"GET ", b"POST ")):
            self._heads.append(data.partition(b"\r\n\r\n")[0])
            no_models = data.startswith(b"GET ")
            self.transport.write(_NOT_FOUND if no_models else self._answer)


class HesitantGateway(Protocol):
    """Says a word, and the rest when it is told to."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        if data.startswith(b"POST "):
            head, blank, events = ANSWER.partition(b"\r\n\r\n")
            word, end, self._rest = events.partition(b"\n\n")
            self.transport.write(head + blank + word + end)

    def go_on(self) -> None:
        self.transport.write(self._rest)  # type: ignore[union-attr]


class FirstWords(Client):
    """
    Asks, and tells when the answer has begun.

    Attributes:
        begun: Fires with ``None`` when the first word has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begun: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if b'"content":"x"' in self.received and not self.begun.called:
            self.begun.callback(None)


class WayCase(ReactorCase):
    """
    A proxy, a gateway behind it, and all that is logged.

    Attributes:
        heads: The heads of the requests that the gateway got.
    """

    certificate = GatewayCertificate("gateway.test")
    answer = ANSWER

    def setUp(self) -> None:
        super().setUp()
        self.heads: list[bytes] = []
        self._logged: list[str] = []

        @implementer(ILogObserver)
        def hear(event: LogEvent) -> None:
            self._logged.append(formatEvent(event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        self.addCleanup(self._assert_nothing_leaked)
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self._ca_path = Path(folder.name, "ca.pem")
        self.trust(self.certificate.certificate_pem)
        self.ca_file = f"--ca-file={self._ca_path}"

    def _assert_nothing_leaked(self) -> None:
        for secret in (PASSWORD, ENCODED, HEADER):
            self.assertNotIn(secret, "\n".join(self._logged))

    def trust(self, pem: bytes) -> None:
        """Write what is in the file with the certificate authorities."""
        self._ca_path.write_bytes(pem)

    def gateway(self) -> Factory[Any]:
        return Factory.forProtocol(lambda: Gateway(self.heads, self.answer))

    def secure_gateway(self) -> TLSMemoryBIOFactory:
        return TLSMemoryBIOFactory(self.certificate, False, self.gateway())

    @asynccontextmanager
    async def daemon(
        self, server: Proxy, *flags: str, secure: bool, scheme: str = "http"
    ) -> AsyncIterator[LocalDaemon]:
        """Have a daemon that is told of a proxy and a gateway behind it."""
        gateway: Any = self.secure_gateway() if secure else self.gateway()
        told = (f"--proxy={scheme}://{ENCODED}@127.0.0.1:{server.port}", self.ca_file, *flags)
        url = SECURE if secure else PLAIN
        async with LocalDaemon(reactor, gateway, *told, base_url=url) as daemon:
            yield daemon

    async def ask(self, daemon: LocalDaemon) -> Any:
        [answer] = await burst(daemon.port, 1)
        for secret in (PASSWORD, HEADER):
            self.assertNotIn(secret.encode(), answer.body)
        return answer


class Forwarded(WayCase):
    """A gateway at ``http://``."""

    @on_reactor
    async def test_answered(self) -> None:
        """The proxy is sent the whole URI, and who we are; the gateway does not hear of either."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            async with self.daemon(server, secure=False) as daemon:
                answer = await self.ask(daemon)
        self.assertEqual((answer.status, answer.lines[-1]["done"]), (200, True))
        asked = [line for line in server.asked if line.startswith("POST ")]
        self.assertRegex(asked[0], r"^POST http://gateway.test:\d+/v1/chat/completions$")
        heads = b"\n".join(self.heads)
        self.assertIn(b"POST /v1/chat/completions HTTP/1.1\r\n", heads)
        self.assertNotIn(b"proxy-authorization", heads.lower())

    @on_reactor
    async def test_who_are_you(self) -> None:
        """A proxy that does not know us is told of, and nothing of the password is."""
        with proxy(HOSTS, "somebody:else") as server:
            async with self.daemon(server, secure=False) as daemon:
                answer = await self.ask(daemon)
        self.assertEqual(answer.status, 502)
        self.assertEqual(
            answer.json["error"],
            f"the proxy 127.0.0.1:{server.port} refused the request; "
            "it does not accept the user and the password in its URL",
        )
        self.assertEqual(self.heads, [])

    @on_reactor
    async def test_connections_are_kept(self) -> None:
        """Requests to the proxy share connections."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            async with self.daemon(server, secure=False) as daemon:
                for _ in range(12):
                    self.assertEqual((await self.ask(daemon)).status, 200)
        self.assertGreaterEqual(len(server.asked), 12)
        self.assertLess(server.connections, 6)  # the daemon also asks for models by itself


class TLSProxy(WayCase):
    """A proxy that is itself spoken to in TLS."""

    certificate = GatewayCertificate("gateway.test", "127.0.0.1")

    @on_reactor
    async def test_answered(self) -> None:
        """Both kinds of gateways are reached through it."""
        with proxy(HOSTS, f"me:{PASSWORD}", self.certificate.for_threads()) as server:
            for secure in (False, True):
                async with self.daemon(server, secure=secure, scheme="https") as daemon:
                    self.assertEqual((await self.ask(daemon)).status, 200)

    @on_reactor
    async def test_not_trusted(self) -> None:
        """One whose certificate is not trusted is not told the password."""
        stranger = GatewayCertificate("127.0.0.1").for_threads()
        with proxy(HOSTS, f"me:{PASSWORD}", stranger) as server:
            for secure in (False, True):
                async with self.daemon(server, secure=secure, scheme="https") as daemon:
                    answer = await self.ask(daemon)
                    self.assertEqual(answer.status, 502)
                    self.assertRegex(
                        answer.json["error"],
                        r"^the proxy 127\.0\.0\.1:\d+'s certificate is not trusted: self-signed",
                    )
        self.assertEqual(server.asked, [])


class Tunnelled(WayCase):
    """A gateway at ``https://``."""

    @on_reactor
    async def test_answered(self) -> None:
        """The gateway answers through the tunnel; the proxy learns nothing but where it is."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            async with self.daemon(server, f"--gateway-header=X-A: {HEADER}", secure=True) as it:
                answer = await self.ask(it)
        self.assertEqual((answer.status, answer.lines[-1]["done"]), (200, True))
        for line, headers in zip(server.asked, server.headers, strict=True):
            self.assertRegex(line, r"^CONNECT gateway.test:\d+$")
            self.assertEqual(set(headers), {"host", "proxy-authorization"})

    @on_reactor
    async def test_tunnels_are_kept(self) -> None:
        """Requests one after the other share a tunnel."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            async with self.daemon(server, secure=True) as daemon:
                for _ in range(12):
                    self.assertEqual((await self.ask(daemon)).status, 200)
        self.assertLess(len(server.asked), 6)  # the daemon also asks for models by itself

    @on_reactor
    async def test_not_trusted(self) -> None:
        """A gateway whose certificate nobody vouches for is told of, with what to do."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            url = f"--proxy=http://{ENCODED}@127.0.0.1:{server.port}"
            gateway = self.secure_gateway()
            async with LocalDaemon(reactor, gateway, url, base_url=SECURE) as daemon:
                answer = await self.ask(daemon)
        self.assertEqual(answer.status, 502)
        self.assertRegex(
            answer.json["error"], "^the gateway's certificate is not trusted: .* --ca-file$"
        )

    @on_reactor
    async def test_streams(self) -> None:
        """What the gateway says comes through the tunnel when it says it, and not later."""
        gateway, client = HesitantGateway(), FirstWords()
        secure = TLSMemoryBIOFactory(self.certificate, False, doorkeepers(gateway))
        with proxy(HOSTS) as server:
            url = f"--proxy=http://127.0.0.1:{server.port}"
            async with LocalDaemon(reactor, secure, url, self.ca_file, base_url=SECURE) as daemon:
                endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
                await connectProtocol(endpoint, client)
                await client.begun
                gateway.go_on()
                answer = await client.closed
        self.assertEqual((answer.status, answer.lines[-1]["done"]), (200, True))

    @on_reactor
    async def test_back_pressure(self) -> None:
        """A client that does not read stops the gateway at the other end of the tunnel."""
        gateway = TalkativeGateway()
        secure = TLSMemoryBIOFactory(self.certificate, False, doorkeepers(gateway))
        with proxy(HOSTS) as server:
            url = f"--proxy=http://127.0.0.1:{server.port}"
            async with LocalDaemon(reactor, secure, url, self.ca_file, base_url=SECURE) as daemon:
                client = UnreadingClient()
                endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
                await connectProtocol(endpoint, client)
                await gateway.stopped
                sent = gateway.sent
                client.transport.resumeProducing()  # type: ignore[union-attr]
                await client.closed
                await gateway.closed
        self.assertLess(sent, REPLY_BYTES // 2)
        response = parse_response(b"".join(client.pieces))
        self.assertTrue(response.complete)
        self.assertEqual(len(response.body.splitlines()), REPLY_BYTES // len(EVENT) + 1 + 1)

    @on_reactor
    async def test_a_client_that_leaves(self) -> None:
        """A client that leaves closes the tunnel, and with it the gateway's connection."""
        gateway = TalkativeGateway()
        secure = TLSMemoryBIOFactory(self.certificate, False, doorkeepers(gateway))
        with proxy(HOSTS) as server:
            url = f"--proxy=http://127.0.0.1:{server.port}"
            async with LocalDaemon(reactor, secure, url, self.ca_file, base_url=SECURE) as daemon:
                client = UnreadingClient()
                endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", daemon.port)
                await connectProtocol(endpoint, client)
                await gateway.stopped
                client.transport.abortConnection()  # type: ignore[union-attr]
                await gateway.closed
                await client.closed
        self.assertLess(gateway.sent, REPLY_BYTES // 2)

    @on_reactor
    async def test_failover(self) -> None:
        """Where the proxy cannot reach the first gateway, the second one answers through it."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            first = "--base-url=https://nowhere.test:4000"
            async with self.daemon(server, first, secure=True) as daemon:
                answer = await self.ask(daemon)
        self.assertEqual((answer.status, answer.lines[-1]["done"]), (200, True))
        self.assertIn("CONNECT nowhere.test:4000", server.asked)
        self.assertTrue(
            any(
                "the gateway https://nowhere.test:4000 is down: the proxy 127.0.0.1" in line
                for line in self._logged
            )
        )


class Certificates(WayCase):
    @on_reactor
    async def test_read_anew(self) -> None:
        """New certificate authorities count when the daemon is told to read all anew."""
        self.trust(GatewayCertificate("somebody.test").certificate_pem)
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            async with self.daemon(server, secure=True) as daemon:
                self.assertEqual((await self.ask(daemon)).status, 502)
                self.trust(self.certificate.certificate_pem)
                self.assertEqual((await self.ask(daemon)).status, 502)
                daemon.reload()
                self.assertEqual((await self.ask(daemon)).status, 200)
                self.trust(b"nonsense")
                daemon.reload()
                self.assertEqual((await self.ask(daemon)).status, 200)
        [refusal] = [line for line in self._logged if "nothing is changed" in line]
        self.assertIn("--ca-file: ", refusal)


class Environment(WayCase):
    async def answered(self, base_url: str, environ: dict[str, str], *flags: str) -> int:
        """Return the status of the answer of a gateway."""
        gateway: Any = self.secure_gateway() if base_url == SECURE else self.gateway()
        async with LocalDaemon(
            reactor, gateway, self.ca_file, *flags, base_url=base_url, environ=environ
        ) as daemon:
            return int((await self.ask(daemon)).status)

    @on_reactor
    async def test_variables(self) -> None:
        """The usual variables name the proxy for either kind of gateway."""
        with proxy(HOSTS, f"me:{PASSWORD}") as server:
            url = f"http://{ENCODED}@127.0.0.1:{server.port}"
            self.assertEqual(await self.answered(SECURE, {"HTTPS_PROXY": url}), 200)
            self.assertEqual(await self.answered(PLAIN, {"http_proxy": url}), 200)
            self.assertEqual(await self.answered(PLAIN, {"ALL_PROXY": url}), 200)
        told = [line for line in self._logged if "is reached through" in line]
        self.assertEqual(len(told), 3)
        for line in told:
            way = f"://gateway.test:[0-9]+ is reached through the proxy 127.0.0.1:{server.port}$"
            self.assertRegex(line, way)

    @on_reactor
    async def test_none(self) -> None:
        """What needs no proxy is not asked for there."""
        with proxy(HOSTS) as server:
            url = f"http://127.0.0.1:{server.port}"
            here = "http://127.0.0.1:{port}"
            self.assertEqual(await self.answered(here, {"HTTP_PROXY": url}), 200)
            self.assertEqual(await self.answered(here, {}, f"--proxy={url}"), 200)
            told = {"HTTPS_PROXY": url, "NO_PROXY": "gateway.test"}
            self.assertEqual(await self.answered(SECURE, told), 502)
            self.assertEqual(await self.answered(SECURE, told, "--no-proxy=other.test"), 200)
            told = {"HTTPS_PROXY": url}
            self.assertEqual(await self.answered(SECURE, told, "--proxy=none"), 502)
        asked: Sequence[str] = server.asked
        self.assertTrue(all(line.startswith("CONNECT gateway.test:") for line in asked), asked)


class Headers(WayCase):
    body = b'{"error":{"message":"no tenant %s here"}}' % HEADER.encode()
    answer = (
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )

    @on_reactor
    async def test_sent_and_masked(self) -> None:
        """They go to the gateway with every request; what it repeats of them is masked."""
        flags = (f"--gateway-header=X-Tenant: {HEADER}", "--gateway-header=User-Agent: us")
        gateway = self.gateway()
        async with LocalDaemon(reactor, gateway, *flags) as daemon:
            answer = await self.ask(daemon)
        self.assertEqual(answer.json["error"], "no tenant *** here")
        self.assertTrue(self.heads)
        for head in self.heads:
            lines = head.split(b"\r\n")
            self.assertIn(f"X-Tenant: {HEADER}".encode(), lines)
            self.assertIn(b"User-Agent: us", lines)
