"""Texts to vectors: ``/api/embed`` and, of old, ``/api/embeddings``."""

from collections.abc import Iterator
from contextlib import contextmanager

from ollamaproxy.callers.caller import Caller
from ollamaproxy.callers.errand import Errand
from ollamaproxy.errors import ModelNotFound, UpstreamRefused
from ollamaproxy.models.listing import Model
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.translate.embeddings import (
    cuts,
    is_too_long,
    to_embedding,
    to_unit_vectors,
    too_long,
)
from ollamaproxy.translate.options import unknown_options
from ollamaproxy.translate.stopwatch import nanoseconds
from ollamaproxy.wire.embeddings import (
    EmbeddingReply,
    EmbedRequest,
    embed_object,
    embedding_object,
)
from ollamaproxy.wire.usage import Usage


class Embeddings(Endpoint):
    """What both endpoints share: having the gateway make the vectors."""

    methods = (b"POST",)

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._workings = workings
        self._gateway = workings.gateway
        self._realms = workings.realms
        self._default_model = workings.settings.models.default_model
        self._clocks = workings.clocks

    async def _load(self, embed: EmbedRequest, caller: Caller) -> None:
        """Find the model of a request without a text, which asks to load it."""
        realm = self._realms.of(caller)
        with _ollamas_words(embed.model):
            model = await realm.catalogue.find(embed.model)
            if model is None:
                raise ModelNotFound("")
        realm.running.load(model, embed.keep_alive_s)

    async def _embed(self, embed: EmbedRequest, errand: Errand) -> EmbeddingReply:
        """
        Have the gateway make a vector for each text.

        Raises:
            ProxyError: There are none, in the words of these endpoints.
        """
        realm = self._realms.of(errand.caller)
        with _ollamas_words(embed.model):
            model = await realm.catalogue.resolve(embed.model)
            async with self._workings.using(realm, model, embed.keep_alive_s):
                return await self._embed_with(model, embed, errand)

    async def _embed_with(
        self, model: Model, embed: EmbedRequest, errand: Errand
    ) -> EmbeddingReply:
        """Ask once, and for texts that are too long with less and less of them."""
        try:
            whole = to_embedding(embed, model, None)
            return await self._gateway.embed(whole, embed.model, errand)
        except UpstreamRefused as refused:
            if not is_too_long(refused):
                raise
            if not embed.truncate:
                raise too_long() from refused
        for characters in cuts(embed.texts, model.facts.context_length):
            try:
                cut = to_embedding(embed, model, characters)
                return await self._gateway.embed(cut, embed.model, errand)
            except UpstreamRefused as refused:
                if not is_too_long(refused):
                    raise
        raise too_long()


@contextmanager
def _ollamas_words(model: str) -> Iterator[None]:
    """Word a model that does not exist as Ollama does here, and only here."""
    try:
        yield
    except ModelNotFound as error:
        raise ModelNotFound(f'model "{model}" not found, try pulling it first') from error


class Embed(Embeddings):
    """``POST /api/embed``: any number of texts, and vectors of length 1."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        embed = EmbedRequest.from_json(request.take_body(), self._default_model)
        request.model = embed.model
        request.unknown_keys = embed.unknown_keys + unknown_options(embed.options)
        if not embed.texts:
            await self._load(embed, request.caller)
            request.send_whole(200, JSON, embed_object(embed.model, ()))
            return
        sent_s = self._clocks.monotonic_s()
        reply = await self._embed(embed, request.errand)
        request.usage = Usage(reply.prompt_tokens)
        vectors = to_unit_vectors(reply.vectors, embed.dimensions)
        statistics = (
            ("total_duration", nanoseconds(self._clocks.monotonic_s() - request.arrived_s)),
            ("load_duration", nanoseconds(sent_s - request.arrived_s)),
            ("prompt_eval_count", reply.prompt_tokens),
        )
        request.send_whole(200, JSON, embed_object(embed.model, vectors, statistics))


class LegacyEmbeddings(Embeddings):
    """``POST /api/embeddings``: one text, and its vector as the model made it."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint; the order of the checks is Ollama's."""
        embed = EmbedRequest.from_legacy_json(request.take_body(), self._default_model)
        request.model = embed.model
        request.unknown_keys = embed.unknown_keys + unknown_options(embed.options)
        if not embed.texts:
            await self._load(embed, request.caller)
            request.send_whole(200, JSON, embedding_object(()))
            return
        reply = await self._embed(embed, request.errand)
        request.usage = Usage(reply.prompt_tokens)
        [vector] = reply.vectors
        request.send_whole(200, JSON, embedding_object(vector))
