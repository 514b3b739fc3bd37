"""OpenAI's and Anthropic's routes, which the gateway has as well."""

import json

import zstandard
from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused

from tests.web.network import KEY
from tests.web.v1 import ALL, ANTHROPIC, CHAT, V1Case, openai_error


class Requests(V1Case):
    def test_where_they_go(self) -> None:
        """Each route goes to the gateway's of the same name, with the daemon's key."""
        for path, body in ALL:
            self.network.ask(path, body, "Authorization: Bearer theirs\r\nx-api-key: theirs\r\n")
            request = self.network.gateway.request
            self.assertEqual((request.method, request.path), ("POST", path))
            self.assertEqual(request.json, body)
            self.assertEqual(request.headers["authorization"], f"Bearer {KEY}")
            self.assertNotIn("theirs", str(request.headers))
            self.assertEqual(request.headers["content-type"], "application/json")

    def test_names(self) -> None:
        """Aliases and ``:latest`` are as under /api."""
        for path, body in ALL:
            for sent, asked in (("llama3:latest", "azure/gpt-4o"), ("M:latest", "m")):
                self.network.ask(path, {**body, "model": sent})
                self.assertEqual(self.network.gateway.request.json["model"], asked, path)

    def test_foreign_keys(self) -> None:
        """Keys that a strict provider would refuse, or that would steer the gateway, stay here."""
        more = {"options": {"num_ctx": 1}, "api_base": "http://evil", "temperature": 0.5}
        self.network.ask("/v1/chat/completions", {**CHAT, **more})
        self.assertEqual(self.network.gateway.request.json, {**CHAT, "temperature": 0.5})

    def test_anthropic_s_headers(self) -> None:
        """What a client says of Anthropic's protocol beside the body goes on, and nothing else."""
        headers = "anthropic-version: 2023-06-01\r\nanthropic-beta: a,b\r\nx-app: cli\r\n"
        self.network.ask("/v1/messages?beta=true", ANTHROPIC, headers)
        request = self.network.gateway.request
        self.assertEqual(request.path, "/v1/messages?beta=true")
        self.assertEqual(
            {name: value for name, value in request.headers.items() if "anthropic" in name},
            {"anthropic-version": "2023-06-01", "anthropic-beta": "a,b"},
        )
        self.assertNotIn("x-app", request.headers)
        self.network.ask("/v1/chat/completions", CHAT, headers)
        self.assertNotIn("anthropic-beta", self.network.gateway.request.headers)

    def test_zstd(self) -> None:
        """A body may be compressed as Codex does it."""
        body = zstandard.compress(json.dumps(CHAT).encode())
        self.network.ask("/v1/chat/completions", body, "Content-Encoding: zstd\r\n")
        self.assertEqual(self.network.gateway.request.json, CHAT)

    def test_drop_params(self) -> None:
        """A parameter that LiteLLM refuses is left out by LiteLLM at the second try."""
        client = self.network.ask("/v1/messages", ANTHROPIC)
        gateway = self.network.gateway
        message = "m doesn't support `x`. To drop it, set litellm.drop_params = True"
        gateway.reply(400, "application/json", json.dumps({"error": {"message": message}}))
        self.network.flush()
        self.assertTrue(self.network.gateway.request.json["drop_params"])
        self.network.gateway.reply(200, "application/json", "{}")
        self.network.flush()
        self.assertEqual(client.response().status, 200)


class Whole(V1Case):
    def test_as_it_is(self) -> None:
        """A reply in one piece is passed on byte for byte, without the gateway's headers."""
        for path, body in ALL:
            client = self.network.ask(path, body)
            reply = '{ "model":"m", "x":[1.0e0,"é"] }'
            self.network.gateway.reply(
                200, "application/json", reply, {"x-litellm-key-spend": "1", "set-cookie": "a=b"}
            )
            self.network.flush()
            response = client.response()
            self.assertEqual(response.body.decode(), reply)
            self.assertEqual(
                set(response.headers),
                {"date", "x-request-id", "content-type", "content-length"},
                path,
            )

    def test_the_name_is_echoed(self) -> None:
        """The model has the name under which it was asked for."""
        client = self.network.ask("/v1/chat/completions", {**CHAT, "model": "llama3"})
        self.network.gateway.reply(200, "application/json", '{"model":"azure/gpt-4o","x":1}')
        self.network.flush()
        self.assertEqual(client.response().json, {"model": "llama3", "x": 1})

    def test_the_record(self) -> None:
        """The record tells the model and what the reply cost."""
        self.network.ask("/v1/responses", {"model": "m:latest", "input": "x"})
        usage = {"input_tokens": 3, "output_tokens": 4}
        self.network.gateway.reply(200, "application/json", json.dumps({"usage": usage}))
        self.network.flush()
        record = self.network.records[-1]
        self.assertEqual(
            (record.model, record.prompt_tokens, record.completion_tokens), ("m:latest", 3, 4)
        )

    def test_cut(self) -> None:
        """A reply in one piece that breaks off is an error, and nothing of it is sent."""
        client = self.network.ask("/v1/chat/completions", CHAT)
        self.network.gateway.raw(
            b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a":'
        )
        self.network.flush()
        self.network.gateway.cut()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json, openai_error("the connection to the gateway broke", "api_error")
        )


class Errors(V1Case):
    def test_an_unknown_model(self) -> None:
        """A model that the gateway does not have is a 404 in the form of each protocol."""
        for path, body in ALL:
            client = self.network.ask(path, {**body, "model": "x"})
            text = json.dumps({"error": {"message": "Invalid model name passed in model=x"}})
            self.network.gateway.reply(400, "application/json", text)
            self.network.flush()
            response = client.response()
            self.assertEqual(response.status, 404)
            error = response.json["error"]
            self.assertEqual(
                (error["message"], error["type"]), ("model 'x' not found", "not_found_error")
            )
            self.assertEqual("request_id" in response.json, path.startswith("/v1/messages"))

    def test_a_dead_gateway(self) -> None:
        """A gateway that cannot be reached is a 502 in the form of each protocol."""
        self.network.connecting = lambda: fail(TwistedRefused())
        for path, body in ALL:
            response = self.network.ask(path, body).response()
            self.assertEqual(response.status, 502)
            self.assertEqual(response.json["error"]["type"], "api_error", path)

    def test_what_ollama_refuses(self) -> None:
        """Requests that Ollama refuses are refused in its words."""
        chat = "/v1/chat/completions"
        for path, body, status, message in (
            (chat, b"", 400, "EOF"),
            (chat, b"{", 400, "unexpected EOF"),
            (chat, {}, 400, "model is required"),
            (chat, {"model": "m"}, 400, "[] is too short - 'messages'"),
            ("/v1/embeddings", {"input": "x"}, 404, "model '' not found"),
            ("/v1/messages", CHAT, 400, "max_tokens is required and must be positive"),
        ):
            response = self.network.ask(path, body).response()
            self.assertEqual(response.status, status)
            self.assertEqual(response.json["error"]["message"], message)
        self.assertEqual(self.network.gateway_connections, [])

    def test_what_the_parser_refuses(self) -> None:
        """A body that is too long is refused in the form of the path's protocol."""
        for path, key in (
            ("/v1/messages", "request_id"),
            ("/v1/responses", "error"),
            ("/api/chat", "error"),
        ):
            response = self.network.ask(path, b"x" * 100_001).response()
            self.assertEqual(response.status, 413)
            self.assertIn(key, response.json)
            self.assertEqual(isinstance(response.json["error"], str), path == "/api/chat")

    def test_paths(self) -> None:
        """Unknown paths and methods are answered as everywhere, in plain text."""
        response = self.network.get("/v1/nope")
        self.assertEqual((response.status, response.body), (404, b"404 page not found"))
        response = self.network.get("/v1/chat/completions")
        self.assertEqual((response.status, response.headers["allow"]), (405, "POST"))


class Models(V1Case):
    def test_list(self) -> None:
        """/v1/models lists what /api/tags does."""
        response = self.network.get("/v1/models")
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertEqual([m["id"] for m in response.json["data"]], ["llama3", "m", "azure/gpt-4o"])
        self.assertEqual(
            response.json["data"][0],
            {"id": "llama3", "object": "model", "created": 1677610602, "owned_by": "library"},
        )

    def test_one(self) -> None:
        """One model is found under any of its names, with slashes, too."""
        for path, name in (
            ("m", "m"),
            ("m:latest", "m:latest"),
            ("azure/gpt-4o", "azure/gpt-4o"),
            ("azure%2Fgpt-4o", "azure/gpt-4o"),
        ):
            response = self.network.get(f"/v1/models/{path}")
            self.assertEqual((response.status, response.json["id"]), (200, name))

    def test_unknown(self) -> None:
        """A model that does not exist is told by its name with a tag."""
        response = self.network.get("/v1/models/a/b")
        self.assertEqual(response.status, 404)
        self.assertEqual(
            response.json, openai_error("model 'a/b:latest' not found", "not_found_error")
        )
