"""What is refused is refused when its head has come: its body is neither asked for nor read."""

from twisted.web.resource import Resource

from ollamaproxy.resources.exchange import NotFound
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.settings import MIB, Deadlines, Limits, Settings
from tests.web.callers import OTHERS, URL, WORKING, KeysCase, bearer
from tests.web.case import CHAT, NetworkCase
from tests.web.network import ClientConnection, Network

FOREIGN = "Origin: http://evil.example\r\n"
ALLOWED = "Origin: http://localhost:3000\r\n"
BLOB = f"/api/blobs/sha256:{'0' * 64}"

ENDPOINTS = (*(("POST", path) for path, _body in WORKING), *OTHERS, ("POST", "/nowhere"))


def announce(
    network: Network, method: str, path: str, headers: str = "", size: int = 30 * MIB
) -> ClientConnection:
    """Return a client that waits to be asked for its body."""
    client = network.client()
    client.raw(
        f"{method} {path} HTTP/1.1\r\nHost: localhost:11434\r\n{headers}"
        f"Expect: 100-continue\r\nContent-Length: {size}\r\n\r\n".encode()
    )
    network.flush()
    return client


class Pages(KeysCase):
    def test_foreign(self) -> None:
        """A foreign page is refused as such everywhere, whatever else is wrong with its request."""
        for method, path in (*ENDPOINTS, ("BREW", "/"), ("GET", "/"), ("POST", "/")):
            for size, key in ((2, "key-a"), (30 * MIB, "key-a"), (300 * MIB, "key-a"), (2, "x")):
                client = announce(self.network, method, path, FOREIGN + bearer(key), size)
                response = client.response()
                self.assertEqual((response.status, response.body), (403, b""), path)
                self.assertNotIn("access-control-allow-origin", response.headers)
                self.assertNotIn(b"100 Continue", client.received)
        self.assertEqual({record.outcome for record in self.network.records}, {"foreign_page"})

    def test_foreign_and_stopping(self) -> None:
        """A daemon that stops tells a foreign page nothing of it."""
        client = self.network.client()
        client.raw(f"GET / HTTP/1.1\r\nHost: localhost\r\n{FOREIGN}".encode())
        self.network.flush()
        self.network.site.drain()
        client.raw(b"\r\n")
        self.network.flush()
        self.assertEqual(client.response().status, 403)

    def test_allowed(self) -> None:
        """An allowed page may read why its request was refused, also if its body never came."""
        for path, headers, size, status in (
            ("/api/chat", "", 2, 401),
            ("/api/chat", bearer("key-a"), 33 * MIB, 413),
            (BLOB, bearer("key-a"), 2, 501),
            ("/nowhere", "", 2, 404),
        ):
            response = announce(self.network, "POST", path, ALLOWED + headers, size).response()
            self.assertEqual(response.status, status)
            origin = response.headers["access-control-allow-origin"]
            self.assertEqual((origin, response.headers["vary"]), (ALLOWED[8:-2], "Origin"))

    def test_allowed_and_slow(self) -> None:
        """It may also read that its body came too slowly."""
        client = announce(self.network, "POST", "/api/chat", ALLOWED + bearer("key-a"))
        self.network.wait(60)
        self.assertIn(b"HTTP/1.1 408 ", client.received)
        self.assertIn(b"Access-Control-Allow-Origin: http://localhost:3000\r\n", client.received)

    def test_preflight_with_a_body(self) -> None:
        """A preflight that announces a body is answered without it."""
        response = announce(self.network, "OPTIONS", "/api/chat", ALLOWED).response("OPTIONS")
        self.assertEqual(response.status, 204)


class Callers(KeysCase):
    def test_without_a_key(self) -> None:
        """Who may not call is told so before it sends a body, on every endpoint."""
        for method, path in ENDPOINTS[:-1]:
            client = announce(self.network, method, path)
            response = client.response()
            self.assertEqual((response.status, response.complete), (401, True), path)
            self.assertEqual(response.headers["www-authenticate"], "Bearer")
            self.assertEqual(response.headers["connection"], "close")
            self.assertNotIn(b"100 Continue", client.received)
        self.assertEqual({record.outcome for record in self.network.records}, {"caller_refused"})

    def test_forms(self) -> None:
        """It is told in the form of the route's protocol."""
        answers = {
            path: announce(self.network, "POST", path).response().json
            for path in ("/api/chat", "/v1/chat/completions", "/v1/messages")
        }
        self.assertIn("API key is required", answers["/api/chat"]["error"])
        self.assertIn("API key", answers["/v1/chat/completions"]["error"]["message"])
        self.assertEqual(answers["/v1/messages"]["error"]["type"], "authentication_error")

    def test_with_a_key(self) -> None:
        """Who may call is asked for the body; then it counts."""
        body = b'{"model":"m","prompt":"hi"}'
        client = announce(self.network, "POST", "/api/chat", bearer("key-a"), len(body))
        self.assertEqual(client.received, b"HTTP/1.1 100 Continue\r\n\r\n")
        client.raw(body)
        self.network.flush()
        self.assertEqual(self.network.gateway.request.json["model"], "m")

    def test_no_body(self) -> None:
        """Without a body there is nothing to cut off, so the connection stays open."""
        client = self.network.client()
        for _ in range(3):
            client.send("GET", "/api/tags")
            client.send("GET", "/", headers=FOREIGN)
            client.send("POST", "/nowhere")
            self.network.flush()
        statuses = [record.status for record in self.network.records]
        self.assertEqual(statuses, [401, 403, 404] * 3)
        self.assertFalse(client.closed)


class Uploads(NetworkCase):
    def test_of_models(self) -> None:
        """The upload of a model is refused for what it is, before it comes."""
        client = announce(self.network, "POST", BLOB, size=10_000 * MIB)
        response = client.response()
        self.assertEqual(response.status, 501)
        self.assertIn("uploading models is not supported", response.json["error"])
        self.assertEqual([r.outcome for r in self.network.records], ["not_supported"])

    def test_bodies_nobody_reads(self) -> None:
        """Where a body counts for nothing the answer does not wait for it."""
        for method, path, status in (
            *(("GET", "/", 200), ("GET", "/api/tags", 200), ("POST", "/api/tags", 405)),
            *(("POST", "/nope", 404), ("POST", "/api", 404), ("POST", "/api/me", 501)),
            *(("POST", "/api/blobs/x", 400), ("POST", "/api/signout", 401)),
        ):
            client = announce(self.network, method, path)
            response = client.response()
            self.assertEqual((response.status, response.complete), (status, True), path)
            self.assertEqual(response.headers["connection"], "close")

    def test_the_body_comes_all_the_same(self) -> None:
        """A client that sends it nevertheless hears the answer; nothing of it is a request."""
        client = self.network.client()
        client.send("POST", "/nope", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 100)
        self.network.flush()
        for _ in range(4):
            client.raw(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 100)
            self.network.flush()
            self.network.wait(1)
        self.assertFalse(client.closed)
        self.network.wait(2)
        self.assertTrue(client.closed)
        self.assertEqual([record.status for record in self.network.records], [404])
        self.assertEqual(client.received.count(b"HTTP/1.1"), 1)

    def test_in_chunks(self) -> None:
        """The same is true of a body in chunks."""
        client = self.network.client()
        client.raw(b"POST /nope HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
        self.network.flush()
        self.assertEqual(client.response().status, 404)


class Waiting(NetworkCase):
    discovers = True
    settings = Settings(base_url=URL, deadlines=Deadlines(idle_s=1, linger_s=0.1))

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves before the answer is ready is recorded as one that left."""
        client = announce(self.network, "GET", "/api/tags")
        client.raw(b" " * 1000)
        self.network.flush()
        self.assertEqual(self.network.records, [])
        client.leave()
        self.network.flush()
        self.assertEqual([record.outcome for record in self.network.records], ["client_left"])

    def test_an_answer_that_takes_its_time(self) -> None:
        """An answer that has to wait for the gateway longer than clients may idle is given."""
        client = announce(self.network, "GET", "/api/tags")
        self.network.wait(1.2)
        self.network.wait(0.2)
        model = '{"data":[{"model_name":"a","model_info":{}}]}'
        self.network.lists["/v1/models?return_wildcard_routes=true"] = {"data": [{"id": "a"}]}
        self.network.gateway.reply(200, "application/json", model)
        self.network.flush()
        names = [model["name"] for model in client.response().json["models"]]
        self.assertEqual(names, ["a"])


class TooLong(NetworkCase):
    settings = Settings(base_url=URL, limits=Limits(max_request_bytes=100))

    def test_in_chunks_from_a_page(self) -> None:
        """A page reads that its body was too long, though that shows only while it comes."""
        client = self.network.client()
        head = f"POST /api/chat HTTP/1.1\r\nHost: localhost\r\n{ALLOWED}".encode()
        client.raw(head + b"Transfer-Encoding: chunked\r\n\r\nff\r\n" + b"x" * 255)
        self.network.flush()
        self.assertEqual(client.response().status, 413)
        self.assertIn("access-control-allow-origin", client.response().headers)


class _Broken(NotFound):
    """A resource that cannot even tell whether it wants a body."""

    def wants_body(self, request: ProxyRequest) -> bool:
        raise RuntimeError("a bug")

    def render(self, request: ProxyRequest) -> int:
        raise RuntimeError("a bug")


class Bugs(NetworkCase):
    def test_is_answered(self) -> None:
        """A bug that shows before the body has come is answered as any other."""
        root = Resource()
        root.putChild(b"broken", _Broken())
        self.network.site.resource = root
        client = self.network.client()
        client.send("POST", "/broken", CHAT)
        self.network.flush()
        self.assertEqual(client.response().status, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)
