"""What Anthropic's own Python package makes of the daemon when a real LiteLLM is behind it."""

from collections.abc import Callable
from unittest import SkipTest

import pytest

from tests.litellm.gateway import GatewayTestCase

try:
    import anthropic
    import httpx2
    from anthropic.types import MessageParam
except ImportError as missing:
    raise SkipTest("the package anthropic is not installed; `make litellm` does it") from missing

pytestmark = pytest.mark.litellm

MOCK_TEXT = "Hello from the mock model."
MESSAGES: list[MessageParam] = [{"role": "user", "content": "Hello?"}]


class AnthropicClient(GatewayTestCase):
    """The package ``anthropic``, pointed to the daemon; it has a key of nobody's."""

    def setUp(self) -> None:
        super().setUp()
        self.client = self.connect(self.start_daemon("--alias", "claude=mock-text").url)

    def connect(self, url: str) -> anthropic.Anthropic:
        http = httpx2.Client(trust_env=False)
        self.addCleanup(http.close)
        return anthropic.Anthropic(
            base_url=url, api_key="sk-nobody", max_retries=0, http_client=http
        )

    def message(self, model: str) -> str:
        reply = self.client.messages.create(model=model, max_tokens=20, messages=MESSAGES)
        self.assertEqual(reply.model, model)
        return "".join(block.text for block in reply.content if block.type == "text")

    def streamed(self, model: str) -> str:
        with self.client.messages.stream(model=model, max_tokens=20, messages=MESSAGES) as stream:
            return stream.get_final_text()

    def test_messages(self) -> None:
        """A message has its text under the name that was asked for."""
        for name in ("mock-text", "claude:latest"):
            self.assertEqual(self.message(name), MOCK_TEXT)

    def test_streamed(self) -> None:
        """A streamed message has its text, of a model that has never heard of the protocol."""
        self.assertEqual(self.streamed("fake/plain"), "Hello world! \u00e9\U0001f600")

    def test_count_tokens(self) -> None:
        """Tokens are counted by the gateway."""
        counted = self.client.messages.count_tokens(model="mock-text", messages=MESSAGES)
        self.assertGreater(counted.input_tokens, 0)

    def test_an_unknown_model(self) -> None:
        """A model that the gateway does not have is the package's own NotFoundError."""
        asking: list[Callable[[], object]] = [
            lambda: self.message("nope"),
            lambda: self.streamed("nope"),
        ]
        for ask in asking:
            error = self.assertRaises(anthropic.NotFoundError, ask)
            self.assertIn("model 'nope' not found", str(error))

    def test_a_dead_gateway(self) -> None:
        """A gateway that is not there is the package's own InternalServerError."""
        self.client = self.connect(self.start_daemon(base_url="http://127.0.0.1:1").url)
        for ask in (lambda: self.message("m"), lambda: self.streamed("m")):
            error = self.assertRaises(anthropic.InternalServerError, ask)
            self.assertIn("cannot reach the gateway: connection refused", str(error))

    def test_failure_in_the_middle(self) -> None:
        """A stream in which the model fails raises."""
        self.assertRaises(anthropic.APIStatusError, lambda: self.streamed("fake/error-chunk"))
