"""Clients that leave, send slowly, or read nothing cost nothing for long (F1, F2, F7, B2, B3)."""

import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import gatherResults

from tests.case import Case, ReactorCase, on_reactor
from tests.evil import clients
from tests.evil.bodies import BODIES
from tests.evil.clients import DEPARTURES, Departure
from tests.evil.corpus import GOOD
from tests.evil.daemon import LONG_DEADLINES, MIB, DaemonProcess, EvilDaemon
from tests.evil.gateway import EvilGateway, answer_well, full_listener
from tests.evil.raw import HOST, connect, converse, post
from tests.evil.table import known, rows
from tests.evil.threads import in_thread

pytestmark = pytest.mark.live

reactor: Any = _reactor

ROOT = b"GET / HTTP/1.1\r\n%sConnection: close\r\n\r\n" % HOST

#: What a daemon may grow by that has to hold nothing; far less than what is sent to it.
SOME_BYTES = 16 * MIB


class LeavingCase(ReactorCase):
    async def leave(self, departure: Departure, leave: clients.Leave) -> None:
        with EvilGateway(departure.play) as gateway:
            async with EvilDaemon(reactor, gateway, LONG_DEADLINES) as daemon:
                # So that all there is to wait for is the gateway's answer.
                gateway.play = answer_well
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                gateway.wires.clear()
                gateway.play = departure.play
                closed = await in_thread(
                    reactor, clients.depart, daemon.port, gateway, departure, leave
                )
                self.assertIsNotNone(closed, "the gateway writes on for nobody")
                gateway.play = answer_well
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                logged = [str(failure) for failure in self.flushLoggedErrors()]
                self.assertEqual(logged, [])
                self.assertEqual(len(daemon.access_lines), 3)

    async def close(self, departure: Departure) -> None:
        """A client that closes closes the gateway's connection."""
        await self.leave(departure, clients.close)

    async def reset(self, departure: Departure) -> None:
        """A client that resets closes the gateway's connection."""
        await self.leave(departure, clients.reset)

    async def half_close(self, departure: Departure) -> None:
        """A client that closes its half closes the gateway's connection."""
        await self.leave(departure, clients.half_close)


@rows(DEPARTURES, "closes", LeavingCase.close)
@rows(DEPARTURES, "resets", LeavingCase.reset)
@rows(DEPARTURES[:10], "half_closes", LeavingCase.half_close)
class Leaving(LeavingCase):
    @known("leaves_while_connecting")
    @on_reactor
    async def test_leaves_while_connecting(self) -> None:
        """A client that leaves while the daemon connects is no error, and nothing is asked."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                await in_thread(reactor, gateway.refuse)
                with full_listener(gateway.port):
                    talk = in_thread(reactor, clients.drip, daemon.port, GOOD, b"")
                    leaving = connect(daemon.port)
                    leaving.sendall(GOOD)
                    leaving.shutdown(1)
                    with leaving:
                        await in_thread(reactor, leaving.recv, 1)
                    await talk
                logged = [str(failure) for failure in self.flushLoggedErrors()]
                gateway.listen_again()
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                self.assertEqual(logged, [])

    @known("stops_while_connecting")
    @on_reactor
    async def test_stops_while_connecting(self) -> None:
        """A daemon that is stopped while it connects to the gateway is no error, either."""
        with EvilGateway() as gateway:
            gateway.refuse()
            with full_listener(gateway.port):
                async with EvilDaemon(reactor, gateway) as daemon:
                    self.assertEqual((await daemon.converse(ROOT)).response.status, 200)
                logged = [str(failure) for failure in self.flushLoggedErrors()]
            self.assertEqual(logged, [])

    @on_reactor
    async def test_leaves_in_its_own_request(self) -> None:
        """A client that leaves before its request is whole has asked nothing, and is recorded."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                for part in (10, 60, len(GOOD) - 5):
                    with connect(daemon.port) as sock:
                        sock.sendall(GOOD[:part])
                        sock.shutdown(1)
                        self.assertEqual(await in_thread(reactor, sock.recv, 1), b"")
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                self.assertEqual(len(gateway.wires), 1)


class Slow(ReactorCase):
    async def drip(self, at_once: bytes, slowly: bytes, status: int) -> None:
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                slow = [
                    in_thread(reactor, clients.drip, daemon.port, at_once, slowly)
                    for _ in range(20)
                ]
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                for talk in await gatherResults(slow, consumeErrors=True):
                    self.assertEqual((talk.ended, talk.response.status), ("closed", status))
                self.assertEqual(len(gateway.wires), 1)
                self.assertEqual(len(daemon.access_lines), 21)

    @on_reactor
    async def test_head(self) -> None:
        """Clients that send their head byte by byte are refused, others served meanwhile."""
        await self.drip(b"", GOOD[:100], 408)

    @on_reactor
    async def test_second_head(self) -> None:
        """A second request on a connection has no more time than the first."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                first = GOOD.replace(b"Connection: close\r\n", b"")
                with connect(daemon.port) as sock:
                    sock.sendall(first)
                    await in_thread(reactor, sock.recv, 10)
                    sock.sendall(b"GET / HTT")
                    received = b""
                    while data := await in_thread(reactor, sock.recv, 65536):
                        received += data
                self.assertIn(b"HTTP/1.1 408 ", received)

    @on_reactor
    async def test_body(self) -> None:
        """Clients that send their body byte by byte are refused, others served meanwhile."""
        await self.drip(clients.length_of(100), b" " * 100, 408)

    @on_reactor
    async def test_body_in_chunks(self) -> None:
        """Clients that send their chunks byte by byte are refused, others served meanwhile."""
        await self.drip(clients.IN_CHUNKS, b"1\r\n \r\n" * 20, 408)

    @on_reactor
    async def test_nothing(self) -> None:
        """A client that says nothing at all is not listened to for ever."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                talk = await daemon.converse(b"")
                self.assertEqual((talk.received, talk.ended), (b"", "closed"))


class Uploading(ReactorCase):
    async def upload(self, head: bytes, pieces: int, piece: bytes) -> None:
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                talk = await in_thread(reactor, clients.upload, daemon.port, head, pieces, piece)
                self.assertEqual(talk.response.status, 413)
                self.assertTrue(talk.response.json["error"])
                self.assertEqual(gateway.wires, [])

    @on_reactor
    async def test_length(self) -> None:
        """A client that uploads too much, with a length, reads why when it is done."""
        await self.upload(clients.length_of(MIB * 3 // 2), 24, b" " * 65536)

    @on_reactor
    async def test_chunks(self) -> None:
        """A client that uploads too much, in chunks, reads why when it is done."""
        await self.upload(clients.IN_CHUNKS, 24, b"10000\r\n" + b" " * 65536 + b"\r\n")


class Memory(Case):
    """What clients do to the memory of a daemon in a process of its own."""

    def setUp(self) -> None:
        super().setUp()
        gateway = EvilGateway()
        self.addCleanup(gateway.__exit__)
        self.gateway = gateway
        self.daemon = DaemonProcess(gateway)
        self.addCleanup(self.daemon.stop)
        # What is loaded with the first request shall not count.
        self.assert_serves()
        self.before_bytes = self.daemon.memory_bytes()

    def assert_serves(self) -> None:
        self.gateway.play = answer_well
        self.assertEqual(converse(self.daemon.port, GOOD).response.status, 200)
        self.daemon.assert_is_well()

    def assert_small(self) -> None:
        self.assertLess(self.daemon.memory_bytes() - self.before_bytes, SOME_BYTES)

    def test_reads_nothing(self) -> None:
        """A client that reads nothing of 300 MiB is given up; none of it is kept meanwhile."""
        for request in (clients.STREAM, clients.FORWARDED):
            self.gateway.wires.clear()
            self.gateway.play = clients.without_end
            self.assertTrue(clients.read_nothing(self.daemon.port, request, self.gateway))
            self.assertLess(self.gateway.wires[-1].sent, 100 * MIB)
            self.assert_small()
            self.assert_serves()

    def test_uploads(self) -> None:
        """A body of 64 MiB, where 1 may be, is refused; none of it is kept."""
        piece = b" " * 65536
        clients.upload(self.daemon.port, clients.length_of(64 * MIB), 1024, piece)
        self.assert_small()
        chunk = b"10000\r\n" + piece + b"\r\n"
        clients.upload(self.daemon.port, clients.IN_CHUNKS, 1024, chunk)
        self.assert_small()
        multipart = b"Content-Type: multipart/form-data; boundary=x\r\n"
        head = clients.length_of(64 * MIB).replace(HOST, HOST + multipart)
        clients.upload(self.daemon.port, head, 1024, b"--x\r\n\r\n" * 8192)
        self.assert_small()
        self.assert_serves()

    def test_json_bombs(self) -> None:
        """Bodies that are twenty times as large when they are read are so one at a time (B4)."""
        bombs = [body for body in BODIES if len(body.data) > 500_000]
        self.assertGreater(len(bombs), 4)
        with ThreadPoolExecutor(10) as senders:
            for bomb in bombs * 10:
                senders.submit(converse, self.daemon.port, post("/api/chat", bomb.data))
        self.assertLess(self.daemon.memory_bytes() - self.before_bytes, 2 * SOME_BYTES)
        self.assert_serves()

    def test_many_connections(self) -> None:
        """A daemon without file descriptors survives it, and serves when there are some (F7)."""
        pid = self.daemon.pid
        _soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (60, hard))
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(connect(self.daemon.port)).sendall(b"GET / HTT")
        # Those that waited to be accepted are closed one after the other.
        while not converse(self.daemon.port, GOOD).received:
            self.assertTrue(self.daemon.is_running)
        self.assert_serves()

    def test_the_key_is_told_to_nobody(self) -> None:
        """A gateway that repeats the key gets it into no answer, no line and no log (B9)."""

        def tells(wire: Any) -> None:
            wire.answer({"error": {"message": wire.request.headers["authorization"]}}, "500 Oops")

        self.gateway.play = tells
        heard = b""
        for path in ("/api/chat", "/v1/chat/completions"):
            heard += converse(
                self.daemon.port, post(path, {"model": "m", "messages": [{}]})
            ).received
        self.daemon.stop()
        told = "\n".join([heard.decode(), *self.daemon.stdout, *self.daemon.stderr])
        self.assertNotIn("canary", told)
