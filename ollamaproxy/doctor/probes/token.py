"""The first token of an answer, asked for as a client's chat would be."""

from typing import Final

from ollamaproxy.callers.caller import NOBODY
from ollamaproxy.callers.errand import Errand
from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.facts import FirstToken
from ollamaproxy.errors import ProxyError, UpstreamTruncated
from ollamaproxy.models.listing import Model
from ollamaproxy.settings import Settings
from ollamaproxy.translate.refusals import refusal_in_stream
from ollamaproxy.translate.requests import chat_to_completion
from ollamaproxy.upstream.body import BodyReader
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.json_text import encode
from ollamaproxy.wire.ollama import ChatRequest
from ollamaproxy.wire.openai import END_OF_STREAM, CompletionEvent, decode_event
from ollamaproxy.wire.sse import EventDecoder

#: Should the gateway not notice that only the first is waited for.  Some models
#: that think refuse to do it in fewer.
MAX_TOKENS: Final = 16


class _Beginning:
    """Reads a stream until it has told whether the model answers."""

    def __init__(self, max_event_bytes: int) -> None:
        self._decoder = EventDecoder(max_event_bytes)
        self.text = ""
        self.is_known = False

    def feed(self, data: bytes) -> None:
        """Take bytes; raises an UpstreamError if they say that there is no answer."""
        for payload in self._decoder.feed(data):
            if self.is_known:
                return
            if payload == END_OF_STREAM:
                self.is_known = True
            else:
                self._take(decode_event(payload))

    def _take(self, event: CompletionEvent) -> None:
        if event.error is not None:
            raise refusal_in_stream(event.error)
        self.text = event.content or event.reasoning
        self.is_known = bool(self.text or event.tool_calls or event.finish_reason)


async def first_token(
    gateway: Gateway, model: Model, settings: Settings, clocks: Clocks
) -> FirstToken:
    """
    Return how a model begins its answer; the rest is not waited for.

    Raises:
        ProxyError: It does not answer; the text has no key in it.
    """
    chat = {
        "model": model.name,
        "messages": [{"role": "user", "content": "Say hello."}],
        "options": {"num_predict": MAX_TOKENS},
    }
    request = ChatRequest.from_json(encode(chat).encode("ascii"), None)
    begun_s = clocks.monotonic_s()
    beginning = _Beginning(settings.limits.max_event_bytes)

    def receive(data: bytes) -> None:
        beginning.feed(data)
        if beginning.is_known:
            reader.complete()

    reader = BodyReader(receive, clocks, settings.deadlines)
    try:
        completion = chat_to_completion(request, model)
        response = await gateway.open_completion(completion, model.name, Errand())
        await reader.read(response)
        reader.stopProducing()
        if not beginning.is_known:
            raise UpstreamTruncated("the gateway's reply stopped before its end")
    except ProxyError as error:
        gateway.masked(error, NOBODY)
        raise
    version: bytes = response.headers.getRawHeaders(b"x-litellm-version", [b""])[0]
    return FirstToken(
        took_s=clocks.monotonic_s() - begun_s,
        text=beginning.text,
        litellm_version=version.decode("latin-1"),
    )
