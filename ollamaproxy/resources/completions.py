"""The models at work: ``/api/chat`` and ``/api/generate``."""

import secrets
import string

from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import UpstreamRefused
from ollamaproxy.relay import Relay
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.settings import Settings
from ollamaproxy.translate.capabilities import check_chat, check_generate, no_insert
from ollamaproxy.translate.pipeline import Encoder, LineEncoder, ObjectEncoder, ReplyPipeline
from ollamaproxy.translate.replies import ReplyTranslator, ReplyWishes
from ollamaproxy.translate.requests import (
    chat_to_completion,
    generate_to_completion,
    generate_to_text_completion,
)
from ollamaproxy.translate.stopwatch import Stopwatch, timestamp
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.model_info import ModelFacts
from ollamaproxy.wire.ndjson import ChatLayout, Chunk, Ending, GenerateLayout, Layout
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest
from ollamaproxy.wire.openai import CompletionRequest

#: How a gateway says that a model has no text completion, or none with a suffix.
_NO_SUCH_COMPLETION = frozenset({400, 404, 405, 422, 501})


def random_call_id() -> str:
    """Return an id for a tool call in Ollama's form."""
    letters = string.ascii_lowercase + string.digits
    return "call_" + "".join(secrets.choice(letters) for _ in range(8))


class Completions(Endpoint):
    """What both endpoints share: all but the form of the request and of the reply."""

    methods = (b"POST",)

    def __init__(
        self, gateway: Gateway, catalogue: Catalogue, settings: Settings, clocks: Clocks
    ) -> None:
        super().__init__()
        self._gateway = gateway
        self._catalogue = catalogue
        self._deadlines = settings.deadlines
        self._limits = settings.limits
        self._clocks = clocks

    async def _facts(self, model: str, *, needed: bool) -> ModelFacts:
        """Return what is known of a model; the gateway is only asked if it makes a difference."""
        return await self._catalogue.facts(model) if needed else self._catalogue.known(model)

    async def _complete(
        self,
        request: ProxyRequest,
        completion: CompletionRequest,
        layout: Layout,
        controls: Controls,
    ) -> None:
        """
        Have the gateway complete, and relay the reply.

        The reply's head goes out with its first bytes and not before: until
        then a failure can still have a status of its own.
        """
        stopwatch = Stopwatch(request.arrived_ns, request.arrived_s)
        stopwatch.sent(self._clocks.monotonic_s())
        response = await self._gateway.open_completion(completion)
        encoder: Encoder = (
            LineEncoder(layout)
            if controls.stream
            else ObjectEncoder(layout, self._limits.max_reply_bytes)
        )
        wishes = ReplyWishes(
            thinking=controls.think is not False,
            # A text that goes on from a prompt of the client's own making is
            # the client's to take apart.
            split_tags=completion.is_chat,
            alternatives=controls.top_logprobs > 0,
        )
        translator = ReplyTranslator(stopwatch, random_call_id, wishes)
        pipeline = ReplyPipeline(translator, encoder, stopwatch, self._limits.max_event_bytes)
        relay = Relay(pipeline, request, self._gateway.masked, self._clocks, self._deadlines)
        await relay.run(response)
        request.finish()

    def _tell(self, request: ProxyRequest, layout: Layout, done_reason: str) -> None:
        """
        Answer a request without a question: it asks to load the model, or to unload it.

        The gateway's models are always loaded, so there is nothing to wait
        for.  Always one object, whatever ``stream`` says.
        """
        created_at = timestamp(request.arrived_ns)
        request.send_whole(200, JSON, layout.last(created_at, Chunk(), Ending(done_reason)))


class Chat(Completions):
    """``POST /api/chat``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        chat = ChatRequest.from_json(request.content.read())
        controls = chat.controls
        layout = ChatLayout(chat.model)
        if not chat.messages and not controls.keep_alive_s:
            self._tell(request, layout, "unload")
            return
        makes_a_difference = controls.think is not None or bool(chat.tools)
        facts = await self._facts(chat.model, needed=makes_a_difference)
        check_chat(chat, facts)
        completion = chat_to_completion(chat, facts)
        if chat.messages:
            await self._complete(request, completion, layout, controls)
        else:
            self._tell(request, layout, "load")


class Generate(Completions):
    """``POST /api/generate``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        generate = GenerateRequest.from_json(request.content.read())
        controls = generate.controls
        layout = GenerateLayout(generate.model)
        if not generate.prompt and not controls.keep_alive_s:
            self._tell(request, layout, "unload")
            return
        facts = await self._facts(generate.model, needed=controls.think is not None)
        check_generate(generate, facts)
        completion = generate_to_completion(generate, facts)
        if not generate.prompt:
            self._tell(request, layout, "load")
        elif generate.suffix or generate.raw:
            await self._complete_text(request, generate, layout, completion)
        else:
            await self._complete(request, completion, layout, controls)

    async def _complete_text(
        self,
        request: ProxyRequest,
        generate: GenerateRequest,
        layout: Layout,
        chat: CompletionRequest,
    ) -> None:
        """
        Have the gateway go on from a text, or fill in between two.

        Not every model can.  A raw prompt is then asked as a question, which
        is the best that can be had; filling in has no such stand-in.
        """
        text = generate_to_text_completion(generate)
        try:
            await self._complete(request, text, layout, generate.controls)
        except UpstreamRefused as refused:
            if request.startedWriting or refused.status not in _NO_SUCH_COMPLETION:
                raise
            if generate.suffix:
                raise no_insert(generate.model) from refused
            await self._complete(request, chat, layout, generate.controls)
