"""What the tests of callers share: every route, and a daemon with a keys file."""

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ollamaproxy.callers.key_lines import to_line
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.settings import Secret, Settings
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY, GatewayRequest, Response
from tests.web.v1 import ALL

URL = "http://gateway.test:4000"
BOUNDARY = "XX"
UPLOAD = (
    b'--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n--XX--\r\n'
)

#: Every route for which the gateway works, with a body that it takes.
WORKING: tuple[tuple[str, Any], ...] = (
    ("/api/chat", CHAT),
    ("/api/generate", {"model": "m", "prompt": "x"}),
    ("/api/embed", {"model": "m", "input": "x"}),
    ("/api/embeddings", {"model": "m", "prompt": "x"}),
    *ALL,
    ("/v1/audio/transcriptions", UPLOAD),
)
#: All others, except those that are open to everybody.
OTHERS: tuple[tuple[str, str], ...] = (
    *(("GET", f"/api/{name}") for name in ("tags", "ps", "status")),
    *(("POST", f"/api/{name}") for name in ("show", "pull", "push", "create", "copy", "me")),
    *(("POST", "/api/signout"), ("DELETE", "/api/delete"), ("DELETE", "/api/user/keys/x")),
    *(("POST", f"/api/experimental/{name}") for name in ("web_search", "web_fetch")),
    ("GET", "/api/experimental/model-recommendations"),
    ("POST", f"/api/blobs/sha256:{'0' * 64}"),
    *(("GET", "/v1/models"), ("GET", "/v1/models/m")),
)


def bearer(key: str) -> str:
    return f"Authorization: Bearer {key}\r\n"


def basic(text: str) -> str:
    return f"Authorization: Basic {base64.b64encode(text.encode()).decode()}\r\n"


class CallersCase(NetworkCase):
    """A daemon, and what can be asked of it with which headers."""

    def ask(self, method: str, path: str, body: Any = None, headers: str = "") -> Response:
        """Return the response to a request that needs no answer of the gateway's."""
        client = self.network.client()
        client.send(method, path, body, headers)
        self.network.flush()
        return client.response(method)

    def gets(self, path: str, body: Any, headers: str) -> GatewayRequest:
        """Return what the gateway gets for a request."""
        if body is UPLOAD:
            headers += f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        self.network.ask(path, body, headers)
        return self.network.gateway.request

    def names(self, headers: str) -> list[str]:
        """Return the models that are listed."""
        return [
            model["name"] for model in self.ask("GET", "/api/tags", None, headers).json["models"]
        ]

    def refuses(self, status: int, body: str, headers: str) -> Response:
        """Return the response to a chat that the gateway refuses."""
        client = self.network.ask("/api/chat", CHAT, headers)
        self.network.gateway.reply(status, "application/json", body)
        self.network.flush()
        return client.response()


class KeysCase(CallersCase):
    """
    A daemon that asks for keys.

    Alice's is ``key-a`` and goes with the daemon's own; Bob's is ``key-b`` and
    goes with ``sk-bob``.
    """

    more: Callable[[], dict[str, Any]] = dict
    lines = (
        to_line("alice", Secret("key-a"), None),
        to_line("bob", Secret("key-b"), Secret("sk-bob")),
    )

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "keys")
        self.write(*self.lines)
        self.settings = Settings(
            base_url=URL, api_key=Secret(KEY), keys_file=str(self.path), **self.more()
        )
        super().setUp()

    def write(self, *lines: str) -> None:
        self.path.write_text("\n".join(lines) + "\n", "utf-8")
        self.path.chmod(0o600)

    def reload(self) -> list[str]:
        """Have the file read anew, and return what is logged of that."""
        texts = self.hear_log()
        self.network.reloading.reload()
        return texts


class PassthroughCase(CallersCase):
    """A daemon that passes clients' keys on, and has none of its own."""

    settings = Settings(base_url=URL, client_auth=ClientAuth.PASSTHROUGH)
