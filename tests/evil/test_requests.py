"""Well-formed requests with evil in them: JSON, pages, headers (B5, B6, B7)."""

from typing import Any

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.defer import gatherResults

from tests.case import ReactorCase, on_reactor
from tests.evil.bodies import BODIES, Body
from tests.evil.browsers import PAGES, Page
from tests.evil.corpus import GOOD, LAST
from tests.evil.daemon import KEY, LONG_DEADLINES, EvilDaemon
from tests.evil.gateway import EvilGateway
from tests.evil.raw import CHAT, Talk, post
from tests.evil.table import rows
from tests.evil.wire import WHOLE, Wire

pytestmark = pytest.mark.live

reactor: Any = _reactor

#: All that the daemon may say to the gateway, by itself or for a client.
ALLOWED_HEADERS = {
    *("host", "user-agent", "authorization", "connection"),
    *("accept", "content-type", "content-length"),
    # The daemon's own, or the client's if it is in order.
    "x-request-id",
}

#: Paths and methods that cost something, or tell something.
ENDPOINTS = (
    *(("GET", path) for path in ("/", "/api/version", "/api/tags", "/api/ps", "/v1/models")),
    *(("POST", path) for path in ("/api/chat", "/api/generate", "/api/show", "/api/embed")),
    *(("POST", path) for path in ("/v1/chat/completions", "/v1/messages", "/v1/embeddings")),
    *(("DELETE", "/api/delete"), ("POST", "/api/pull"), ("GET", "/nowhere")),
)


class JSONCase(ReactorCase):
    async def check(self, body: Body) -> None:
        """It is refused in JSON, whatever the endpoint, and the gateway hears nothing of it."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway, LONG_DEADLINES) as daemon:
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                paths = ("/api/chat", "/v1/chat/completions")
                talks = await gatherResults(
                    [daemon.converse(post(path, body.data)) for path in paths], consumeErrors=True
                )
                logged = [str(failure) for failure in self.flushLoggedErrors()]
                served = 0
                for talk, path in zip(talks, paths, strict=True):
                    # What is in OpenAI's fields is the gateway's to judge.
                    may = body.statuses if path == "/api/chat" else body.statuses | {200}
                    self.assertIn(talk.response.status, may, talk)
                    self.assertTrue(talk.response.json)
                    served += talk.response.status == 200
                self.assertEqual(len(gateway.wires) - 1, served)
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                self.assertEqual(logged, [])


@rows(BODIES, "json", JSONCase.check)
class JSON(JSONCase):
    """Bodies."""


class PageCase(ReactorCase):
    async def check(self, page: Page) -> None:
        """It is let in everywhere or nowhere; if not, neither answer nor gateway is touched."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway, LONG_DEADLINES) as daemon:
                self.assertEqual((await daemon.converse(GOOD)).response.status, 200)
                requests = [
                    b"%s %s HTTP/1.1\r\nHost: %s\r\n%s%sContent-Length: 2\r\n\r\n{}"
                    % (method.encode(), path.encode(), page.host, LAST, page.headers)
                    for method, path in (*ENDPOINTS, *(("OPTIONS", path) for _m, path in ENDPOINTS))
                ]
                talks: list[Talk] = await gatherResults(
                    [daemon.converse(request) for request in requests], consumeErrors=True
                )
                statuses = {talk.response.status for talk in talks}
                if page.allowed:
                    self.assertNotIn(403, statuses)
                else:
                    self.assertEqual(statuses, {403})
                    for talk in talks:
                        self.assertNotIn(b"access-control-allow-origin", talk.received.lower())
                if not page.allowed:
                    self.assertEqual(len(gateway.wires), 1)


@rows(PAGES, "page", PageCase.check)
class Pages(PageCase):
    """Pages in a browser."""


class Headers(ReactorCase):
    @on_reactor
    async def test_of_clients(self) -> None:
        """Of a client's headers none reaches the gateway but those that are meant for it."""
        evil = (
            b"Cookie: a=1\r\nX-Api-Key: theirs\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1\r\n"
            b"Accept-Encoding: gzip\r\nTE: trailers\r\nKeep-Alive: 1\r\nUpgrade: h2c\r\n"
            b"X-Litellm-Tags: free\r\nProxy-Authorization: Basic x\r\nOpenai-Organization: o\r\n"
            b"Referer: http://localhost\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nExpect: x\r\n"
            b"X-Request-ID: not in order\r\nTraceparent: 00-x\r\nTracestate: evil=1\r\n"
        )
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway, LONG_DEADLINES) as daemon:
                for path in ("/api/chat", "/v1/chat/completions"):
                    talk = await daemon.converse(post(path, {**CHAT, "stream": False}, evil))
                    self.assertEqual(talk.response.status, 200)
                for wire in gateway.wires:
                    headers = wire.request.headers
                    self.assertLessEqual(headers.keys(), ALLOWED_HEADERS)
                    self.assertEqual(headers["authorization"], f"Bearer {KEY}")
                    self.assertEqual(headers["host"], f"127.0.0.1:{gateway.port}")
                    self.assertEqual(headers["content-length"], str(len(wire.request.body)))
                    self.assertRegex(headers["x-request-id"], r"^[A-Za-z0-9._-]{8,128}$")

    @on_reactor
    async def test_of_the_gateway(self) -> None:
        """Of the gateway's head nothing reaches the client: no cookie, no name, no reason."""

        def play(wire: Wire) -> None:
            wire.head(b"Set-Cookie: a=1\r\nServer: secret\r\nX-Evil: secret\r\nX-Cost: secret\r\n")
            if wire.request.streams:
                wire.send(b"data: [DONE]\n\n")
            else:
                wire.send(repr(WHOLE).replace("'", '"').encode())

        with EvilGateway(play) as gateway:
            async with EvilDaemon(reactor, gateway, LONG_DEADLINES) as daemon:
                for path in ("/api/chat", "/v1/chat/completions"):
                    for stream in (True, False):
                        talk = await daemon.converse(post(path, {**CHAT, "stream": stream}))
                        self.assertEqual(talk.response.status, 200)
                        self.assertNotIn(b"secret", talk.received)
                        self.assertNotIn(b"cookie", talk.received.lower())
