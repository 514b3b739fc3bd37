"""Request ids and traces: to the client, to the gateway, and into the record."""

import json
from typing import Final

from ollamaproxy.settings import Secret, Settings
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY, GatewayRequest

PARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
MADE: Final = r"^req_[0-9a-f]{24}$"


class ToTheClient(NetworkCase):
    def test_its_own(self) -> None:
        """A reply has the id that the request had, and so has the record."""
        client = self.network.client()
        client.send("GET", "/api/version", headers="X-Request-ID: a.B-c_1\r\n")
        self.network.flush()
        self.assertEqual(client.response().headers["x-request-id"], "a.B-c_1")
        self.assertEqual(self.network.records[-1].request_id, "a.B-c_1")

    def test_made(self) -> None:
        """A request without an id, or with one that will not do, gets a new one each time."""
        seen = set()
        for headers in ("", "X-Request-ID: a b\r\n", "X-Request-ID: a\r\nX-Request-ID: a\r\n"):
            client = self.network.client()
            client.send("GET", "/api/version", headers=headers)
            self.network.flush()
            told = client.response().headers["x-request-id"]
            self.assertRegex(told, MADE)
            self.assertEqual(self.network.records[-1].request_id, told)
            seen.add(told)
        self.assertEqual(len(seen), 3)

    def test_every_reply(self) -> None:
        """So has every other reply: not found, not allowed, a stream, a page's that is refused."""
        for method, path, headers in (
            ("GET", "/nope", ""),
            ("GET", "/api/chat", ""),
            ("GET", "/", "Origin: https://evil.test\r\n"),
            ("OPTIONS", "/", "Origin: http://localhost\r\n"),
        ):
            client = self.network.client()
            client.send(method, path, headers=headers + "X-Request-ID: r-1\r\n")
            self.network.flush()
            self.assertEqual(client.response().headers["x-request-id"], "r-1", path)
        client = self.network.ask("/api/chat", CHAT, "X-Request-ID: r-2\r\n")
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.assertEqual(client.response().headers["x-request-id"], "r-2")

    def test_the_parser_s_refusals(self) -> None:
        """A request that the parser refuses is answered with its id, if that had come, or one."""
        for raw, told in (
            (b"GET / HTTP/1.1\r\nX-Request-ID: r-1\r\n\r\n", "^r-1$"),
            (b"GET / HTTP/1.1\r\nX-Request-ID: r-1\r\nA: b\r\n bad: fold\r\n\r\n", "^r-1$"),
            (b"GET / HTTP/9\r\n\r\n", MADE),
            (b"x" * 70_000, MADE),
        ):
            client = self.network.client()
            client.raw(raw)
            self.network.flush()
            response = client.response()
            self.assertGreaterEqual(response.status, 400)
            self.assertRegex(response.headers["x-request-id"], told)
            record = self.network.records[-1]
            self.assertEqual(record.request_id, response.headers["x-request-id"])

    def test_anthropic_s_errors(self) -> None:
        """An error in Anthropic's form names the same id as the reply's head."""
        for headers, told in (("X-Request-ID: r-1\r\n", "^r-1$"), ("", MADE)):
            client = self.network.ask("/v1/messages", {"model": "m"}, headers)
            response = client.response()
            self.assertRegex(response.json["request_id"], told)
            self.assertEqual(response.json["request_id"], response.headers["x-request-id"])


class ToTheGateway(NetworkCase):
    def gets(self, headers: str = "") -> GatewayRequest:
        """Return what the gateway gets for a chat."""
        self.network.ask("/api/chat", CHAT, headers)
        return self.network.gateway.request

    def test_the_id(self) -> None:
        """The gateway is told the id that the client is told, on every route that asks it."""
        for path, body in (
            ("/api/chat", CHAT),
            ("/api/embed", {"model": "m", "input": "x"}),
            ("/v1/chat/completions", CHAT),
        ):
            self.network.ask(path, body, "X-Request-ID: r-1\r\n")
            self.assertEqual(self.network.gateway.request.headers["x-request-id"], "r-1", path)

    def test_a_trace(self) -> None:
        """A trace is passed on and recorded; one that is not well formed is not."""
        headers = self.gets(f"traceparent: {PARENT}\r\ntracestate: a=1,b=2\r\n").headers
        self.assertEqual((headers["traceparent"], headers["tracestate"]), (PARENT, "a=1,b=2"))
        headers = self.gets("traceparent: 00-1-2-3\r\ntracestate: a=1\r\n").headers
        self.assertNotIn("traceparent", headers)
        self.assertNotIn("tracestate", headers)
        for peer in self.network.gateway_connections:
            peer.cut()
        self.network.flush()
        traces = [record.trace_id for record in self.network.records]
        self.assertEqual(sorted(traces), ["", "0af7651916cd43dd8448eb211c80319c"])

    def test_litellm_s_id(self) -> None:
        """Only LiteLLM gets its call id, and only as soon as it has shown itself."""
        self.assertNotIn("x-litellm-call-id", self.gets().headers)
        reply = {"x-litellm-version": "1"}
        self.network.gateway.reply(400, "application/json", '{"error":{"message":"no"}}', reply)
        self.network.flush()
        headers = self.gets().headers
        self.assertRegex(headers["x-request-id"], MADE)
        self.assertEqual(headers["x-litellm-call-id"], headers["x-request-id"])


class ToLiteLLM(NetworkCase):
    def setUp(self) -> None:
        super().setUp()
        self.network.ask("/api/chat", CHAT)
        reply = {"x-litellm-version": "1"}
        self.network.gateway.reply(400, "application/json", '{"error":{"message":"no"}}', reply)
        self.network.flush()

    def call_id(self, headers: str) -> str:
        self.network.ask("/api/chat", CHAT, headers)
        return self.network.gateway.request.headers["x-litellm-call-id"]

    def test_an_id_of_the_client_s(self) -> None:
        """Two requests with one id of the client's are two calls, that both begin with it."""
        ids = [self.call_id("X-Request-ID: r-1\r\n") for _ in range(2)]
        self.assertRegex(ids[0], r"^r-1\.[0-9a-f]{8}$")
        self.assertRegex(ids[1], r"^r-1\.[0-9a-f]{8}$")
        self.assertNotEqual(*ids)

    def test_several_calls(self) -> None:
        """What one request asks again, as another call, has an id of its own."""
        body = {"model": "m", "input": "x" * 4000}
        client = self.network.ask("/api/embed", body)
        first = self.network.gateway.request.headers
        error = {"error": {"message": "maximum context length is 8192 tokens"}}
        self.network.gateway.reply(400, "application/json", json.dumps(error))
        self.network.flush()
        second = self.network.gateway.request.headers
        self.assertEqual(second["x-litellm-call-id"], f"{first['x-litellm-call-id']}.2")
        self.assertEqual(second["x-request-id"], first["x-request-id"])
        client.leave()


class ByWhom(NetworkCase):
    settings = Settings(
        base_url="http://one.test", more_base_urls=("http://two.test",), api_key=Secret(KEY)
    )

    def test_the_gateway_that_answered(self) -> None:
        """The record names the gateway that answered, also one that refused; no other."""
        self.network.ask("/api/chat", CHAT)
        self.network.gateway.cut()
        self.network.flush()
        self.assertEqual(self.network.gateway.host, "two.test")
        self.network.gateway.reply(400, "application/json", '{"error":{"message":"no"}}')
        self.network.flush()
        self.assertEqual(self.network.records[-1].gateway, "http://two.test")
        self.network.get("/api/version")
        self.assertEqual(self.network.records[-1].gateway, "")
