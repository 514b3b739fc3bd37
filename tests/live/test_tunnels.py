"""Connections to a gateway through a proxy's tunnel, over real sockets and with real TLS."""

from typing import Any

import pytest
from service_identity import VerificationError
from twisted.internet import reactor as _reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.protocol import Factory

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.network.proxies import Proxies, parse_proxy
from tests.case import on_reactor
from tests.live.certificates import GatewayCertificate
from tests.live.ends import Echo, GatewayCase, Hangup, Ours, Silent
from tests.live.proxy import Proxy, proxy

pytestmark = pytest.mark.live

reactor: Any = _reactor

#: Names that nobody but the test's proxy knows.
HOSTS = {"gateway.test": "127.0.0.1", "other.test": "127.0.0.1", "2001:db8::1": "127.0.0.1"}
PASSWORD = "canary-p@ss/word"
USER = f"me:{PASSWORD}"
ENCODED = "me:canary-p%40ss%2Fword"


class TunnelCase(GatewayCase):
    certificate = GatewayCertificate("gateway.test")

    def through(self, port: int, user: str = "", scheme: str = "http") -> Proxies:
        return parse_proxy(f"{scheme}://{user}{user and '@'}127.0.0.1:{port}")

    async def ours(self, url: str, server: Proxy, user: str = "") -> Ours:
        """Return the daemon's end of a connection through a proxy."""
        ours: Ours = await self.connect(url, proxies=self.through(server.port, user))
        return ours

    async def refusal(self, connecting: Deferred[Any]) -> str:
        """Return how a connection was not made."""
        with self.assertRaises(UpstreamUnreachable) as caught:
            await connecting
        self.assertNotIn(PASSWORD, repr(caught.exception))
        return str(caught.exception.message)


class Good(TunnelCase):
    @on_reactor
    async def test_tls(self) -> None:
        """TLS is with the gateway, of which the proxy hears no more than the name."""
        with proxy(HOSTS) as server:
            async with self.listening(self.echoing_tls()) as port:
                await self.assert_echoed(await self.ours(f"https://gateway.test:{port}", server))
        self.assertEqual(server.asked, [f"CONNECT gateway.test:{port}"])
        self.assertEqual(server.headers, [{"host": f"gateway.test:{port}"}])

    @on_reactor
    async def test_the_gateways_certificate(self) -> None:
        """A tunnel that leads to another host is found out by its certificate."""
        with proxy(HOSTS) as server:
            async with self.listening(self.echoing_tls()) as port:
                with self.assertRaises(VerificationError):
                    await self.ours(f"https://other.test:{port}", server)

    @on_reactor
    async def test_user(self) -> None:
        """The proxy is told the user and the password of its URL."""
        with proxy(HOSTS, USER) as server:
            async with self.listening(self.echoing_tls()) as port:
                url = f"https://gateway.test:{port}"
                await self.assert_echoed(await self.ours(url, server, ENCODED))

    @on_reactor
    async def test_ipv6(self) -> None:
        """A gateway's IPv6 address is asked for in brackets."""
        with proxy(HOSTS) as server:
            async with self.listening(Factory.forProtocol(Echo)) as port:
                url = f"http://[2001:db8::1]:{port}"
                await self.assert_echoed(await self.ours(url, server))
        self.assertEqual(server.asked, [f"CONNECT [2001:db8::1]:{port}"])

    @on_reactor
    async def test_no_proxy(self) -> None:
        """A gateway on this machine is reached without the proxy."""
        with proxy(HOSTS) as server:
            async with self.listening(Factory.forProtocol(Echo)) as port:
                await self.assert_echoed(await self.ours(f"http://localhost:{port}", server))
        self.assertEqual(server.asked, [])

    @on_reactor
    async def test_closed(self) -> None:
        """Closing our end closes the gateway's."""
        silent = Silent()
        with proxy(HOSTS) as server:
            async with self.listening(Factory.forProtocol(lambda: silent)) as port:
                ours = await self.ours(f"http://gateway.test:{port}", server)
                ours.transport.write(b"x")  # type: ignore[union-attr]
                await silent.greeted
                ours.transport.abortConnection()  # type: ignore[union-attr]
                await silent.closed
                await ours.closed

    @on_reactor
    async def test_closed_by_the_gateway(self) -> None:
        """The gateway's closing is heard through the tunnel."""
        with proxy(HOSTS) as server:
            async with self.listening(Factory.forProtocol(Hangup)) as port:
                ours = await self.ours(f"http://gateway.test:{port}", server)
                ours.transport.write(b"x")  # type: ignore[union-attr]
                await ours.closed


class TLSProxy(TunnelCase):
    """A proxy that is itself spoken to in TLS."""

    certificate = GatewayCertificate("gateway.test", "127.0.0.1")

    @on_reactor
    async def test_tls_in_tls(self) -> None:
        """TLS with the gateway is inside of that with the proxy."""
        with proxy(HOSTS, USER, tls=self.certificate.for_threads()) as server:
            async with self.listening(self.echoing_tls()) as port:
                proxies = self.through(server.port, ENCODED, scheme="https")
                ours = await self.connect(f"https://gateway.test:{port}", proxies=proxies)
                await self.assert_echoed(ours)

    @on_reactor
    async def test_another_host(self) -> None:
        """A certificate that is not the proxy's is found out, and nobody is asked for anything."""
        certificate = GatewayCertificate("127.0.0.1")
        with proxy(HOSTS, USER, tls=certificate.for_threads()) as server:
            proxies = self.through(server.port, ENCODED, scheme="https")
            told = await self.refusal(self.connect("https://gateway.test:4000", proxies=proxies))
        expected = f"the proxy 127.0.0.1:{server.port}'s certificate is not trusted: self-signed"
        self.assertIn(expected, told)
        self.assertEqual(server.asked, [])


class Bad(TunnelCase):
    url = "https://gateway.test:4000"

    async def told_by(self, answer: "type[Answer]", connect_s: float = 20.0) -> str:
        """Return how a connection fails when the proxy answers so, without the proxy's port."""
        answering = answer()
        async with self.listening(Factory.forProtocol(lambda: answering)) as port:
            proxies = self.through(port, ENCODED)
            told = await self.refusal(self.connect(self.url, connect_s, proxies=proxies))
            await answering.closed
        return told.replace(f":{port}", "")

    @on_reactor
    async def test_nobody(self) -> None:
        """A proxy that is not there is not taken for the gateway."""
        async with self.listening(Factory.forProtocol(Echo)) as port:
            pass
        told = await self.refusal(self.connect(self.url, proxies=self.through(port)))
        self.assertEqual(told, f"cannot reach the proxy 127.0.0.1:{port}: connection refused")

    @on_reactor
    async def test_who_are_you(self) -> None:
        """A proxy that asks for a user is told of, with what to do, and so is a wrong user."""
        with proxy(HOSTS, USER) as server:
            told = await self.refusal(self.connect(self.url, proxies=self.through(server.port)))
            self.assertEqual(
                told,
                f"the proxy 127.0.0.1:{server.port} refused to connect to gateway.test:4000: "
                "407 Proxy Authentication Required; it asks for a user and a password: "
                "http://USER:PASSWORD@HOST:PORT names them",
            )
            proxies = self.through(server.port, "me:canary-wrong")
            told = await self.refusal(self.connect(self.url, proxies=proxies))
            self.assertIn("it does not accept the user and the password in its URL", told)
            self.assertNotIn("canary", told)

    @on_reactor
    async def test_unreachable(self) -> None:
        """A gateway that the proxy cannot reach is not the proxy's fault."""
        with proxy({}) as server:
            told = await self.refusal(self.connect(self.url, proxies=self.through(server.port)))
        self.assertIn("refused to connect to gateway.test:4000: 502 Bad Gateway; it cannot", told)

    @on_reactor
    async def test_says_the_password(self) -> None:
        """What a proxy repeats of the password is not repeated once more."""
        told = await self.told_by(Tattling)
        self.assertIn("403 no entry for ***, Basic ***; whoever runs it has to allow that", told)

    @on_reactor
    async def test_silent(self) -> None:
        """A proxy that never answers fails by the deadline for connecting."""
        told = await self.told_by(Saying, 0.5)
        expected = "cannot reach the gateway through the proxy 127.0.0.1: no connection within"
        self.assertEqual(told, f"{expected} 0.5 seconds")

    @on_reactor
    async def test_floods(self) -> None:
        """A proxy whose answer has no end is left after 16 KiB, long before the deadline."""
        told = await self.told_by(Flooding)
        self.assertIn("through the proxy 127.0.0.1: its answer does not come to an end", told)

    @on_reactor
    async def test_closes(self) -> None:
        """So is one that closes."""
        told = await self.told_by(Closing)
        self.assertEqual(
            told,
            "the proxy 127.0.0.1 closed the connection instead of connecting to gateway.test:4000",
        )

    @on_reactor
    async def test_garbage(self) -> None:
        """So is one that is none."""
        told = await self.told_by(Garbage)
        self.assertIn("through the proxy 127.0.0.1: what it answers is not HTTP", told)

    @on_reactor
    async def test_given_up(self) -> None:
        """A tunnel that nobody waits for any more is closed."""
        saying = Saying()
        async with self.listening(Factory.forProtocol(lambda: saying)) as port:
            connecting = self.connect(self.url, proxies=self.through(port))
            await saying.asked
            connecting.cancel()
            with self.assertRaises(CancelledError):
                await connecting
            await saying.closed

    @on_reactor
    async def test_right_behind(self) -> None:
        """What comes in one piece with the proxy's answer is the gateway's."""
        hasty = Hasty()
        async with self.listening(Factory.forProtocol(lambda: hasty)) as port:
            url = "http://gateway.test:4000"
            ours: Ours = await self.connect(url, proxies=self.through(port))
            self.assertEqual(await ours.echoed, b"hello")
            ours.transport.loseConnection()  # type: ignore[union-attr]
            await ours.closed
            await hasty.closed


class Answer(Silent):
    """
    A proxy that answers as it likes.

    Attributes:
        asked: Fires with ``None`` when it was asked.
    """

    says = b""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Deferred[None] = Deferred()
        self._received = b""

    def dataReceived(self, data: bytes) -> None:
        self._received += data
        if self._received.endswith(b"\r\n\r\n"):
            self.asked.callback(None)
            self.answer(self._received)

    def answer(self, head: bytes) -> None:
        self.transport.write(self.says)  # type: ignore[union-attr]


class Saying(Answer):
    """Says nothing."""


class Garbage(Answer):
    says = b"220 mail.example.com ESMTP\r\n"


class Hasty(Answer):
    says = b"HTTP/1.1 200 OK\r\n\r\nhello"


class Flooding(Answer):
    says = b"HTTP/1.1 200 OK\r\n" + b"X-Flood: 1\r\n" * 10_000


class Closing(Answer):
    def answer(self, head: bytes) -> None:
        self.transport.loseConnection()  # type: ignore[union-attr]


class Tattling(Answer):
    def answer(self, head: bytes) -> None:
        basic = head.partition(b"Basic ")[2].partition(b"\r\n")[0]
        says = b"HTTP/1.1 403 no entry for %s, Basic %s\r\n\r\n" % (USER.encode(), basic)
        self.transport.write(says)  # type: ignore[union-attr]
