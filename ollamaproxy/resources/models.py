"""The models: ``/api/tags``, ``/api/show`` and ``/api/ps``."""

from ollamaproxy.errors import BadRequest, ModelNotFound
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.translate.capabilities import short_name
from ollamaproxy.translate.model_details import running, show, tags
from ollamaproxy.wire.management import ShowRequest


class Tags(Endpoint):
    """``GET /api/tags``: the gateway's models, as if they were installed here."""

    methods = (b"HEAD", b"GET")

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._realms = workings.realms
        self._recent_s = workings.settings.freshness.recent_s

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint: wait a little for new models, for a person may look for one."""
        models = await self._realms.of(request.caller).catalogue.models(self._recent_s)
        request.send_whole(200, JSON, tags(models.published))


class Show(Endpoint):
    """``POST /api/show``: what a model can do; does not wait for the gateway if that is known."""

    methods = (b"POST",)

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._realms = workings.realms

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        asked = ShowRequest.from_json(request.take_body())
        request.unknown_keys = asked.unknown_keys
        name = asked.name
        if not name:
            raise BadRequest("model is required")
        model = await self._realms.of(request.caller).catalogue.find(name)
        if model is None:
            raise ModelNotFound(f"model '{short_name(name)}' not found")
        request.send_whole(200, JSON, show(model))


class Running(Endpoint):
    """``GET /api/ps``: the models in use."""

    methods = (b"GET",)

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._realms = workings.realms

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        in_use = self._realms.of(request.caller).running.now()
        request.send_whole(200, JSON, running(in_use))
