"""What a tool sees of the daemon when a real LiteLLM is behind it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Final

import pytest
from attrs import frozen

from tests.litellm.gateway import MASTER_KEY, GatewayTestCase
from tests.processes import RunningDaemon

pytestmark = pytest.mark.litellm

MOCK_TEXT: Final = "Hello from the mock model."
WRONG_KEY: Final = "sk-made-up-and-not-the-right-one"

#: Less than what the model waits to be released, so that the test hears of it first.
TIMEOUT_S: Final = 20

STATISTICS: Final = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)


@frozen
class Reply:
    """A reply that came to its end as HTTP means it to."""

    status: int
    content_type: str
    body: bytes

    @property
    def value(self) -> dict[str, Any]:
        """The body, if it is one JSON object."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The body, if it is a JSON object on each line; the last line has an end as well."""
        *lines, rest = self.body.split(b"\n")
        if rest:
            raise AssertionError(f"no line end after {rest!r}")
        return [json.loads(line) for line in lines]


@contextmanager
def opened(
    daemon: RunningDaemon, method: str, path: str, question: Mapping[str, object] | None = None
) -> Iterator[HTTPResponse]:
    """Ask, and give the reply as soon as its head is there; its body is still to be read."""
    connection = HTTPConnection("127.0.0.1", daemon.port, timeout=TIMEOUT_S)
    try:
        body = None if question is None else json.dumps(question)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        yield connection.getresponse()
    finally:
        connection.close()


def ask(
    daemon: RunningDaemon, method: str, path: str, question: Mapping[str, object] | None = None
) -> Reply:
    """Ask, and return the whole reply; IncompleteRead is raised if that breaks off."""
    with opened(daemon, method, path, question) as response:
        content_type = response.headers.get("Content-Type", "")
        return Reply(response.status, content_type, response.read())


@frozen
class Endpoint:
    """
    How to talk to one of the endpoints that answer.

    Attributes:
        path: Where it is.
        asking: Makes the part of a request that holds the prompt.
        message_of: Finds the object with the text in a line or an object of a reply.
        text_key: What the text is called there.
    """

    path: str
    asking: Callable[[str], Mapping[str, object]]
    message_of: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    text_key: str

    def ask(
        self, daemon: RunningDaemon, model: str, prompt: str = "Hello?", **more: object
    ) -> Reply:
        """Ask a model, and return the whole reply."""
        question = {"model": model, **self.asking(prompt), **more}
        return ask(daemon, "POST", self.path, question)

    def text_of(self, value: Mapping[str, Any]) -> str:
        """Return the text in a line or an object."""
        text: str = self.message_of(value)[self.text_key]
        return text

    def thoughts_of(self, value: Mapping[str, Any]) -> str:
        """Return the thoughts in a line or an object, which need not be there."""
        thoughts: str = self.message_of(value).get("thinking", "")
        return thoughts


CHAT: Final = Endpoint(
    path="/api/chat",
    asking=lambda prompt: {"messages": [{"role": "user", "content": prompt}]},
    message_of=lambda value: value["message"],
    text_key="content",
)
GENERATE: Final = Endpoint(
    path="/api/generate",
    asking=lambda prompt: {"prompt": prompt},
    message_of=lambda value: value,
    text_key="response",
)


class AnswersOfChat(GatewayTestCase):
    """The answers of ``/api/chat``."""

    endpoint = CHAT

    def test_streams_by_default(self) -> None:
        """A request that does not say how is answered with a line for every piece."""
        reply = self.endpoint.ask(self.start_daemon(), "mock-text")
        self.assertEqual((reply.status, reply.content_type), (200, "application/x-ndjson"))
        self.assertEqual("".join(map(self.endpoint.text_of, reply.lines)), MOCK_TEXT)
        self.assertGreater(len(reply.lines), 2)

    def test_stream_has_one_end(self) -> None:
        """The last line of a stream, and no other, is done, and says that the model was."""
        lines = self.endpoint.ask(self.start_daemon(), "mock-text").lines
        self.assertEqual([line["done"] for line in lines], [False] * (len(lines) - 1) + [True])
        self.assertEqual([line.get("done_reason") for line in lines[-2:]], [None, "stop"])

    def test_stream_ends_with_statistics(self) -> None:
        """The last line of a stream has all six statistics, whole numbers above 0."""
        self._check_statistics(self.endpoint.ask(self.start_daemon(), "mock-text").lines[-1])

    def test_one_object(self) -> None:
        """A request with ``stream: false`` is answered with one finished object."""
        reply = self.endpoint.ask(self.start_daemon(), "mock-text", stream=False)
        self.assertEqual(
            (reply.status, reply.content_type), (200, "application/json; charset=utf-8")
        )
        self.assertEqual(self.endpoint.text_of(reply.value), MOCK_TEXT)
        self.assertEqual((reply.value["done"], reply.value["done_reason"]), (True, "stop"))

    def test_one_object_has_statistics(self) -> None:
        """A whole reply has all six statistics, whole numbers above 0."""
        reply = self.endpoint.ask(self.start_daemon(), "mock-text", stream=False)
        self._check_statistics(reply.value)

    def _check_statistics(self, last: Mapping[str, Any]) -> None:
        for name in STATISTICS:
            self.assertIs(type(last.get(name)), int, name)
            self.assertGreater(last[name], 0, name)

    def test_counts_are_the_gateways(self) -> None:
        """The token counts are those of the usage that the gateway reports."""
        last = self.endpoint.ask(self.start_daemon(), "fake/plain").lines[-1]
        self.assertEqual((last["prompt_eval_count"], last["eval_count"]), (11, 7))

    def test_text_beyond_ascii(self) -> None:
        """Text beyond ASCII and beyond 16 bits arrives unchanged."""
        reply = self.endpoint.ask(self.start_daemon(), "fake/plain")
        text = "".join(map(self.endpoint.text_of, reply.lines))
        self.assertEqual(text, "Hello world! \u00e9\U0001f600")

    def test_thoughts_are_kept_apart(self) -> None:
        """What a reasoning model thinks is not in its text."""
        lines = self.endpoint.ask(self.start_daemon(), "fake/reasoning").lines
        self.assertEqual("".join(map(self.endpoint.thoughts_of, lines)), "Let me think.")
        self.assertEqual("".join(map(self.endpoint.text_of, lines)), "Answer: 4.")

    def test_pieces_arrive_one_by_one(self) -> None:
        """Every piece is there before the model has been allowed to say the next."""
        daemon = self.start_daemon()
        prompt = f"paced {self.endpoint.path}"
        received: list[str] = []
        with self._opened(daemon, "fake/paced", prompt) as response:
            for _ in range(3):
                received.append(self._next_text(response))
                self.gateway.release(prompt)
            rest = Reply(200, "", response.read()).lines
        self.assertEqual(received, ["one", " two", " three"])
        self.assertEqual([line["done"] for line in rest], [True])

    def test_failure_in_the_middle(self) -> None:
        """A stream in which the model fails ends with a line of error, and is not done."""
        lines = self.endpoint.ask(self.start_daemon(), "fake/error-chunk").lines
        self.assertEqual([self.endpoint.text_of(line) for line in lines[:-1]], ["one", " two"])
        self._check_error(lines[-1])
        self.assertIn("CUDA out of memory", lines[-1]["error"])
        self.assertNotIn(True, [line.get("done") for line in lines])

    def test_cut_in_the_middle(self) -> None:
        """A stream whose model goes away ends with a line of error, and is not done."""
        daemon = self.start_daemon()
        prompt = f"cut {self.endpoint.path}"
        with self._opened(daemon, "fake/cut", prompt) as response:
            received = [self._next_text(response), self._next_text(response)]
            self.gateway.release(prompt)
            rest = Reply(200, "", response.read()).lines
        self.assertEqual(received, ["one", " two"])
        self.assertEqual(len(rest), 1)
        self._check_error(rest[0])

    @contextmanager
    def _opened(self, daemon: RunningDaemon, model: str, prompt: str) -> Iterator[HTTPResponse]:
        question = {"model": model, **self.endpoint.asking(prompt)}
        with opened(daemon, "POST", self.endpoint.path, question) as response:
            self.assertEqual(response.status, 200)
            yield response

    def _next_text(self, response: HTTPResponse) -> str:
        """Wait for the next line and return its text."""
        return self.endpoint.text_of(json.loads(response.readline()))

    def _check_error(self, value: Mapping[str, object]) -> None:
        """Check that an object holds a text under ``error`` and nothing else."""
        self.assertEqual(list(value), ["error"])
        self.assertIsInstance(value["error"], str)
        self.assertNotEqual(value["error"], "")

    def test_failure_without_a_stream(self) -> None:
        """A whole reply that fails in the middle is an error with a status, and no text."""
        reply = self.endpoint.ask(self.start_daemon(), "fake/error-chunk", stream=False)
        self.assertEqual(reply.status, 500)
        self._check_error(reply.value)

    def test_status_before_the_first_piece(self) -> None:
        """A refusal of the model's provider keeps its status, streamed or not."""
        daemon = self.start_daemon()
        for stream in (True, False):
            reply = self.endpoint.ask(daemon, "fake/rate-limited", stream=stream)
            self.assertEqual((reply.status, reply.content_type), (429, "application/json"))
            self._check_error(reply.value)
            self.assertIn("Rate limit reached for requests", reply.value["error"])

    def test_unknown_model(self) -> None:
        """A model that the gateway does not have is not found, in Ollama's words."""
        daemon = self.start_daemon()
        for stream in (True, False):
            reply = self.endpoint.ask(daemon, "nope", stream=stream)
            self.assertEqual(reply.status, 404)
            self.assertEqual(reply.value, {"error": "model 'nope' not found"})


class AnswersOfGenerate(AnswersOfChat):
    """The same is true of ``/api/generate``."""

    endpoint = GENERATE


class Around(GatewayTestCase):
    """What is around the answers: the models, the key, the address, the log."""

    def test_models(self) -> None:
        """The models are those that the gateway lists, but for what Ollama has no use."""
        reply = ask(self.start_daemon(), "GET", "/api/tags")
        self.assertEqual(reply.status, 200)
        listed = {entry["model"] for entry in reply.value["models"]}
        self.assertEqual(listed - set(self.gateway.model_ids()), set())
        for name in ("mock-text", "openai/gpt-4o", "openai/text-embedding-3-small"):
            self.assertIn(name, listed)
        self.assertNotIn("openai/whisper-1", listed)

    def test_listed_models_answer(self) -> None:
        """A model answers to the name under which it is listed."""
        daemon = self.start_daemon(*("--hide-wildcards", "--exclude", "coder", "--exclude", "dead"))
        models = ask(daemon, "GET", "/api/tags").value["models"]
        self.assertGreater(len(models), 3)
        for entry in models:
            if "embedding" in entry["capabilities"]:
                continue
            reply = CHAT.ask(daemon, entry["name"], stream=False)
            self.assertEqual((reply.status, reply.value["model"]), (200, entry["name"]))

    def test_wrong_key(self) -> None:
        """With a wrong key everything is a bad gateway, and the text names the flag to look at."""
        daemon = self.start_daemon(api_key=WRONG_KEY)
        for reply in (
            ask(daemon, "GET", "/api/tags"),
            CHAT.ask(daemon, "mock-text"),
            GENERATE.ask(daemon, "mock-text", stream=False),
        ):
            self.assertEqual(reply.status, 502)
            self.assertRegex(reply.value["error"], "gateway refused .*API key.*--api-key")

    def test_wrong_key_is_not_repeated(self) -> None:
        """A key that was refused is in no reply and in nothing that the daemon prints."""
        daemon = self.start_daemon(api_key=WRONG_KEY)
        replies = [ask(daemon, "GET", "/api/tags"), CHAT.ask(daemon, "mock-text")]
        daemon.stop()
        told = [reply.body.decode() for reply in replies] + daemon.stdout + daemon.stderr
        self.assertNotIn(WRONG_KEY, "\n".join(told))

    def test_right_key_is_not_repeated(self) -> None:
        """The daemon prints nothing of the key that it uses, whether things go well or wrong."""
        daemon = self.start_daemon()
        CHAT.ask(daemon, "mock-text")
        CHAT.ask(daemon, "fake/error-chunk")
        daemon.stop()
        self.assertNotIn(MASTER_KEY, "\n".join(daemon.stdout + daemon.stderr))

    def test_base_url_with_v1(self) -> None:
        """The gateway's address may end in ``/v1/``."""
        daemon = self.start_daemon(base_url=f"{self.gateway.url}/v1/")
        self.assertIn(b"mock-text", ask(daemon, "GET", "/api/tags").body)
        reply = CHAT.ask(daemon, "mock-text", stream=False)
        self.assertEqual(CHAT.text_of(reply.value), MOCK_TEXT)

    def test_access_lines(self) -> None:
        """Standard output has one line for every request, with its status and size."""
        daemon = self.start_daemon()
        replies = [
            ("GET /api/tags", ask(daemon, "GET", "/api/tags")),
            ("POST /api/chat", CHAT.ask(daemon, "mock-text")),
            ("POST /api/generate", GENERATE.ask(daemon, "mock-text", stream=False)),
            ("POST /api/chat", CHAT.ask(daemon, "fake/error-chunk")),
            ("POST /api/chat", CHAT.ask(daemon, "fake/rate-limited")),
            ("POST /api/chat", CHAT.ask(daemon, "nope")),
        ]
        self.assertEqual(daemon.stop(), 0)
        line_form = (
            r"ACCESS: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d 127\.0\.0\.1 "
            r'"(?P<request>\w+ \S+) HTTP/1\.1" (?P<status>\d+) (?P<size>\d+) [\d.]+(µs|ms|s)'
        )
        matches = [re.fullmatch(line_form, line) for line in daemon.stdout]
        self.assertEqual(
            [match and match.group("request", "status", "size") for match in matches],
            [(request, str(reply.status), str(len(reply.body))) for request, reply in replies],
        )
