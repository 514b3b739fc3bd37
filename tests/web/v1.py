"""What the tests of OpenAI's and Anthropic's routes share."""

from typing import Any

from ollamaproxy.models.rules import ModelRules, parse_alias
from ollamaproxy.settings import Deadlines, Limits, Secret, Settings
from ollamaproxy.wire.model_facts import ModelFacts
from tests.web.case import NetworkCase
from tests.web.network import KEY, ClientConnection

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"model": "m", "messages": MESSAGES}
ANTHROPIC = {"model": "m", "max_tokens": 9, "messages": MESSAGES}

#: Each route, a body for it, and what ends its streams.
ROUTES: tuple[tuple[str, dict[str, Any], bytes], ...] = (
    ("/v1/chat/completions", CHAT, b"data: [DONE]\n\n"),
    ("/v1/completions", {"model": "m", "prompt": "x"}, b"data: [DONE]\n\n"),
    ("/v1/responses", {"model": "m", "input": "x"}, b'data: {"type":"response.completed"}\n\n'),
    ("/v1/messages", ANTHROPIC, b'event: message_stop\ndata: {"type": "message_stop"}\n\n'),
)
#: Routes that only answer in one piece.
WHOLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/v1/embeddings", {"model": "m", "input": "x"}),
    ("/v1/messages/count_tokens", {"model": "m", "messages": MESSAGES}),
)
ALL = (*((path, body) for path, body, _end in ROUTES), *WHOLE)


def openai_error(message: str, kind: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


class V1Case(NetworkCase):
    settings = Settings(
        base_url="http://gateway.test:4000",
        api_key=Secret(KEY),
        models=ModelRules(aliases=(parse_alias("llama3=azure/gpt-4o"),)),
        deadlines=Deadlines(between_bytes_s=60),
        limits=Limits(max_request_bytes=100_000),
    )

    def setUp(self) -> None:
        super().setUp()
        self.network.models = dict.fromkeys(("m", "azure/gpt-4o"), ModelFacts())

    def begin_stream(self, path: str = "/v1/chat/completions", **body: Any) -> ClientConnection:
        """Return a client that streams, and whose gateway has begun."""
        client = self.network.ask(path, {**CHAT, "max_tokens": 9, "stream": True, **body})
        self.network.gateway.begin_stream()
        return client

    def send(self, events: bytes) -> None:
        self.network.gateway.chunk(events)
        self.network.flush()
