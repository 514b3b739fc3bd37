"""The demonstration gateway over HTTP, in memory: bytes in, bytes out, time by hand."""

import base64
import io
import json
import struct
from collections.abc import Iterable
from http.client import HTTPResponse
from typing import Any, cast

from attrs import frozen
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from ollamaproxy.demo.chat import answer_chat
from ollamaproxy.demo.embeddings import unit_vector
from ollamaproxy.demo.gateway import make_demonstration_site
from tests.case import Case

#: Seconds since the epoch; where the clock begins.
NOW = 1_795_521_600

CHAT = {"model": "demo-chat", "messages": [{"role": "user", "content": "Hi there"}]}
STREAM = {**CHAT, "stream": True}
ANSWER = answer_chat(CHAT)


@frozen
class _Received:
    """The first response on a connection, which must be complete."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class _Socket(io.BytesIO):
    """What http.client reads a response from."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self


class _FullTransport(StringTransport):
    """A transport whose every write fills its buffer, as TCP says during the write."""

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """ITransport: chunks are written this way."""
        super().writeSequence(data)
        if self.producer is not None:
            self.producer.pauseProducing()


class _Client:
    """One connection to the gateway, as raw bytes."""

    def __init__(self, channel: IProtocol, transport: StringTransport) -> None:
        self.channel = channel
        self.transport = transport
        channel.makeConnection(self.transport)

    def send(self, method: str, path: str, body: bytes, *headers: str) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: demo", f"Content-Length: {len(body)}"]
        self.channel.dataReceived("\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + body)

    def chunks(self) -> list[bytes]:
        """Return the complete HTTP chunks so far; b"" is the one that ends the response."""
        rest = self.transport.value().partition(b"\r\n\r\n")[2]
        found: list[bytes] = []
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            found.append(rest[:length])
            rest = rest[length + 2 :]
        return found

    def received(self, method: str = "GET") -> _Received:
        response = HTTPResponse(_Socket(self.transport.value()), method=method)  # type: ignore[arg-type]
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return _Received(response.status, headers, response.read())

    @property
    def producer(self) -> IPushProducer:
        """What a real transport tells to pause, resume and stop."""
        assert self.transport.producer is not None
        return IPushProducer(self.transport.producer)

    def leave(self) -> None:
        self.channel.connectionLost(Failure(ConnectionLost()))


class _GatewayCase(Case):
    """A gateway on a clock that must be empty once every client has left."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.clock.advance(NOW)
        # An interval that binary fractions hold exactly.
        self.site = make_demonstration_site(self.clock, word_interval_s=0.25)
        self.site.doStart()
        self.clients: list[_Client] = []
        self.addCleanup(self._assert_quiet)

    def _assert_quiet(self) -> None:
        for client in self.clients:
            client.leave()
        self.site.doStop()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def connect(self, transport: StringTransport | None = None) -> _Client:
        channel = self.site.buildProtocol(None)
        assert channel is not None
        client = _Client(channel, transport or StringTransport())
        self.clients.append(client)
        return client

    def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> _Received:
        """Return the answer to a request that is answered at once."""
        client = self.connect()
        client.send(method, path, body, *headers)
        return client.received(method)

    def post(self, path: str, value: object) -> _Received:
        return self.ask("POST", path, json.dumps(value).encode())

    def stream(self, value: object = STREAM, transport: StringTransport | None = None) -> _Client:
        """Return a client whose stream has begun."""
        client = self.connect(transport)
        client.send("POST", "/v1/chat/completions", json.dumps(value).encode())
        return client

    def play(self) -> None:
        """Let more time pass than any answer takes, in steps of one interval."""
        self.clock.pump([0.25] * 100)

    def assert_refused(self, received: _Received, status: int, text: str) -> None:
        self.assertEqual(received.status, status)
        self.assertEqual(received.headers["content-type"], "application/json")
        error = received.json["error"]
        self.assertEqual(set(error), {"message", "type", "param", "code"})
        self.assertEqual((error["type"], error["code"]), ("invalid_request_error", str(status)))
        self.assertIn(text, error["message"])


class PathTests(_GatewayCase):
    """What is where."""

    def test_models(self) -> None:
        """The model list names both models with mode and limits."""
        received = self.ask("GET", "/v1/models")
        self.assertEqual(received.status, 200)
        self.assertEqual(received.headers["content-type"], "application/json")
        self.assertEqual(received.json["object"], "list")
        self.assertEqual(
            [model["id"] for model in received.json["data"]], ["demo-chat", "demo-embed"]
        )

    def test_alive(self) -> None:
        """Both spellings of the health check answer with LiteLLM's JSON string."""
        for path in ("/health/liveliness", "/health/liveness"):
            self.assertEqual(self.ask("GET", path).body, b'"I\'m alive!"')

    def test_with_and_without_version(self) -> None:
        """Every path answers the same with and without /v1."""
        for method, path, value in (
            ("GET", "/models", None),
            ("GET", "/health/liveliness", None),
            ("POST", "/embeddings", {"model": "demo-embed", "input": "x"}),
            ("POST", "/chat/completions", CHAT),
        ):
            body = json.dumps(value).encode()
            short, long = self.ask(method, path, body), self.ask(method, f"/v1{path}", body)
            self.assertEqual((short.status, long.status), (200, 200))
            self.assertEqual(
                {**short.json, "id": ""} if "id" in short.json else short.json,
                {**long.json, "id": ""} if "id" in long.json else long.json,
            )

    def test_any_key(self) -> None:
        """A key is neither needed nor checked."""
        for header in ("Authorization: Bearer wrong", "Authorization: nonsense", "X-Api-Key: x"):
            self.assertEqual(self.ask("GET", "/v1/models", b"", header).status, 200)

    def test_unknown_paths(self) -> None:
        """A path with nothing on it is a JSON error that names itself and those that exist."""
        for path in (
            "/",
            "/v1",
            "/v1/",
            "/v1/v1/models",
            "/chat",
            "/v1/models/demo-chat",
            "/%ff/a",
        ):
            self.assert_refused(self.ask("GET", path), 404, f"Not Found: {path}.  This is")
        self.assert_refused(self.post("/model/info", {}), 404, "/v1/chat/completions")

    def test_a_long_unknown_path(self) -> None:
        """Of a long path only the beginning is repeated."""
        self.assertLess(len(self.ask("GET", "/" + "x" * 5000).body), 500)

    def test_a_path_that_is_not_utf_8(self) -> None:
        """A byte in the path that is no text is replaced when it is repeated."""
        self.assert_refused(self.ask("GET", "/\x80"), 404, "Not Found: /\ufffd.")

    def test_wrong_methods(self) -> None:
        """A method that does not fit is a JSON error and says which one does."""
        for method, path, allowed in (
            ("GET", "/v1/chat/completions", "POST"),
            ("DELETE", "/v1/embeddings", "POST"),
            ("POST", "/v1/models", "GET"),
            ("BREW", "/health/liveliness", "GET"),
        ):
            received = self.ask(method, path)
            self.assert_refused(received, 405, f"this path takes {allowed} only")
            self.assertEqual(received.headers["allow"], allowed)

    def test_head(self) -> None:
        """HEAD is refused as LiteLLM refuses it, without a body."""
        for path, status in (("/v1/models", 405), ("/v1/chat/completions", 405), ("/x", 404)):
            received = self.ask("HEAD", path)
            self.assertEqual((received.status, received.body), (status, b""))

    def test_no_server_header(self) -> None:
        """Like LiteLLM, it does not say what serves it, in answers and in errors."""
        for path in ("/v1/models", "/nope"):
            self.assertNotIn("server", self.ask("GET", path).headers)


class WholeChatTests(_GatewayCase):
    """Chat answers in one body."""

    def test_answer(self) -> None:
        """The body has LiteLLM's form and the answer's text and counts."""
        self.assertEqual(
            self.post("/v1/chat/completions", CHAT).json,
            {
                "id": "chatcmpl-demonstration-1",
                "created": NOW,
                "model": "demo-chat",
                "object": "chat.completion",
                "system_fingerprint": "ollamaproxy-demonstration",
                "choices": [
                    {
                        "finish_reason": "stop",
                        "index": 0,
                        "message": {"content": ANSWER.text, "role": "assistant"},
                    }
                ],
                "usage": {
                    "completion_tokens": ANSWER.completion_tokens,
                    "prompt_tokens": 2,
                    "total_tokens": ANSWER.completion_tokens + 2,
                },
            },
        )

    def test_every_answer_has_its_own_id(self) -> None:
        """Two answers can be told apart."""
        ids = {self.post("/v1/chat/completions", CHAT).json["id"] for _ in range(2)}
        self.assertEqual(len(ids), 2)

    def test_text_is_not_escaped(self) -> None:
        """JSON is compact UTF-8, as LiteLLM writes it."""
        body = {**CHAT, "messages": [{"role": "user", "content": "é😀"}]}
        received = self.post("/v1/chat/completions", body)
        self.assertIn("“é😀”".encode(), received.body)
        self.assertIn(b'"index":0,', received.body)

    def test_half_a_surrogate_pair(self) -> None:
        """A character that UTF-8 cannot hold is replaced when it is repeated."""
        body = {**CHAT, "messages": [{"role": "user", "content": "a\ud800b"}]}
        received = self.post("/v1/chat/completions", body)
        self.assertIn("“a?b”", received.json["choices"][0]["message"]["content"])

    def test_next_request_on_the_connection(self) -> None:
        """The connection is kept, so that a pool can use it."""
        client = self.connect()
        for _ in range(2):
            client.transport.clear()
            client.send("GET", "/v1/models", b"")
            self.assertEqual(client.received().status, 200)


class StreamTests(_GatewayCase):
    """Chat answers as events."""

    def events(self, client: _Client) -> list[Any]:
        """Return the JSON of all events of a complete stream, without its end mark."""
        *events, mark, end = client.chunks()
        self.assertEqual((mark, end), (b"data: [DONE]\n\n", b""))
        for event in events:
            self.assertTrue(event.startswith(b"data: {"))
            self.assertTrue(event.endswith(b"}\n\n"))
            self.assertEqual(event.count(b"\n"), 2)
        return [json.loads(event[6:]) for event in events]

    def test_headers(self) -> None:
        """The head goes out at once and is that of an event stream."""
        client = self.stream({**STREAM, "max_tokens": 1})
        self.assertIn(b"HTTP/1.1 200 OK\r\n", client.transport.value())
        self.play()
        headers = client.received().headers
        self.assertEqual(headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertEqual(headers["cache-control"], "no-cache")
        self.assertEqual(headers["x-accel-buffering"], "no")
        self.assertEqual(headers["transfer-encoding"], "chunked")
        self.assertNotIn("server", headers)

    def test_choices(self) -> None:
        """The events are role, words, finish, one to a chunk, with nulls left out."""
        client = self.stream({**STREAM, "max_tokens": 2})
        self.play()
        self.assertEqual(
            [event["choices"] for event in self.events(client)],
            [
                [{"index": 0, "delta": {"content": "", "role": "assistant"}}],
                [{"index": 0, "delta": {"content": "This "}}],
                [{"index": 0, "delta": {"content": "answer "}}],
                [{"finish_reason": "length", "index": 0, "delta": {}}],
            ],
        )

    def test_text(self) -> None:
        """The deltas join to the text that an undivided answer has."""
        client = self.stream()
        self.play()
        deltas = [event["choices"][0]["delta"] for event in self.events(client)]
        self.assertEqual("".join(delta.get("content", "") for delta in deltas), ANSWER.text)

    def test_head_of_events(self) -> None:
        """Every event names the same completion, time, model and kind."""
        client = self.stream()
        self.play()
        for event in self.events(client):
            del event["choices"]
            self.assertEqual(
                event,
                {
                    "id": "chatcmpl-demonstration-1",
                    "created": NOW,
                    "model": "demo-chat",
                    "object": "chat.completion.chunk",
                    "system_fingerprint": "ollamaproxy-demonstration",
                },
            )

    def test_usage(self) -> None:
        """Usage comes if asked for, behind the finish, with a choice that holds nothing."""
        client = self.stream({**STREAM, "stream_options": {"include_usage": True}})
        self.play()
        *_, finish, usage = self.events(client)
        self.assertEqual(finish["choices"][0]["finish_reason"], "stop")
        self.assertNotIn("usage", finish)
        self.assertEqual(usage["choices"], [{"index": 0, "delta": {}}])
        words = ANSWER.completion_tokens
        self.assertEqual(
            usage["usage"],
            {"completion_tokens": words, "prompt_tokens": 2, "total_tokens": words + 2},
        )

    def test_pace(self) -> None:
        """The first event comes at once, and each interval brings one more."""
        client = self.stream()
        for number in range(1, 6):
            self.assertEqual(len(client.chunks()), number)
            self.clock.advance(0.125)
            self.assertEqual(len(client.chunks()), number)
            self.clock.advance(0.125)

    def test_the_end_comes_with_the_last_event(self) -> None:
        """The response ends together with its end mark."""
        client = self.stream({**STREAM, "max_tokens": 1})
        self.clock.pump([0.25] * 2)
        self.assertNotIn(b"data: [DONE]\n\n", client.chunks())
        self.clock.advance(0.25)
        self.assertEqual(client.chunks()[-2:], [b"data: [DONE]\n\n", b""])

    def test_no_interval(self) -> None:
        """An interval of 0 sends everything without time passing."""
        self.site = make_demonstration_site(self.clock, word_interval_s=0)
        client = self.stream()
        self.clock.pump([0] * 100)
        self.assertEqual(len(self.events(client)), ANSWER.completion_tokens + 2)

    def test_next_request_after_a_stream(self) -> None:
        """A finished stream leaves the connection ready for another."""
        client = self.stream()
        self.play()
        client.transport.clear()
        client.send("POST", "/v1/chat/completions", json.dumps(STREAM).encode())
        self.play()
        self.assertEqual(self.events(client)[0]["id"], "chatcmpl-demonstration-2")

    def test_a_refused_stream(self) -> None:
        """A stream that cannot begin is a plain JSON error."""
        self.assert_refused(
            self.post("/v1/chat/completions", {**STREAM, "model": "nope"}),
            400,
            "litellm.BadRequestError: You passed in model=nope. There are no healthy deployments",
        )


class LeavingTests(_GatewayCase):
    """Clients that read slowly or leave."""

    def test_leaving_in_the_middle(self) -> None:
        """Nothing stays on the clock and nothing is written when the client has left."""
        client = self.stream()
        self.clock.advance(0.25)
        client.leave()
        self.clients.clear()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(len(client.chunks()), 2)

    def test_leaving_as_a_real_transport_tells_it(self) -> None:
        """A transport that first stops its producer, as TCP does, makes no difference."""
        client = self.stream()
        client.producer.stopProducing()
        client.leave()
        self.clients.clear()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_client(self) -> None:
        """A client that does not read stops the stream, and it goes on when it reads."""
        client = self.stream()
        client.producer.pauseProducing()
        self.play()
        self.assertEqual(len(client.chunks()), 1)
        client.producer.resumeProducing()
        self.clock.advance(0.25)
        self.assertEqual(len(client.chunks()), 2)

    def test_full_during_the_write(self) -> None:
        """A transport that asks for a pause while it is written to gets one."""
        client = self.stream(transport=_FullTransport())
        for _ in range(2):
            before = client.transport.value()
            self.play()
            self.assertEqual(client.transport.value(), before)
            client.producer.resumeProducing()
            self.clock.advance(0.25)
            self.assertGreater(len(client.transport.value()), len(before))

    def test_resuming_twice(self) -> None:
        """Being told twice to go on does not make the stream faster."""
        client = self.stream()
        for _ in range(2):
            client.producer.resumeProducing()
        self.clock.advance(0.25)
        self.assertEqual(len(client.chunks()), 2)

    def test_leaving_while_slow(self) -> None:
        """A client that leaves without reading leaves nothing behind either."""
        client = self.stream()
        client.producer.pauseProducing()
        client.leave()
        self.clients.clear()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class EmbeddingTests(_GatewayCase):
    """Vectors over HTTP."""

    def test_floats(self) -> None:
        """The body has LiteLLM's form, with one vector for a string."""
        self.assertEqual(
            self.post("/v1/embeddings", {"model": "demo-embed", "input": "two words"}).json,
            {
                "model": "demo-embed",
                "data": [
                    {"embedding": list(unit_vector("two words")), "index": 0, "object": "embedding"}
                ],
                "object": "list",
                "usage": {
                    "completion_tokens": 0,
                    "prompt_tokens": 2,
                    "total_tokens": 2,
                    "completion_tokens_details": None,
                    "prompt_tokens_details": None,
                },
            },
        )

    def test_several(self) -> None:
        """A list gets numbered vectors in its order."""
        asked = {"model": "demo-embed", "input": ["a", "b"], "dimensions": 4}
        found = self.post("/v1/embeddings", asked).json["data"]
        self.assertEqual([entry["index"] for entry in found], [0, 1])
        self.assertEqual(
            [entry["embedding"] for entry in found], [list(unit_vector(text, 4)) for text in "ab"]
        )

    def test_base64(self) -> None:
        """Asked for base64, the same numbers come as packed 32-bit floats."""
        asked = {"model": "demo-embed", "input": "a", "dimensions": 4, "encoding_format": "base64"}
        packed = base64.b64decode(self.post("/v1/embeddings", asked).json["data"][0]["embedding"])
        for found, expected in zip(struct.unpack("<4f", packed), unit_vector("a", 4), strict=True):
            self.assertAlmostEqual(found, expected, places=6)

    def test_refused(self) -> None:
        """An unknown model is refused in LiteLLM's words here too."""
        received = self.post("/embeddings", {"model": "nope", "input": "x"})
        self.assert_refused(received, 400, "You passed in model=nope.")


class BadBodyTests(_GatewayCase):
    """Bodies that are no request."""

    def test_not_json(self) -> None:
        """A body that is not a JSON object is refused in words, wherever it is sent."""
        for body, text in (
            (b"", "Invalid JSON payload: Expecting value: line 1 column 1"),
            (b'{"model":', "Invalid JSON payload: Expecting value"),
            (b'{"model": "demo-chat"} x', "Invalid JSON payload: Extra data"),
            (b"\xff", "Invalid JSON payload: 'utf-8' codec"),
            (b"\xef\xbb\xbf{}", "Invalid JSON payload: Unexpected UTF-8 BOM"),
            (b'{"model": NaN}', "Invalid JSON payload: NaN is not JSON"),
            (b"9" * 5000, "Invalid JSON payload: Exceeds the limit"),
            (b"[" * 100_000, "Invalid JSON payload: nested too deeply"),
            (b"[1]", "Invalid JSON payload: the body must be a JSON object"),
            (b"null", "Invalid JSON payload: the body must be a JSON object"),
            (b"model=demo-chat", "Invalid JSON payload: Expecting value"),
        ):
            for path in ("/v1/chat/completions", "/v1/embeddings"):
                self.assert_refused(self.ask("POST", path, body), 400, text)

    def test_missing_and_wrong(self) -> None:
        """The parameter at fault is named beside the message."""
        received = self.post("/v1/chat/completions", {"model": "demo-chat"})
        self.assert_refused(received, 400, "Missing required parameter: 'messages'.")
        self.assertEqual(received.json["error"]["param"], "messages")
        received = self.post("/v1/chat/completions", {**CHAT, "stream": "yes"})
        self.assert_refused(received, 400, "'stream' must be true or false")

    def test_content_type_is_ignored(self) -> None:
        """A body is read as JSON whatever it is called; curl -d calls it a form."""
        body = json.dumps(CHAT).encode()
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            header = f"Content-Type: {kind}"
            self.assertEqual(self.ask("POST", "/v1/chat/completions", body, header).status, 200)


class QuietTests(_GatewayCase):
    """What the gateway writes besides its answers: nothing."""

    def test_no_access_log(self) -> None:
        """Requests leave no line in the file that Twisted would log to."""
        log_file = io.StringIO()
        self.site.logFile = log_file
        self.ask("GET", "/v1/models")
        self.assertEqual(log_file.getvalue(), "")

    def test_no_events(self) -> None:
        """Starting, answering, refusing and stopping log nothing."""
        events: list[LogEvent] = []
        observer = cast("ILogObserver", events.append)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        site = make_demonstration_site(self.clock)
        site.doStart()
        self.ask("GET", "/v1/models")
        self.ask("HEAD", "/v1/models")
        self.ask("GET", "/nope")
        self.stream()
        self.play()
        site.doStop()
        self.assertEqual(events, [])

    def test_idle_connection(self) -> None:
        """A connection that asks nothing is closed after a minute of the clock given."""
        client = self.connect()
        self.clock.advance(59)
        self.assertFalse(client.transport.disconnecting)
        self.clock.advance(1)
        self.assertTrue(client.transport.disconnecting)

    def test_no_timer_of_its_own(self) -> None:
        """A site that has started but has no clients keeps nothing on the clock."""
        self.assertEqual(self.clock.getDelayedCalls(), [])
