"""What OpenAI's own Python package makes of the daemon when a real LiteLLM is behind it."""

from collections.abc import Callable
from unittest import SkipTest

import pytest

from tests.litellm.gateway import GatewayTestCase

try:
    import httpx2
    import openai
except ImportError as missing:
    raise SkipTest("the package openai is not installed; `make litellm` does it") from missing

pytestmark = pytest.mark.litellm

MOCK_TEXT = "Hello from the mock model."
FORM: dict[str, object] = {"type": "object", "properties": {}}


class OpenAIClient(GatewayTestCase):
    """The package ``openai``, pointed to the daemon; it has a key of nobody's."""

    def setUp(self) -> None:
        super().setUp()
        self.client = self.connect(self.start_daemon("--alias", "gpt=mock-text").url)

    def connect(self, url: str) -> openai.OpenAI:
        http = httpx2.Client(trust_env=False)
        self.addCleanup(http.close)
        return openai.OpenAI(
            base_url=f"{url}/v1", api_key="sk-nobody", max_retries=0, http_client=http
        )

    def chat(self, model: str) -> str | None:
        reply = self.client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello?"}]
        )
        self.assertEqual(reply.model, model)
        return reply.choices[0].message.content

    def streamed(self, model: str) -> list[str]:
        """Return the pieces of a streamed chat."""
        stream = self.client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Hello?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        pieces = list(stream)
        self.assertGreater(pieces[-1].usage.total_tokens if pieces[-1].usage else 0, 0)
        self.assertEqual({piece.model for piece in pieces}, {model})
        return [c.delta.content or "" for piece in pieces for c in piece.choices]

    def test_models(self) -> None:
        """The models are those of the gateway, and each can be asked for by its name."""
        names = [model.id for model in self.client.models.list()]
        for name in ("gpt", "mock-text", "openai/gpt-4o"):
            self.assertIn(name, names)
            self.assertEqual(self.client.models.retrieve(name).id, name)

    def test_chat(self) -> None:
        """A chat has its text under the name that was asked for, streamed or not."""
        for name in ("mock-text", "mock-text:latest", "gpt"):
            self.assertEqual(self.chat(name), MOCK_TEXT)
            self.assertEqual("".join(self.streamed(name)), MOCK_TEXT)

    def test_tools(self) -> None:
        """A model's calls of tools arrive whole, piece by piece."""
        stream = self.client.chat.completions.create(
            model="fake/tools",
            messages=[{"role": "user", "content": "Weather?"}],
            tools=[{"type": "function", "function": {"name": "weather", "parameters": FORM}}],
            stream=True,
        )
        choices = [choice for piece in stream for choice in piece.choices]
        calls = [call for choice in choices for call in choice.delta.tool_calls or ()]
        functions = [call.function for call in calls if call.function is not None]
        self.assertEqual(functions[0].name, "weather")
        arguments = "".join(function.arguments or "" for function in functions)
        self.assertEqual(arguments, '{"city": "Paris"}')

    def test_embeddings(self) -> None:
        """Vectors arrive though the package asks for base64 by itself."""
        reply = self.client.embeddings.create(model="vectors-in-base64", input=["a", "bb"])
        self.assertEqual([entry.embedding for entry in reply.data], [[1, 3, 4], [2, 3, 4]])

    def test_text_completions(self) -> None:
        """A text completion fills a gap."""
        reply = self.client.completions.create(
            model="fake/gap", prompt="a", suffix="b", stream=True
        )
        self.assertEqual("".join(c.text or "" for piece in reply for c in piece.choices), "<a|b>")

    def test_responses(self) -> None:
        """A response has its text, streamed or not, from models with and without the protocol."""
        for model, text in (("coder", "Hello from the coder."), ("mock-text", MOCK_TEXT)):
            self.assertEqual(
                self.client.responses.create(model=model, input="Hi").output_text, text
            )
        events = list(self.client.responses.create(model="coder", input="Hi", stream=True))
        self.assertEqual(events[-1].type, "response.completed")
        deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
        self.assertEqual("".join(deltas), "Hello from the coder.")

    def test_transcriptions(self) -> None:
        """An upload arrives whole at the model, under an alias, too."""
        client = self.connect(self.start_daemon("--alias", "ears=whisper").url)
        sound = b"RIFF" + bytes(200_000)
        for model in ("whisper", "ears"):
            reply = client.audio.transcriptions.create(model=model, file=("a.wav", sound))
            self.assertEqual(reply.text, "200004 bytes of sound")

    def test_an_unknown_model(self) -> None:
        """A model that the gateway does not have is the package's own NotFoundError."""
        asking: list[Callable[[], object]] = [
            lambda: self.chat("nope"),
            lambda: self.streamed("nope"),
            lambda: self.client.models.retrieve("nope"),
            lambda: self.client.embeddings.create(model="nope", input="a"),
            lambda: self.client.responses.create(model="nope", input="a"),
        ]
        for ask in asking:
            error = self.assertRaises(openai.NotFoundError, ask)
            self.assertRegex(str(error), "model 'nope(:latest)?' not found")

    def test_a_dead_gateway(self) -> None:
        """A gateway that is not there is the package's own InternalServerError."""
        self.client = self.connect(self.start_daemon(base_url="http://127.0.0.1:1").url)
        for ask in (lambda: self.chat("m"), lambda: self.streamed("m")):
            error = self.assertRaises(openai.InternalServerError, ask)
            self.assertIn("cannot reach the gateway: connection refused", str(error))

    def test_a_dead_provider(self) -> None:
        """So is a provider that is not there, behind the gateway."""
        self.assertRaises(openai.InternalServerError, lambda: self.chat("dead"))

    def test_failure_in_the_middle(self) -> None:
        """A stream in which the model fails raises, after what came before."""
        error = self.assertRaises(openai.APIError, lambda: self.streamed("fake/error-chunk"))
        self.assertIn("CUDA out of memory", str(error))
