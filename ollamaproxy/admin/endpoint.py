"""What all admin resources have in common."""

from typing import Any

from ollamaproxy.callers.gates import OpenGate
from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.json_text import encode


class AdminEndpoint(Endpoint):
    """An endpoint that only tells; for whoever reaches the address."""

    methods = (b"HEAD", b"GET")

    def __init__(self) -> None:
        super().__init__(OpenGate())


def send_json(request: ProxyRequest, status: int, value: Any) -> None:
    """Answer with a JSON value."""
    request.send_whole(status, JSON, encode(value) + "\n")
