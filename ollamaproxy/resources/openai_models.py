"""The models in OpenAI's form: ``/v1/models``."""

from typing import Any

from ollamaproxy.errors import ModelNotFound
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.translate.capabilities import short_name
from ollamaproxy.translate.model_details import openai_entry
from ollamaproxy.wire.error_forms import OpenAIErrors
from ollamaproxy.wire.json_text import encode

_JSON = b"application/json"


class OpenAIModels(Endpoint):
    """``GET /v1/models``: the models that ``/api/tags`` lists."""

    methods = (b"GET",)
    errors = OpenAIErrors()

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._workings = workings
        self._recent_s = workings.settings.freshness.recent_s

    def getChild(self, path: bytes, request: ProxyRequest) -> Endpoint:
        """Override: every path below is a model's name, which may have slashes in it."""
        name = b"/".join((path, *request.postpath)).decode("utf-8", "replace")
        return OpenAIModel(self._workings, name)

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint: wait a little for new models, for a person may look for one."""
        catalogue = self._workings.realms.of(request.caller).catalogue
        models = await catalogue.models(self._recent_s)
        entries = [openai_entry(model.name) for model in models.published]
        _send(request, {"object": "list", "data": entries})


class OpenAIModel(Endpoint):
    """``GET /v1/models/NAME``."""

    isLeaf = True
    route = "/v1/models/{model}"
    methods = (b"GET",)
    errors = OpenAIErrors()

    def __init__(self, workings: Workings, name: str) -> None:
        super().__init__(workings.gate)
        self._realms = workings.realms
        self._name = name

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        if await self._realms.of(request.caller).catalogue.find(self._name) is None:
            raise ModelNotFound(f"model '{short_name(self._name)}' not found")
        _send(request, openai_entry(self._name))


def _send(request: ProxyRequest, value: Any) -> None:
    request.send_whole(200, _JSON, encode(value))
