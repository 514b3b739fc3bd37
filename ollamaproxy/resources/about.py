"""What a server says of itself: ``/`` and ``/api/version``."""

from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.json_text import encode


class Root(Endpoint):
    """``GET /``: the words by which tools recognise an Ollama server."""

    methods = (b"HEAD", b"GET")

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, b"text/plain; charset=utf-8", b"Ollama is running")


class Version(Endpoint):
    """``GET /api/version``."""

    methods = (b"HEAD", b"GET")

    def __init__(self, version: str) -> None:
        super().__init__()
        self._body = encode({"version": version})

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, JSON, self._body)
