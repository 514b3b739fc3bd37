"""How connections to a gateway are made, over real sockets and with real TLS."""

import socket
from threading import Event

import pytest
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import CancelledError
from twisted.internet.protocol import Factory

from ollamaproxy.errors import UpstreamUnreachable
from tests.case import on_reactor
from tests.live.ends import Echo, GatewayCase, Hangup, Silent, reactor

pytestmark = pytest.mark.live


class Plain(GatewayCase):
    @on_reactor
    async def test_keep_alive(self) -> None:
        """The kernel watches over a silent connection, and begins within a few minutes."""
        async with self.listening(Factory.forProtocol(Echo)) as port:
            ours = await self.connect(f"http://localhost:{port}")
            handle = ours.transport.getHandle()
            self.assertTrue(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            if hasattr(socket, "TCP_KEEPIDLE"):
                idle_s = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
                self.assertLess(idle_s, 240)
            await self.assert_echoed(ours)

    @on_reactor
    async def test_lookups_that_hang(self) -> None:
        """Look-ups that take all of the reactor's threads do not hold up what is an address."""
        answered = Event()
        self.addCleanup(answered.set)
        for _ in range(15):
            reactor.callInThread(answered.wait)
        async with self.listening(Factory.forProtocol(Echo)) as port:
            await self.assert_echoed(await self.connect(f"http://127.0.0.1:{port}", 5))


class Secure(GatewayCase):
    @on_reactor
    async def test_connected(self) -> None:
        """A certificate that is trusted and names the host makes a connection both ways."""
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect(f"https://localhost:{port}")
            await self.assert_echoed(ours)

    @on_reactor
    async def test_keep_alive(self) -> None:
        """The kernel watches over a secure connection as well."""
        async with self.listening(self.echoing_tls()) as port:
            ours = await self.connect(f"https://localhost:{port}")
            handle = ours.transport.transport.getHandle()
            self.assertTrue(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            await self.assert_echoed(ours)

    @on_reactor
    async def test_another_host(self) -> None:
        """A certificate for another host is found out before there is a connection."""
        async with self.listening(self.echoing_tls()) as port:
            with self.assertRaises(VerificationError):
                await self.connect(f"https://127.0.0.1:{port}")

    @on_reactor
    async def test_not_trusted(self) -> None:
        """So is one that nobody vouches for, and it is said what to do."""
        told = "^the gateway's certificate is not trusted: self-signed certificate; .* --ca-file$"
        async with self.listening(self.echoing_tls()) as port:
            with self.assertRaisesRegex(UpstreamUnreachable, told):
                await self.connect(f"https://localhost:{port}", trusts=False)

    @on_reactor
    async def test_no_tls(self) -> None:
        """So is a server that does not speak TLS."""
        async with self.listening(Factory.forProtocol(Echo)) as port:
            with self.assertRaises(SSL.Error):
                await self.connect(f"https://localhost:{port}")

    @on_reactor
    async def test_closed(self) -> None:
        """A server that closes in the middle of the handshake cannot be reached."""
        async with self.listening(Factory.forProtocol(Hangup)) as port:
            with self.assertRaisesRegex(UpstreamUnreachable, "it closed the connection"):
                await self.connect(f"https://localhost:{port}")

    @on_reactor
    async def test_silent(self) -> None:
        """A server that never answers the handshake fails by the deadline for connecting."""
        silent = Silent()
        async with self.listening(Factory.forProtocol(lambda: silent)) as port:
            with self.assertRaisesRegex(UpstreamUnreachable, "no connection within 0.5 seconds"):
                await self.connect(f"https://127.0.0.1:{port}", 0.5)
            await silent.closed

    @on_reactor
    async def test_given_up(self) -> None:
        """A connection that nobody waits for any more is closed in the middle of the handshake."""
        silent = Silent()
        async with self.listening(Factory.forProtocol(lambda: silent)) as port:
            connecting = self.connect(f"https://127.0.0.1:{port}")
            await silent.greeted
            connecting.cancel()
            with self.assertRaises(CancelledError):
                await connecting
            await silent.closed
