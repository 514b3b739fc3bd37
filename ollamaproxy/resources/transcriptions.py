"""Speech to text: ``/v1/audio/transcriptions``, an upload."""

import secrets

from ollamaproxy.errors import BadRequest
from ollamaproxy.resources.forwarding import Forwarding
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.translate.passthrough import ModelRenamer
from ollamaproxy.upstream.gateway import Body, Question
from ollamaproxy.upstream.request_bodies import PiecesBody
from ollamaproxy.wire.event_ends import TRANSCRIPTION_ENDS
from ollamaproxy.wire.multipart import Part, decode_multipart, encode_multipart
from ollamaproxy.wire.ollama import DEFAULT_KEEP_ALIVE_S


class Transcriptions(Forwarding):
    """
    ``POST /v1/audio/transcriptions``.

    The upload is in memory once, up to the limit of a request's body, and goes
    out in pieces as the gateway takes them.
    """

    ends = TRANSCRIPTION_ENDS

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        content_type = request.getHeader(b"Content-Type") or b""
        parts = decode_multipart(content_type, request.take_body())
        named = [part for part in parts if part.name == b"model"]
        asked = named[-1].text if named else self._workings.settings.models.default_model
        if not asked:
            raise BadRequest("model is required")
        if not any(part.name == b"file" and part.filename is not None for part in parts):
            raise BadRequest("file is required: http: no such file")
        request.model = asked
        realm = self._workings.realms.of(request.caller)
        model = await realm.catalogue.resolve(asked)
        others = (part for part in parts if part.name != b"model")
        question = _question((Part.of_value(b"model", model.target), *others))
        async with self._workings.using(realm, model, DEFAULT_KEEP_ALIVE_S):
            await self._forward(request, question, ModelRenamer(asked, model.target))


def _question(parts: tuple[Part, ...]) -> Question:
    def make(_drop_params: bool) -> Body:
        boundary = b"-" * 24 + secrets.token_hex(16).encode("ascii")
        return Body(
            PiecesBody(encode_multipart(parts, boundary)),
            {b"Content-Type": [b"multipart/form-data; boundary=" + boundary]},
        )

    return make
