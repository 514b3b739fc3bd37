"""The models at work: ``/api/chat`` and ``/api/generate``."""

from ollamaproxy.clocks import Clocks
from ollamaproxy.relay import Relay
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.settings import Settings
from ollamaproxy.translate.pipeline import Encoder, LineEncoder, ObjectEncoder, ReplyPipeline
from ollamaproxy.translate.requests import chat_to_completion, generate_to_completion
from ollamaproxy.translate.stopwatch import Stopwatch, timestamp
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.ndjson import ChatLayout, Chunk, Ending, GenerateLayout, Layout
from ollamaproxy.wire.ollama import ChatRequest, GenerateRequest
from ollamaproxy.wire.openai import CompletionRequest


class Completions(Endpoint):
    """What both endpoints share: all but the form of the request and of the reply."""

    methods = (b"POST",)

    def __init__(self, gateway: Gateway, settings: Settings, clocks: Clocks) -> None:
        super().__init__()
        self._gateway = gateway
        self._deadlines = settings.deadlines
        self._limits = settings.limits
        self._clocks = clocks

    async def _complete(
        self,
        request: ProxyRequest,
        completion: CompletionRequest,
        layout: Layout,
        *,
        stream: bool,
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
            LineEncoder(layout) if stream else ObjectEncoder(layout, self._limits.max_reply_bytes)
        )
        pipeline = ReplyPipeline(encoder, stopwatch, self._limits.max_event_bytes)
        await Relay(pipeline, request, self._clocks, self._deadlines).run(response)
        request.finish()

    def _probe(self, request: ProxyRequest, layout: Layout, keep_alive_s: float) -> None:
        """
        Answer a request without a question: it asks to load the model, or to unload it.

        The gateway's models are always loaded, so there is nothing to wait
        for.  Always one object, whatever ``stream`` says.
        """
        created_at = timestamp(request.arrived_ns)
        ending = Ending("load" if keep_alive_s else "unload")
        request.send_whole(200, JSON, layout.last(created_at, Chunk(), ending))


class Chat(Completions):
    """``POST /api/chat``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        chat = ChatRequest.from_json(request.content.read())
        layout = ChatLayout(chat.model)
        completion = chat_to_completion(chat)
        if chat.messages:
            await self._complete(request, completion, layout, stream=chat.stream)
        else:
            self._probe(request, layout, chat.keep_alive_s)


class Generate(Completions):
    """``POST /api/generate``."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        generate = GenerateRequest.from_json(request.content.read())
        layout = GenerateLayout(generate.model)
        completion = generate_to_completion(generate)
        if generate.prompt:
            await self._complete(request, completion, layout, stream=generate.stream)
        else:
            self._probe(request, layout, generate.keep_alive_s)
