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
        """The models of its list are the gateway's, each with a digest of its own."""
        listed = self.client.list().models
        names = {entry.model or "" for entry in listed}
        self.assertEqual(names - set(self.gateway.model_ids()), set())
        self.assertEqual(len({entry.digest for entry in listed}), len(listed))

    def test_show(self) -> None:
        """What a model can do is what LiteLLM knows of it."""
        shown = self.client.show("mock-known:latest")
        self.assertEqual(shown.capabilities, ["completion", "tools", "vision"])
        self.assertEqual((shown.modelinfo or {})["openai.context_length"], 70_000)
        self.assertIn("num_ctx                        70000", shown.parameters or "")

    def test_ps(self) -> None:
        """A model that has answered is in use, with what is known of it."""
        self.client.chat("mock-known", MESSAGES, keep_alive="1h")
        [model] = self.client.ps().models
        self.assertEqual((model.model, model.context_length), ("mock-known", 70_000))

    def test_pull(self) -> None:
        """A model of the gateway's is pulled at once; another one cannot be."""
        self.assertEqual(self.client.pull("mock-text").status, "success")
        statuses = [step.status for step in self.client.pull("mock-text", stream=True)]
        self.assertEqual(statuses, ["pulling manifest", "success"])
        error = self.assertRaises(ollama.ResponseError, self.client.pull, "nope")
        self.assertEqual(error.error, "pull model manifest: file does not exist")

    def test_what_a_proxy_cannot_do(self) -> None:
        """Requests that would change a model raise, with a text that says why."""
        asking: list[Callable[[], object]] = [
            lambda: self.client.delete("mock-text"),
            lambda: self.client.copy("mock-text", "x"),
            lambda: self.client.create("x", from_="mock-text"),
            lambda: self.client.push("mock-text"),
        ]
        for ask in asking:
            error = self.assertRaises(ollama.ResponseError, ask)
            self.assertEqual(error.status_code, 501)
            self.assertIn("not supported by this proxy", error.error)

    def test_embed(self) -> None:
        """Vectors come in the order of the texts, of length 1, whatever form the gateway uses."""
        for model in ("vectors", "vectors-in-base64"):
            reply = self.client.embed(model, ["", "aaaaaaaaaaaa"], dimensions=2)
            self.assertEqual(reply.prompt_eval_count, 11)
            first, second = reply.embeddings
            # An empty text goes out as a blank, which is one character long.
            for vector, (x, y) in ((first, (1, 3)), (second, (12, 3))):
                self.assertAlmostEqual(vector[1] / vector[0], y / x, 6)
                self.assertAlmostEqual(vector[0] ** 2 + vector[1] ** 2, 1, 6)

    def test_embed_a_long_text(self) -> None:
        """A text that is too long is cut until the model takes it, unless it must not be."""
        [vector] = self.client.embed("vectors", "a" * 500).embeddings
        self.assertAlmostEqual(vector[0] / vector[1], 50 / 3, 5)
        error = self.assertRaises(
            ollama.ResponseError, lambda: self.client.embed("vectors", "a" * 500, truncate=False)
        )
        self.assertEqual(
            (error.status_code, error.error),
            (400, "the input length exceeds the context length"),
        )

    def test_embeddings(self) -> None:
        """The old way gives the vector as the model made it."""
        self.assertEqual(list(self.client.embeddings("vectors", "aa").embedding), [2, 3, 4])

    def test_no_such_model_to_embed_with(self) -> None:
        """A model that does not exist is told in the words that clients know for it."""
        error = self.assertRaises(ollama.ResponseError, lambda: self.client.embed("nope", "a"))
        self.assertEqual(error.status_code, 404)
        self.assertEqual(error.error, 'model "nope" not found, try pulling it first')

    def test_names(self) -> None:
        """A model answers under an alias, with a tag and in capitals, by the name it was called."""
        daemon = self.start_daemon("--alias", "llama3=mock-text")
        client = ollama.Client(host=daemon.url, trust_env=False)
        self.addCleanup(client.close)
        for name in ("llama3", "llama3:latest", "Mock-Text:latest"):
            reply = client.chat(name, MESSAGES)
            self.assertEqual((reply.model, reply.message.content), (name, MOCK_TEXT))

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
