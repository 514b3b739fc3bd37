"""What would change the models, and what belongs to Ollama's cloud."""

from typing import Any

from tests.web.case import NetworkCase
from tests.web.network import Response

DIGEST = "sha256:" + "0" * 64

#: Method, path and body of what a proxy cannot do, and how the refusal begins.
REFUSED = (
    ("POST", "/api/push", {"name": "m"}, "pushing models"),
    ("POST", "/api/create", {"model": "x", "from": "m"}, "creating models"),
    ("POST", "/api/copy", {"source": "m", "destination": "x"}, "copying models"),
    ("DELETE", "/api/delete", {"model": "m"}, "deleting models"),
    ("POST", f"/api/blobs/{DIGEST}", b"GGUF", "uploading models"),
    ("POST", "/api/me", None, "signing in to ollama.com"),
)

#: Method, path and body of what Ollama refuses as well, the status and its words.
WRONG: tuple[tuple[str, str, Any, int, str], ...] = (
    ("POST", "/api/push", {}, 400, "model is required"),
    ("POST", "/api/push", b"", 400, "missing request body"),
    ("POST", "/api/create", {}, 400, "invalid model name"),
    ("POST", "/api/copy", {"destination": "x"}, 400, 'source "" is invalid'),
    ("POST", "/api/copy", {"source": "x"}, 400, 'destination "" is invalid'),
    ("DELETE", "/api/delete", {}, 400, "model is required"),
    ("POST", "/api/pull", {}, 400, "invalid model name"),
    ("POST", "/api/blobs/sha256:12", b"x", 400, "invalid digest format"),
    ("POST", "/api/signout", None, 401, "you are not currently signed in"),
    ("DELETE", "/api/user/keys/abc", None, 401, "you are not currently signed in"),
    ("POST", "/api/experimental/web_search", None, 400, "missing request body"),
    (
        *("POST", "/api/experimental/web_search", {"query": "x"}, 403),
        "ollama cloud is disabled: web search is unavailable",
    ),
    (
        *("POST", "/api/experimental/web_fetch", {"url": "x"}, 403),
        "ollama cloud is disabled: web fetch is unavailable",
    ),
)


class ManagementCase(NetworkCase):
    def send(self, method: str, path: str, body: object = None) -> Response:
        client = self.network.client()
        client.send(method, path, body)
        self.network.flush()
        return client.response(method)


class Pull(ManagementCase):
    def test_a_model_that_exists(self) -> None:
        """A model that the gateway has is there at once, by either key and either spelling."""
        for body in ({"model": "m"}, {"name": "m:latest"}, {"name": "m", "insecure": True}):
            response = self.send("POST", "/api/pull", body)
            self.assertEqual(response.headers["content-type"], "application/x-ndjson")
            self.assertEqual(
                response.body, b'{"status":"pulling manifest"}\n{"status":"success"}\n'
            )

    def test_not_streamed(self) -> None:
        """Not streamed, it is one object that holds the end."""
        response = self.send("POST", "/api/pull", {"name": "m", "stream": False})
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertEqual(response.body, b'{"status":"success"}')

    def test_a_model_that_does_not(self) -> None:
        """A model that the gateway does not have is an error that the ollama program knows."""
        error = {"error": "pull model manifest: file does not exist"}
        response = self.send("POST", "/api/pull", {"name": "x"})
        self.assertEqual(response.status, 200)
        self.assertEqual(response.lines, [{"status": "pulling manifest"}, error])
        response = self.send("POST", "/api/pull", {"name": "x", "stream": False})
        self.assertEqual((response.status, response.json), (500, error))


class Refused(ManagementCase):
    def test_what_a_proxy_cannot_do(self) -> None:
        """What would change a model is refused in words for the user, and never pretended."""
        for method, path, body, beginning in REFUSED:
            response = self.send(method, path, body)
            self.assertEqual(response.status, 501, path)
            self.assertEqual(
                response.json,
                {
                    "error": f"{beginning} is not supported by this proxy: "
                    "its models are those of its gateway"
                },
            )

    def test_what_nobody_can_do(self) -> None:
        """What Ollama refuses is refused in its words."""
        for method, path, body, status, message in WRONG:
            response = self.send(method, path, body)
            self.assertEqual(response.status, status, path)
            self.assertEqual(response.json, {"error": message})

    def test_blobs(self) -> None:
        """There are no files here: none can be found, in either form of a digest."""
        for digest in (DIGEST, DIGEST.replace(":", "-")):
            self.assertEqual(self.send("HEAD", f"/api/blobs/{digest}").status, 404)
        self.assertEqual(self.send("GET", f"/api/blobs/{DIGEST}").headers["allow"], "HEAD, POST")

    def test_a_long_upload(self) -> None:
        """The upload of a model is refused before it comes, however long it would be."""
        client = self.network.client()
        client.raw(
            b"POST /api/blobs/%s HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999\r\n\r\n"
            % DIGEST.encode()
        )
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 501)
        self.assertIn("uploading models is not supported", response.json["error"])
        self.network.wait(6)

    def test_no_request_goes_out(self) -> None:
        """None of all these is asked of the gateway."""
        for method, path, body, _beginning in REFUSED:
            self.send(method, path, body)
        for method, path, body, _status, _message in WRONG:
            self.send(method, path, body)
        self.assertEqual(self.network.gateway_connections, [])


class Cloud(ManagementCase):
    def test_status(self) -> None:
        """There is no cloud of Ollama's behind this daemon."""
        self.assertEqual(
            self.network.get("/api/status").json,
            {"cloud": {"disabled": True, "source": "config"}},
        )

    def test_recommendations(self) -> None:
        """No models are recommended."""
        response = self.network.get("/api/experimental/model-recommendations")
        self.assertEqual(response.json, {"recommendations": []})
