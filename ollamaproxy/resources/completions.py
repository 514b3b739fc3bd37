"""The models at work: ``/api/chat`` and ``/api/generate``."""

import secrets
import string

from attrs import field, frozen
from twisted.web.iweb import IResponse

from ollamaproxy.callers.caller import Caller
from ollamaproxy.errors import ModelNotFound, UpstreamRefused
from ollamaproxy.models.listing import Model
from ollamaproxy.relay import Relay
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.translate.capabilities import check_chat, check_generate, no_insert
from ollamaproxy.translate.options import unknown_options
from ollamaproxy.translate.pipeline import Encoder, LineEncoder, ObjectEncoder, ReplyPipeline
from ollamaproxy.translate.replies import ReplyTranslator, ReplyWishes
from ollamaproxy.translate.requests import (
    chat_to_completion,
    generate_to_completion,
    generate_to_text_completion,
)
from ollamaproxy.translate.stopwatch import Stopwatch, timestamp
from ollamaproxy.wire.ndjson import ChatLayout, Chunk, Ending, GenerateLayout, Layout
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest
from ollamaproxy.wire.openai import CompletionRequest

#: How a gateway says that a model has no text completion, or none with a suffix.
_NO_SUCH_COMPLETION = frozenset({400, 404, 405, 422, 501})


def random_call_id() -> str:
    """Return an id for a tool call in Ollama's form."""
    letters = string.ascii_lowercase + string.digits
    return "call_" + "".join(secrets.choice(letters) for _ in range(8))


@frozen
class _Begun:
    """
    An answer of the gateway's of which the head has come.

    Attributes:
        response: The answer.
        stopwatch: Measures it.
        is_chat: It is to a chat, and not to a text.
    """

    response: IResponse
    stopwatch: Stopwatch
    is_chat: bool = field(kw_only=True)


class Completions(Endpoint):
    """What both endpoints share: all but the form of the request and of the reply."""

    methods = (b"POST",)

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._workings = workings
        self._gateway = workings.gateway
        self._realms = workings.realms
        self._default_model = workings.settings.models.default_model
        self._deadlines = workings.settings.deadlines
        self._limits = workings.settings.limits
        self._clocks = workings.clocks

    async def _existing(self, name: str, caller: Caller) -> Model:
        """Return a model to load or unload; the gateway is not asked, so it cannot say no."""
        model = await self._realms.of(caller).catalogue.find(name)
        if model is None:
            raise ModelNotFound(f"model '{name}' not found")
        return model

    async def _open(
        self, request: ProxyRequest, completion: CompletionRequest, layout: Layout
    ) -> "_Begun":
        """Have the gateway complete, and return the beginning of its answer."""
        stopwatch = Stopwatch(request.arrived_ns, request.arrived_s)
        stopwatch.sent(self._clocks.monotonic_s())
        response = await self._gateway.open_completion(completion, layout.model, request.errand)
        return _Begun(response, stopwatch, is_chat=completion.is_chat)

    async def _relay(
        self, request: ProxyRequest, begun: "_Begun", layout: Layout, controls: Controls
    ) -> None:
        """
        Relay an answer.

        The reply's head goes out with its first bytes and not before: until
        then a failure can still have a status of its own.
        """
        encoder: Encoder = (
            LineEncoder(layout)
            if controls.stream
            else ObjectEncoder(layout, self._limits.max_reply_bytes)
        )
        wishes = ReplyWishes(
            thinking=controls.think is not False,
            # A text that goes on from a prompt of the client's own making is
            # the client's to take apart.
            split_tags=begun.is_chat,
            alternatives=controls.top_logprobs > 0,
        )
        translator = ReplyTranslator(begun.stopwatch, random_call_id, wishes)
        max_event_bytes = self._limits.max_event_bytes
        pipeline = ReplyPipeline(translator, encoder, begun.stopwatch, max_event_bytes)
        relay = Relay(pipeline, request, self._gateway.masked, self._clocks, self._deadlines)
        await relay.run(begun.response)
        request.finish()

    def _keep(
        self, request: ProxyRequest, model: Model, layout: Layout, controls: Controls
    ) -> None:
        """
        Answer a request without a question: it asks to load the model, or to unload it.

        The gateway's models are always loaded, so there is nothing to wait
        for.  Always one object, whatever ``stream`` says.
        """
        running = self._realms.of(request.caller).running
        if controls.keep_alive_s:
            running.load(model, controls.keep_alive_s)
            done_reason = "load"
        else:
            running.unload(model)
            done_reason = "unload"
        created_at = timestamp(request.arrived_ns)
        request.send_whole(200, JSON, layout.last(created_at, Chunk(), Ending(done_reason)))


class Chat(Completions):
    """``POST /api/chat``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        chat = ChatRequest.from_json(request.take_body(), self._default_model)
        controls = chat.controls
        layout = ChatLayout(chat.model)
        request.model = chat.model
        request.unknown_keys = chat.unknown_keys + unknown_options(controls.options)
        if not chat.messages:
            await self._load(request, chat, layout)
            return
        realm = self._realms.of(request.caller)
        model = await realm.catalogue.resolve(chat.model)
        check_chat(chat, model.facts)
        completion = chat_to_completion(chat, model)
        async with self._workings.using(realm, model, controls.keep_alive_s):
            begun = await self._open(request, completion, layout)
            del chat, completion  # a prompt may be megabytes, and the reply takes minutes
            await self._relay(request, begun, layout, controls)

    async def _load(self, request: ProxyRequest, chat: ChatRequest, layout: Layout) -> None:
        model = await self._existing(chat.model, request.caller)
        if chat.controls.keep_alive_s:
            check_chat(chat, model.facts)
            chat_to_completion(chat, model)  # for the errors that it finds
        self._keep(request, model, layout, chat.controls)


class Generate(Completions):
    """``POST /api/generate``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        generate = GenerateRequest.from_json(request.take_body(), self._default_model)
        controls = generate.controls
        layout = GenerateLayout(generate.model)
        request.model = generate.model
        request.unknown_keys = generate.unknown_keys + unknown_options(controls.options)
        if not generate.prompt:
            await self._load(request, generate, layout)
            return
        realm = self._realms.of(request.caller)
        model = await realm.catalogue.resolve(generate.model)
        check_generate(generate, model.facts)
        completion = generate_to_completion(generate, model)
        async with self._workings.using(realm, model, controls.keep_alive_s):
            if generate.suffix or generate.raw:
                begun = await self._open_text(request, generate, model, layout, completion)
            else:
                begun = await self._open(request, completion, layout)
            del generate, completion  # see above
            await self._relay(request, begun, layout, controls)

    async def _load(self, request: ProxyRequest, generate: GenerateRequest, layout: Layout) -> None:
        model = await self._existing(generate.model, request.caller)
        if generate.controls.keep_alive_s:
            check_generate(generate, model.facts)
            generate_to_completion(generate, model)  # for the errors that it finds
        self._keep(request, model, layout, generate.controls)

    async def _open_text(
        self,
        request: ProxyRequest,
        generate: GenerateRequest,
        model: Model,
        layout: Layout,
        chat: CompletionRequest,
    ) -> "_Begun":
        """
        Have the gateway go on from a text, or fill in between two.

        Not every model can.  A raw prompt is then asked as a question, which
        is the best that can be had; filling in has no such stand-in.
        """
        text = generate_to_text_completion(generate, model)
        try:
            return await self._open(request, text, layout)
        except UpstreamRefused as refused:
            if refused.status not in _NO_SUCH_COMPLETION:
                raise
            if generate.suffix:
                raise no_insert(generate.model) from refused
            return await self._open(request, chat, layout)
