"""
Ollama's own cloud, of which there is none behind this daemon.

The answers are those of a server whose cloud is turned off and whose user is
not signed in.  Ollama's 401 to ``/api/me`` is avoided: it makes its programs ask
people to sign in.
"""

from typing import Final

from ollamaproxy.callers.gates import Gate
from ollamaproxy.errors import Forbidden, NotSupported, Unauthorized
from ollamaproxy.resources.exchange import Endpoint, Folder
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.json_text import decode_body

_STATUS: Final = '{"cloud":{"disabled":true,"source":"config"}}'


class Status(Endpoint):
    """``GET /api/status``: whether models of Ollama's cloud are to be had."""

    methods = (b"GET",)

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, JSON, _STATUS)


class Me(Endpoint):
    """``POST /api/me``: who is signed in."""

    methods = (b"POST",)
    reads_body = False

    async def respond(self, request: ProxyRequest) -> None:  # noqa: ARG002 - an Endpoint's
        """Implement Endpoint."""
        raise NotSupported("signing in to ollama.com")


class SignOut(Endpoint):
    """``POST /api/signout``."""

    reads_body = False

    def __init__(self, gate: Gate, method: bytes) -> None:
        super().__init__(gate)
        self.methods = (method,)

    async def respond(self, request: ProxyRequest) -> None:  # noqa: ARG002 - an Endpoint's
        """Implement Endpoint."""
        raise Unauthorized("you are not currently signed in")


class Keys(Folder):
    """``/api/user/keys``: every name is a key."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def getChild(self, path: bytes, request: ProxyRequest) -> Endpoint:  # noqa: ARG002
        """Override: whatever it is called."""
        return SignedOutKey(self._gate, b"DELETE")


class SignedOutKey(SignOut):
    """``DELETE /api/user/keys/…``."""

    route = "/api/user/keys/{key}"


class CloudTool(Endpoint):
    """``POST /api/experimental/web_search`` and ``web_fetch``, which are Ollama's cloud."""

    methods = (b"POST",)

    def __init__(self, gate: Gate, tool: str) -> None:
        super().__init__(gate)
        self._tool = tool

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        decode_body(request.take_body())
        raise Forbidden(f"ollama cloud is disabled: {self._tool} is unavailable")


class Recommendations(Endpoint):
    """``GET /api/experimental/model-recommendations``: none; the gateway's list is the choice."""

    methods = (b"GET",)

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, JSON, '{"recommendations":[]}')
