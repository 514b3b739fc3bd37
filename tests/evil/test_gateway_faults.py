"""Whatever the gateway does, clients hear of it in time, and the daemon goes on (F3, F8)."""

import json
from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import gatherResults

from tests.case import ReactorCase, on_reactor
from tests.evil.daemon import KEY, EvilDaemon
from tests.evil.faults import FAULTS, LATE, LIST_FAULTS, Fault
from tests.evil.gateway import EvilGateway, answer_well, full_listener, list_well
from tests.evil.raw import CHAT, HOST, Talk, post
from tests.evil.table import known, rows
from tests.evil.threads import in_thread

pytestmark = pytest.mark.live

reactor: Any = _reactor

#: The ways to ask: a path, and whether the answer shall stream.
WAYS = (
    ("/api/chat", True),
    ("/api/chat", False),
    ("/v1/chat/completions", True),
    ("/v1/chat/completions", False),
)


class FaultCase(ReactorCase):
    async def ask_in_all_ways(self, daemon: EvilDaemon) -> list[Talk]:
        return await gatherResults(
            [daemon.converse(post(path, {**CHAT, "stream": stream})) for path, stream in WAYS],
            consumeErrors=True,
        )

    async def assert_goes_on(self, daemon: EvilDaemon, gateway: EvilGateway) -> None:
        """Ask in all ways, of a gateway that is good again."""
        gateway.play, gateway.play_list = answer_well, list_well
        for talk, (path, stream) in zip(await self.ask_in_all_ways(daemon), WAYS, strict=True):
            self.assertEqual((talk.ended, talk.response.status), ("closed", 200), talk)
            self.assertTrue(talk.response.complete)
            end = b"[DONE]" if stream else b'"finish_reason"'
            self.assertIn(b'"done":true' if path == "/api/chat" else end, talk.response.body)
        self.assert_nothing_logged()
        left = await in_thread(reactor, gateway.wait_until_left)
        self.assertTrue(left, "a connection to the gateway is still open")

    def assert_error(self, talk: Talk, statuses: frozenset[int]) -> None:
        self.assertEqual(talk.ended, "closed", talk)
        self.assertNotIn(KEY.encode(), talk.received)
        self.assertIn(talk.response.status, statuses, talk)
        self.assertTrue(talk.response.complete)
        self.assertTrue(talk.response.headers["content-type"].startswith("application/json"))
        self.assertTrue(talk.response.json["error"])

    def assert_nothing_logged(self) -> None:
        """Fail, but as an assertion: a row that is known to fail may do so by this."""
        self.assertEqual([str(failure) for failure in self.flushLoggedErrors()], [])

    def assert_error_in_stream(self, talk: Talk, path: str) -> None:
        self.assertEqual((talk.ended, talk.response.complete), ("closed", True), talk)
        self.assertNotIn(KEY.encode(), talk.received)
        body = talk.response.body
        for sign in (b'"done":true', b"[DONE]", b'"finish_reason":"stop"'):
            self.assertNotIn(sign, body)
        self.assertTrue(body.endswith(b"\n"))
        last = body.strip().splitlines()[-1]
        error = json.loads(last if path == "/api/chat" else last.removeprefix(b"data: "))
        self.assertTrue(error["error"])

    async def check(self, fault: Fault) -> None:
        """Whoever asks hears an error; nobody hears an end; the next request is answered."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                gateway.play = fault.play
                talks = await self.ask_in_all_ways(daemon)
                for talk, (path, stream) in zip(talks, WAYS, strict=True):
                    if fault.events_only and path != "/api/chat" and not stream:
                        continue
                    if fault.begins and stream and talk.response.status == 200:
                        self.assert_error_in_stream(talk, path)
                    else:
                        self.assert_error(talk, fault.statuses)
                await self.assert_goes_on(daemon, gateway)
                paths = {wire.request.path for wire in gateway.wires}
                self.assertEqual(paths, {"/v1/chat/completions"})
                self.assertFalse([w for w in gateway.wires if "cookie" in w.request.headers])
                self.assertEqual(len(daemon.access_lines), 2 * len(WAYS))

    async def check_list(self, fault: Fault) -> None:
        """Who asks for the models hears an error, and chats go on without them."""
        with EvilGateway(play_list=fault.play) as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                tags = b"GET /api/tags HTTP/1.1\r\n%sConnection: close\r\n\r\n" % HOST
                talk = await daemon.converse(tags)
                # All the lists together have a deadline, too.
                self.assert_error(talk, fault.statuses | LATE)
                await self.assert_goes_on(daemon, gateway)


@rows(FAULTS, "gateway", FaultCase.check)
class GatewayFaults(FaultCase):
    @on_reactor
    async def test_gateway_refuses_connections(self) -> None:
        """A gateway that does not run is an error at once; one that runs again is used (F8)."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                await self.assert_goes_on(daemon, gateway)
                await in_thread(reactor, gateway.refuse)
                for talk in await self.ask_in_all_ways(daemon):
                    self.assert_error(talk, frozenset({502}))
                gateway.listen_again()
                await self.assert_goes_on(daemon, gateway)

    @known("gateway_does_not_accept")
    @on_reactor
    async def test_gateway_does_not_accept(self) -> None:
        """A gateway to which no connection comes about is an error after the connect deadline."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                await self.assert_goes_on(daemon, gateway)
                await in_thread(reactor, gateway.refuse)
                with full_listener(gateway.port):
                    talks = await self.ask_in_all_ways(daemon)
                self.assert_nothing_logged()
                for talk in talks:
                    self.assert_error(talk, frozenset({502}))
                gateway.listen_again()
                await self.assert_goes_on(daemon, gateway)

    @on_reactor
    async def test_gateway_dies_under_streams(self) -> None:
        """A gateway that dies under 50 streams is 50 error lines, and the next request works."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:

                def dies(wire: Any) -> None:
                    wire.begin()
                    gateway.wait_for_requests(50)
                    wire.reset()

                gateway.play = dies
                streams = [
                    daemon.converse(post("/api/chat", {**CHAT, "stream": True})) for _ in range(50)
                ]
                for talk in await gatherResults(streams, consumeErrors=True):
                    self.assert_error_in_stream(talk, "/api/chat")
                await self.assert_goes_on(daemon, gateway)


@rows(LIST_FAULTS, "asked_for_models", FaultCase.check_list)
class ListFaults(FaultCase):
    """What the gateway does when it is asked for its models."""
