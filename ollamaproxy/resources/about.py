"""
What a server says of itself: ``/`` and ``/api/version``.

To everybody, with a key or without: tools that look for an Ollama server, and
probes that watch one, have none.
"""

from ollamaproxy.callers.gates import OpenGate
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.json_text import encode


class Root(Endpoint):
    """``GET /``: the words by which tools recognise an Ollama server."""

    methods = (b"HEAD", b"GET")

    def __init__(self) -> None:
        super().__init__(OpenGate())

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, b"text/plain; charset=utf-8", b"Ollama is running")


class Version(Endpoint):
    """``GET /api/version``."""

    methods = (b"HEAD", b"GET")

    def __init__(self, version: str) -> None:
        super().__init__(OpenGate())
        self._body = encode({"version": version})

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, JSON, self._body)
