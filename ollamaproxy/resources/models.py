"""The models: ``/api/tags``."""

from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.translate.models import tags
from ollamaproxy.upstream.gateway import Gateway


class Tags(Endpoint):
    """``GET /api/tags``: the gateway's models, as if they were installed here."""

    methods = (b"HEAD", b"GET")

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, JSON, tags(await self._gateway.list_models()))
