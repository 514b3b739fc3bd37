"""HTTP: paths, methods, heads, and what the parser refuses."""

from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from ollamaproxy.server.site import clean_segments
from ollamaproxy.settings import Limits, Settings
from tests.case import Case
from tests.web.case import CHAT, NetworkCase
from tests.web.network import Response


class Routes(NetworkCase):
    def test_root(self) -> None:
        """GET / says the words by which an Ollama is recognised."""
        response = self.network.get("/")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.body, b"Ollama is running")
        self.assertEqual(response.headers["content-type"], "text/plain; charset=utf-8")

    def test_head_of_root(self) -> None:
        """HEAD / has the length of those words, and no body."""
        client = self.network.client()
        client.send("HEAD", "/")
        self.network.flush()
        self.assertEqual(client.response("HEAD").headers["content-length"], "17")
        self.assertTrue(client.received.endswith(b"\r\n\r\n"))

    def test_version(self) -> None:
        """GET /api/version is the imitated release in plain numbers."""
        response = self.network.get("/api/version")
        self.assertEqual(response.body, b'{"version":"0.32.15"}')
        self.assertEqual(response.headers["content-type"], "application/json; charset=utf-8")

    def test_unknown_path(self) -> None:
        """A path that nobody serves is a 404 in plain text, whatever the method."""
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            for path in ("/nope", "/api", "/api/", "/api/tags/x", "/api/chat/x/y", "/v1"):
                response = self.network.get(path, method)
                self.assertEqual(response.status, 404, path)
                self.assertEqual(response.body, b"404 page not found")
                self.assertEqual(response.headers["content-type"], "text/plain")

    def test_wrong_method(self) -> None:
        """A known path with a wrong method is a 405 that lists the right ones."""
        for method, path, allowed in (
            ("GET", "/api/chat", "POST"),
            ("HEAD", "/api/generate", "POST"),
            ("POST", "/api/tags", "HEAD, GET"),
            ("DELETE", "/api/version", "HEAD, GET"),
            ("POST", "/", "HEAD, GET"),
            ("BREW", "/", "HEAD, GET"),
        ):
            response = self.network.get(path, method)
            self.assertEqual(response.status, 405, path)
            self.assertEqual(response.headers["allow"], allowed, path)
            self.assertEqual(response.headers["content-type"], "text/plain")
            self.assertEqual(response.headers["content-length"], "22")

    def test_unclean_paths(self) -> None:
        """Doubled and trailing slashes are served and not redirected."""
        for path in ("//api/version", "/api/version/", "/api/./version", "/x/../api/version"):
            self.assertEqual(self.network.get(path).status, 200, path)

    def test_query_and_escapes(self) -> None:
        """A query is ignored, and an escaped letter is the letter."""
        self.assertEqual(self.network.get("/api/ver%73ion?beta=true").status, 200)

    def test_absolute_targets(self) -> None:
        """A target that is a whole URL is served by its path; one that is neither is a 404."""
        self.assertEqual(self.network.get("http://h:1/api/version").status, 200)
        for target in ("nonsense", "http:/api/version", "*"):
            self.assertEqual(self.network.get(target).status, 404, target)

    def test_no_server_header(self) -> None:
        """A reply does not tell what serves it: Ollama's has no Server header."""
        for response in (self.network.get("/"), self.network.get("/nope")):
            self.assertNotIn("server", response.headers)

    def test_a_get_with_a_length(self) -> None:
        """JDK clients send a length with a GET; it is served."""
        client = self.network.client()
        client.raw(
            b"GET /api/version HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Content-Length: 0\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n"
        )
        self.network.flush()
        self.assertEqual(client.response().status, 200)

    def test_a_chunked_request(self) -> None:
        """A request body in chunks is as good as one with a length."""
        client = self.network.client()
        client.raw(
            b"POST /api/chat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'1c\r\n{"model":"m","prompt":"hi"}\n\r\n0\r\n\r\n'
        )
        self.network.flush()
        self.assertEqual(self.network.gateway.request.json["model"], "m")

    def test_http_1_0(self) -> None:
        """A client of HTTP/1.0 gets its stream unframed, and the connection's end ends it."""
        client = self.network.client()
        body = b'{"model":"m","prompt":"hi"}'
        client.raw(b"POST /api/chat HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self.network.flush()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertNotIn(b"chunked", client.received)
        self.assertTrue(client.received.endswith(b"}\n"))
        self.assertTrue(client.closed)

    def test_pipelined_requests(self) -> None:
        """Requests that come in one segment are answered in order."""
        client = self.network.client()
        client.send("GET", "/api/version")
        client.send("GET", "/")
        client.send("GET", "/nope")
        self.network.flush()
        self.assertEqual([record.status for record in self.network.records], [200, 200, 404])
        self.assertLess(client.received.index(b"version"), client.received.index(b"running"))


class Refusals(NetworkCase):
    def refused(self, raw: bytes) -> Response:
        client = self.network.client()
        client.raw(raw)
        self.network.flush()
        self.network.wait(5.1)  # it may go on sending for so long, to hear the answer
        self.assertTrue(client.closed, raw[:40])
        self.assertEqual(client.received.count(b"HTTP/1.1"), 1, raw[:40])
        return client.response()

    def test_malformed_requests(self) -> None:
        """What is not HTTP is answered with a 400 in JSON, recorded once, and disconnected."""
        rows = (
            b"hello\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET / HTTP/1.1\r\nspace : x\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\nmore: of it\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
            b"POST /api/show HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        )
        for count, raw in enumerate(rows, start=1):
            response = self.refused(raw)
            self.assertEqual(response.status, 400, raw[:40])
            self.assertTrue(response.json["error"].startswith("malformed"), raw[:40])
            self.assertEqual(len(self.network.records), count, raw[:40])
            self.assertEqual(self.network.records[-1].status, 400)
            self.assertEqual(self.network.records[-1].body_bytes, len(response.body))
            self.assertEqual(self.network.records[-1].outcome, "parser_refused")

    def test_a_line_that_is_too_long(self) -> None:
        """A line that is too long is a 431, where Twisted would close without a word."""
        for raw in (
            b"GET /" + b"x" * 20_000,
            b"GET / HTTP/1.1\r\nCookie: " + b"x" * 20_000,
        ):
            self.assertEqual(self.refused(raw).status, 431)
        self.assertEqual([record.path for record in self.network.records], [b"", b"/"])

    def test_after_a_refusal_nothing_is_served(self) -> None:
        """What follows a refused request on its connection is not looked at."""
        client = self.network.client()
        client.raw(b"GET / HTTP/1.1\r\nbad\r\n\r\n")
        client.send("POST", "/api/chat", CHAT)
        self.network.flush()
        client.raw(b"GET / HTTP/1.1\r\n\r\n")
        self.network.flush()
        self.assertEqual(self.network.gateway_connections, [])
        self.assertEqual(len(self.network.records), 1)

    def test_a_slow_close_serves_nothing_either(self) -> None:
        """A connection that takes its time to close is not listened to any more."""

        class SlowToClose(StringTransport):
            def loseConnection(self) -> None:
                pass

        for reads in (
            (b"GET / HTTP/1.1\r\nbad\r\nmore: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",),
            (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"zz\r\n"),
        ):
            self.network.records.clear()
            channel = self.network.site.buildProtocol(None)
            assert channel is not None
            transport = SlowToClose()
            channel.makeConnection(transport)
            for data in reads:
                channel.dataReceived(data)
            channel.connectionLost(Failure(ConnectionDone()))
            self.assertEqual(transport.value().count(b"HTTP/1.1"), 1)
            self.assertEqual(len(self.network.records), 1)

    def test_the_line_is_recorded_as_far_as_it_is_known(self) -> None:
        """A request that is refused for a header is recorded with its first line."""
        self.refused(b"GET /api/tags?x=1 HTTP/1.1\r\nbad\r\n\r\n")
        record = self.network.records[0]
        self.assertEqual(
            (record.method, record.path, record.version), (b"GET", b"/api/tags", b"HTTP/1.1")
        )

    def test_a_line_that_is_no_http(self) -> None:
        """A first line that is not understood is recorded as it came."""
        self.refused(b"hello there?x\r\n\r\n")
        self.assertEqual(self.network.records[0].method, b"hello there?x")

    def test_a_refused_head(self) -> None:
        """A HEAD that is refused gets no body, as every HEAD."""
        client = self.network.client()
        client.raw(b"HEAD / HTTP/1.1\r\nbad\r\n\r\n")
        self.network.flush()
        self.assertTrue(client.received.endswith(b"\r\n\r\n"))
        self.assertEqual(self.network.records[0].body_bytes, 0)


class LongBodies(NetworkCase):
    settings = Settings(base_url="http://gateway.test:4000", limits=Limits(max_request_bytes=100))

    def test_one_that_says_so(self) -> None:
        """A body that is announced too long is refused before it comes, and not asked for."""
        client = self.network.client()
        client.raw(
            b"POST /api/chat HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
            b"Content-Length: 101\r\n\r\n"
        )
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 413)
        self.assertEqual(response.json, {"error": "the request's body is longer than 100 bytes"})
        self.assertEqual([record.status for record in self.network.records], [413])

    def test_one_in_chunks(self) -> None:
        """A body in chunks is refused when it becomes too long."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.raw(b"64\r\n" + b"x" * 100 + b"\r\n")
        self.network.flush()
        self.assertEqual(client.received, b"")
        client.raw(b"1\r\nx\r\n0\r\n\r\n")
        self.network.flush()
        self.assertEqual(client.response().status, 413)
        self.assertEqual(client.received.count(b"HTTP/1.1"), 1)
        self.assertEqual([record.status for record in self.network.records], [413])

    def test_one_that_just_fits(self) -> None:
        """A body of just the limit is taken."""
        body = b'{"model":"m","prompt":"hi"}'.ljust(100)
        self.network.ask("/api/chat", body)
        self.assertEqual(len(self.network.gateway_connections), 1)


class SendingAhead(NetworkCase):
    def test_too_much(self) -> None:
        """A client that sends on and on behind its request is cut off, and the gateway with it."""
        client = self.chat()
        for _ in range(4):
            client.raw(b"x" * 5000)
            self.network.flush()
        self.assertTrue(client.closed)
        self.assertTrue(self.network.gateway.closed)
        self.assertEqual([record.outcome for record in self.network.records], ["client_left"])

    def test_a_little_at_a_time(self) -> None:
        """What is sent ahead is counted anew for each request."""
        client = self.network.client()
        for _ in range(40):
            client.send("GET", "/api/version", headers="X: " + "x" * 1000 + "\r\n")
            self.network.flush()
        self.assertEqual(len(self.network.records), 40)


class CleanPaths(Case):
    def test_table(self) -> None:
        """Empty segments and dots go, two dots take the segment before them along."""
        for path, clean in (
            (b"/", []),
            (b"/a/b", [b"a", b"b"]),
            (b"//a//b/", [b"a", b"b"]),
            (b"/a/./b", [b"a", b"b"]),
            (b"/a/../b", [b"b"]),
            (b"/../../b", [b"b"]),
            (b"/...", [b"..."]),
        ):
            self.assertEqual(clean_segments(path.split(b"/")), clean, path)
