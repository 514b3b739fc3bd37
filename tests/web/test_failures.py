"""What a client is told when something goes wrong, and where."""

from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused
from twisted.internet.error import DNSLookupError, NoRouteError

from ollamaproxy.settings import Settings
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY, ClientConnection, Response


class Unreachable(NetworkCase):
    def test_refused(self) -> None:
        """A gateway that refuses connections is a 502 that says so."""
        self.network.connecting = lambda: fail(TwistedRefused())
        response = self.chat().response()
        self.assertEqual(response.status, 502)
        self.assertEqual(response.json, {"error": "cannot reach the gateway: connection refused"})
        self.assertEqual(response.headers["content-type"], "application/json")

    def test_unknown_host(self) -> None:
        """A gateway whose name is unknown is a 502 that says so."""
        self.network.connecting = lambda: fail(DNSLookupError())
        response = self.chat().response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json, {"error": "cannot reach the gateway: its host name is unknown"}
        )

    def test_no_route(self) -> None:
        """A gateway that no route leads to is a 502 that says so."""
        self.network.connecting = lambda: fail(NoRouteError())
        response = self.chat().response()
        self.assertEqual(response.status, 502)
        self.assertIn("cannot reach the gateway", response.json["error"])


class NoAnswer(NetworkCase):
    def test_closed_without_an_answer(self) -> None:
        """A gateway that closes the connection without an answer is a 502 that says so."""
        client = self.chat()
        self.network.gateway.cut()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json, {"error": "the gateway closed the connection without an answer"}
        )

    def test_not_http(self) -> None:
        """A gateway that does not speak HTTP is a 502 that says so."""
        client = self.chat()
        self.network.gateway.raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(response.json, {"error": "the gateway's answer is not HTTP"})


class Refusing(NetworkCase):
    def answer(self, status: int, body: str, content_type: str = "application/json") -> Response:
        client = self.chat()
        self.network.gateway.reply(status, content_type, body)
        self.network.flush()
        return client.response()

    def test_status_and_text_are_the_gateway_s(self) -> None:
        """An error of the gateway keeps its status and its own message."""
        response = self.answer(429, '{"error":{"message":"Rate limit reached","code":"429"}}')
        self.assertEqual(response.status, 429)
        self.assertEqual(response.json, {"error": "Rate limit reached"})
        self.assertEqual(response.headers["content-type"], "application/json")

    def test_an_odd_status(self) -> None:
        """A status that HTTP has no name for is passed on as well."""
        self.assertEqual(self.answer(529, '{"error":{"message":"Overloaded"}}').status, 529)

    def test_unknown_model(self) -> None:
        """LiteLLM's 400 about a model that it does not have becomes Ollama's 404."""
        message = (
            "litellm.BadRequestError: You passed in model=m. "
            "There are no healthy deployments for this model"
        )
        response = self.answer(400, f'{{"error":{{"message":"{message}"}}}}')
        self.assertEqual(response.status, 404)
        self.assertEqual(response.json, {"error": "model 'm' not found"})

    def test_wrong_key(self) -> None:
        """A 401 is about the proxy's key, not the client's: it becomes a 502 that says so."""
        body = '{"error":{"message":"Invalid proxy server token passed. Key = sk-...7890"}}'
        response = self.answer(401, body)
        self.assertEqual(response.status, 502)
        self.assertIn("the gateway refused this proxy's API key", response.json["error"])
        self.assertIn("--api-key", response.json["error"])
        self.assertNotIn("7890", response.json["error"])

    def test_the_key_is_masked(self) -> None:
        """A gateway that repeats the key in an error does not betray it."""
        response = self.answer(400, f'{{"error":{{"message":"bad key {KEY} given"}}}}')
        self.assertEqual(response.json, {"error": "bad key *** given"})

    def test_the_key_is_masked_where_a_page_is_cut(self) -> None:
        """A key across the place where a long page is cut is not betrayed by half."""
        for pad in range(185, 201):
            response = self.answer(503, "x" * pad + KEY, "text/plain")
            self.network.gateway.received = b""
            self.assertNotIn(KEY[:8], response.json["error"], str(pad))

    def test_the_key_is_masked_in_a_stream(self) -> None:
        """A gateway that repeats the key in an error event does not betray it."""
        for tokens in ((), ("x",)):
            client = self.chat()
            self.network.gateway.begin_stream()
            for token in tokens:
                self.network.gateway.token(token)
            self.network.gateway.event({"error": {"message": f"bad key {KEY} given"}})
            self.network.flush()
            self.assertEqual(client.response().lines[-1], {"error": "bad key *** given"})

    def test_a_page_for_a_404(self) -> None:
        """A page that is not the gateway's is not taken for a missing model."""
        response = self.answer(404, "<html>Not here</html>", "text/html")
        self.assertEqual(response.status, 502)

    def test_html(self) -> None:
        """An error page in HTML is told in a sentence, not passed on."""
        response = self.answer(502, "<html><h1>Bad Gateway</h1></html>", "text/html")
        self.assertEqual(response.status, 502)
        self.assertIn("the gateway answered HTTP 502 with an HTML page", response.json["error"])

    def test_success_in_html(self) -> None:
        """A page with status 200 is not taken for a reply, and its end is not waited for."""
        client = self.chat()
        self.network.gateway.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<html>"
        )
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertIn("text/html instead of text/event-stream", response.json["error"])
        self.assertTrue(self.network.gateway.closed)

    def test_a_redirect(self) -> None:
        """A redirect is not followed: the key would go along."""
        client = self.chat()
        location = {"Location": "http://elsewhere.test/"}
        self.network.gateway.reply(307, "text/plain", "", location)
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertIn("HTTP 307", response.json["error"])
        self.assertEqual(len(self.network.gateway_connections), 1)

    def test_an_error_that_breaks_off(self) -> None:
        """An error whose body is cut keeps its status."""
        client = self.chat()
        self.network.gateway.raw(
            b"HTTP/1.1 503 X\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        self.network.flush()
        self.network.gateway.cut()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 503)
        self.assertIn("HTTP 503", response.json["error"])


class Log(NetworkCase):
    def test_tells_why_and_quotes_nobody(self) -> None:
        """The operator hears that the gateway refused, in no words that may be a prompt's."""
        told = self.hear_log()
        client = self.chat()
        self.network.gateway.reply(400, "application/json", '{"error":"bad prompt: secret"}')
        self.network.flush()
        request_id = client.response().headers["x-request-id"]
        self.assertIn(f"/api/chat: upstream_refused, HTTP 400 ({request_id})", told)
        self.assertNotIn("secret", "".join(told))


class InTheMiddle(NetworkCase):
    def begin(self) -> ClientConnection:
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        return client

    def assert_error_line(self, client: ClientConnection, message: str) -> None:
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 200)
        self.assertTrue(response.complete)
        token, error = response.lines
        self.assertEqual(token["message"]["content"], "x")
        self.assertEqual(error, {"error": message})
        self.assertTrue(response.body.endswith(b"\n"))

    def test_cut(self) -> None:
        """A stream whose connection breaks ends in an error line and not in ``done``."""
        client = self.begin()
        self.network.flush()
        self.network.gateway.cut()
        self.assert_error_line(client, "the connection to the gateway broke")

    def test_ended_without_end_mark(self) -> None:
        """A stream that ends cleanly but too early ends in an error line."""
        client = self.begin()
        self.network.gateway.chunk(b"")
        self.assert_error_line(client, "the gateway's reply stopped before its end")

    def test_error_event(self) -> None:
        """An error event in the stream becomes an error line, even if [DONE] follows it."""
        client = self.begin()
        self.network.gateway.event({"error": {"message": "CUDA out of memory", "code": "500"}})
        self.network.gateway.event("[DONE]")
        self.network.gateway.chunk(b"")
        self.assert_error_line(client, "CUDA out of memory")

    def test_garbled(self) -> None:
        """An event that is no JSON becomes an error line."""
        client = self.begin()
        self.network.gateway.event('{"choices": [{"del')
        self.network.flush()
        error = client.response().lines[-1]["error"]
        self.assertIn("the gateway sent an event that is not a completion chunk", error)

    def test_error_event_first(self) -> None:
        """An error event before the first token has the status that it names."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.event({"error": {"message": "Overloaded", "code": "529"}})
        self.network.flush()
        response = client.response()
        self.assertEqual((response.status, response.json), (529, {"error": "Overloaded"}))

    def test_an_end_without_length(self) -> None:
        """A stream without length that closes after its end mark is complete."""
        client = self.chat()
        self.network.gateway.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            b'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'
        )
        self.network.gateway.cut()
        self.network.flush()
        self.assertIs(client.response().lines[-1]["done"], True)


class BadRequests(NetworkCase):
    def error(self, path: str, body: object) -> tuple[int, str]:
        response = self.network.ask(path, body).response()
        self.assertEqual(response.headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(self.network.gateway_connections, [])
        return response.status, response.json["error"]

    def test_no_body(self) -> None:
        """A request without a body is told so."""
        self.assertEqual(self.error("/api/chat", None), (400, "missing request body"))

    def test_bad_json(self) -> None:
        """A body that is no JSON is told in Go's words."""
        self.assertEqual(
            self.error("/api/chat", b"hello"),
            (400, "invalid character 'h' looking for beginning of value"),
        )

    def test_truncated_json(self) -> None:
        """A body that stops in the middle is told in Go's words."""
        self.assertEqual(self.error("/api/generate", b'{"model":'), (400, "unexpected EOF"))

    def test_wrong_type(self) -> None:
        """A field of the wrong type is told in Go's words."""
        self.assertEqual(
            self.error("/api/chat", {"model": 123}),
            (
                400,
                (
                    "json: cannot unmarshal number into Go struct field "
                    "ChatRequest.model of type string"
                ),
            ),
        )

    def test_no_model(self) -> None:
        """Chat and generate tell of a missing model in two different ways, as Ollama does."""
        self.assertEqual(self.error("/api/chat", {}), (400, "model is required"))
        self.assertEqual(self.error("/api/generate", {}), (404, "model '' not found"))

    def test_bad_option(self) -> None:
        """An option of the wrong type is a 500, as in Ollama, before the gateway is asked."""
        self.assertEqual(
            self.error("/api/chat", {**CHAT, "options": {"num_ctx": "big"}}),
            (500, 'option "num_ctx" must be of type integer'),
        )

    def test_content_type_does_not_matter(self) -> None:
        """JSON is read whatever the Content-Type says: curl -d calls it a form."""
        form = "Content-Type: application/x-www-form-urlencoded\r\n"
        self.network.ask("/api/chat", CHAT, form)
        self.assertEqual(self.network.gateway.request.json["model"], "m")


class Bugs(NetworkCase):
    def test_a_bug_in_the_middle(self) -> None:
        """A bug after the first token is an error line; the status recorded is the one sent."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        reader = self.network.daemon_side(client).producer._requestProducer
        reader.finished.errback(ZeroDivisionError("a bug"))
        reader.stopProducing()
        self.network.flush()
        response = client.response()
        self.assertTrue(response.complete)
        self.assertEqual(
            response.lines[-1], {"error": "internal error; the proxy's log tells more"}
        )
        record = self.network.records[-1]
        self.assertEqual((record.status, record.outcome), (200, "bug"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_bug_is_answered_and_logged(self) -> None:
        """An exception that nobody foresaw is a 500 in JSON, and in the log."""
        self.network.connecting = lambda: fail(ZeroDivisionError("a bug"))
        response = self.chat().response()
        self.assertEqual(response.status, 500)
        self.assertEqual(response.json, {"error": "internal error; the proxy's log tells more"})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class WithoutAKey(NetworkCase):
    settings = Settings(base_url="http://gateway.test:4000")

    def test_a_key_is_asked_for(self) -> None:
        """Where none is set, a 401 of the gateway's is not said to be about a wrong one."""
        client = self.chat()
        self.network.gateway.reply(401, "application/json", '{"error":{"message":"No api key"}}')
        self.network.flush()
        told = client.response().json["error"]
        self.assertIn("asks for an API key (HTTP 401), and this proxy has none", told)
