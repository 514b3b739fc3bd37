"""
The routes under ``/v1``, which the gateway has as well: OpenAI's and Anthropic's.

Requests are rebuilt, replies pass: events as they come, objects as a whole.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from twisted.web.iweb import IResponse

from ollamaproxy.relay import Relay
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.translate.passthrough import ModelRenamer, PassthroughPipeline, pass_object
from ollamaproxy.upstream.gateway import (
    EVENT_STREAM,
    JSON,
    TEXT,
    Question,
    json_question,
    media_type,
)
from ollamaproxy.wire.content_encoding import decompressed
from ollamaproxy.wire.error_forms import AnthropicErrors, ErrorForm, OpenAIErrors
from ollamaproxy.wire.event_ends import (
    COMPLETION_ENDS,
    MESSAGE_ENDS,
    RESPONSE_ENDS,
    EventEnds,
)
from ollamaproxy.wire.forwarded import ForwardedRequest, Route
from ollamaproxy.wire.ollama import DEFAULT_KEEP_ALIVE_S

#: Of Anthropic's protocol, what a client says beside the body.
_ANTHROPIC_HEADERS: Final = (b"Anthropic-Version", b"Anthropic-Beta")

_CONTENT_TYPES: Final = {JSON: b"application/json", TEXT: b"text/plain; charset=utf-8"}


class Forwarding(Endpoint):
    """An endpoint whose requests go on to the gateway's route of the same name."""

    methods = (b"POST",)
    errors: ErrorForm = OpenAIErrors()
    ends: EventEnds = COMPLETION_ENDS

    def __init__(self, route: Route, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._route = route
        self._workings = workings

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        encoding = request.getHeader(b"Content-Encoding")
        body = decompressed(request.take_body(), encoding)
        default_model = self._workings.settings.models.default_model
        asked = ForwardedRequest.from_json(self._route, body, default_model)
        request.model = asked.model
        realm = self._workings.realms.of(request.caller)
        model = await realm.catalogue.resolve(asked.model)
        question = json_question(asked.for_target(model.target).to_json, self._headers(request))
        async with self._workings.using(realm, model, DEFAULT_KEEP_ALIVE_S):
            await self._forward(request, question, ModelRenamer(asked.model, model.target))

    def _headers(self, request: ProxyRequest) -> Mapping[bytes, Sequence[bytes]]:  # noqa: ARG002
        """Return what of the client's headers goes on."""
        return {}

    async def _forward(
        self, request: ProxyRequest, question: Question, renamer: ModelRenamer
    ) -> None:
        gateway = self._workings.gateway
        path = self._route.path + ("?beta=true" if request.args.get(b"beta") else "")
        response = await gateway.forward(path, question, renamer.asked_as, request.errand)
        if media_type(response) == EVENT_STREAM:
            await self._relay(request, response, renamer)
        else:
            whole = await gateway.read(response)
            if media_type(response) == JSON:
                whole, request.usage = pass_object(whole, renamer)
            request.send_whole(200, _CONTENT_TYPES[media_type(response)], whole)

    async def _relay(
        self, request: ProxyRequest, response: IResponse, renamer: ModelRenamer
    ) -> None:
        settings = self._workings.settings
        pipeline = PassthroughPipeline(self.ends, renamer, settings.limits.max_event_bytes)
        request.setHeader(b"Cache-Control", b"no-cache")
        relay = Relay(
            pipeline,
            request,
            self._workings.gateway.masked,
            self._workings.clocks,
            settings.deadlines,
        )
        await relay.run(response)
        request.finish()


class Responses(Forwarding):
    """``POST /v1/responses``: OpenAI's newer protocol."""

    ends = RESPONSE_ENDS


class Messages(Forwarding):
    """``POST /v1/messages`` and ``/v1/messages/count_tokens``: Anthropic's protocol."""

    ends = MESSAGE_ENDS
    errors = AnthropicErrors()

    def _headers(self, request: ProxyRequest) -> Mapping[bytes, Sequence[bytes]]:
        given = {
            name: request.requestHeaders.getRawHeaders(name, []) for name in _ANTHROPIC_HEADERS
        }
        return {name: values for name, values in given.items() if values}
