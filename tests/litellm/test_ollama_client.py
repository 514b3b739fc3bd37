"""What the official Python client makes of the daemon when a real LiteLLM is behind it."""

from collections.abc import Callable

import ollama
import pytest

from tests.litellm.gateway import GatewayTestCase

pytestmark = pytest.mark.litellm

MOCK_TEXT = "Hello from the mock model."
MESSAGES = [{"role": "user", "content": "Hello?"}]


class OfficialClient(GatewayTestCase):
    """The package ``ollama``, pointed to the daemon."""

    def setUp(self) -> None:
        super().setUp()
        # trust_env=False: no proxy of whoever runs the tests is in between.
        self.client = ollama.Client(host=self.start_daemon().url, trust_env=False)
        self.addCleanup(self.client.close)

    def test_list(self) -> None:
        """The models of its list are the gateway's."""
        listed = [entry.model or "" for entry in self.client.list().models]
        self.assertEqual(sorted(listed), sorted(self.gateway.model_ids()))

    def test_chat(self) -> None:
        """A chat has its text, its end and its counts."""
        reply = self.client.chat("mock-text", MESSAGES)
        self.assertEqual(reply.message.content, MOCK_TEXT)
        self.assertEqual((reply.done, reply.done_reason), (True, "stop"))
        self.assertGreater(reply.prompt_eval_count or 0, 0)
        self.assertGreater(reply.eval_count or 0, 0)

    def test_chat_streamed(self) -> None:
        """A streamed chat comes in pieces, of which only the last is done."""
        pieces = list(self.client.chat("mock-text", MESSAGES, stream=True))
        self.assertEqual("".join(piece.message.content or "" for piece in pieces), MOCK_TEXT)
        self.assertEqual([piece.done for piece in pieces[-2:]], [False, True])
        self.assertGreater(pieces[-1].eval_count or 0, 0)

    def test_generate(self) -> None:
        """A generated text has its text, its end and its counts."""
        reply = self.client.generate("mock-text", "Hello?")
        self.assertEqual(reply.response, MOCK_TEXT)
        self.assertEqual((reply.done, reply.done_reason), (True, "stop"))
        self.assertGreater(reply.prompt_eval_count or 0, 0)
        self.assertGreater(reply.eval_count or 0, 0)

    def test_generate_streamed(self) -> None:
        """A streamed text comes in pieces, of which only the last is done."""
        pieces = list(self.client.generate("mock-text", "Hello?", stream=True))
        self.assertEqual("".join(piece.response or "" for piece in pieces), MOCK_TEXT)
        self.assertEqual([piece.done for piece in pieces[-2:]], [False, True])
        self.assertGreater(pieces[-1].eval_count or 0, 0)

    def test_thoughts(self) -> None:
        """The thoughts of a reasoning model are where the client looks for them."""
        reply = self.client.chat("fake/reasoning", MESSAGES, think=True)
        self.assertEqual(reply.message.thinking, "Let me think.")
        self.assertEqual(reply.message.content, "Answer: 4.")

    def test_unknown_model(self) -> None:
        """A model that the gateway does not have is the client's own error, with status 404."""
        asking: list[Callable[[], object]] = [
            lambda: self.client.chat("nope", MESSAGES),
            lambda: list(self.client.chat("nope", MESSAGES, stream=True)),
            lambda: self.client.generate("nope", "Hello?"),
            lambda: list(self.client.generate("nope", "Hello?", stream=True)),
        ]
        for ask in asking:
            error = self.assertRaises(ollama.ResponseError, ask)
            self.assertEqual((error.status_code, error.error), (404, "model 'nope' not found"))

    def test_failure_in_the_middle(self) -> None:
        """A stream in which the model fails gives what came before, and then raises."""
        received: list[str] = []

        def receive() -> None:
            for piece in self.client.chat("fake/error-chunk", MESSAGES, stream=True):
                received.append(piece.message.content or "")  # noqa: PERF401 - half of it is wanted

        error = self.assertRaises(ollama.ResponseError, receive)
        self.assertEqual(received, ["one", " two"])
        self.assertIn("CUDA out of memory", error.error)
