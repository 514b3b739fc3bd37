"""Chat and generate, from the client's request to the client's reply."""

from tests.web.case import NetworkCase


class Streaming(NetworkCase):
    def test_a_line_for_each_token_and_a_last_one(self) -> None:
        """A streamed chat is one JSON line for each token and one that ends it."""
        client = self.chat()
        gateway = self.network.gateway
        gateway.begin_stream()
        gateway.token("Hel")
        gateway.token("lo")
        gateway.end_stream()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["content-type"], "application/x-ndjson")
        first, second, last = response.lines
        self.assertEqual(
            first,
            {
                "model": "m",
                "created_at": "2026-11-24T12:00:00Z",
                "message": {"role": "assistant", "content": "Hel"},
                "done": False,
            },
        )
        self.assertEqual(second["message"]["content"], "lo")
        self.assertEqual((last["done"], last["done_reason"]), (True, "stop"))
        self.assertEqual(last["message"], {"role": "assistant", "content": ""})

    def test_a_token_leaves_before_the_next_one_comes(self) -> None:
        """A client has a token as soon as the gateway has sent it."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hel")
        self.network.flush()
        response = client.response()
        self.assertFalse(response.complete)
        self.assertEqual([line["message"]["content"] for line in response.lines], ["Hel"])

    def test_statistics_are_measured(self) -> None:
        """The last line tells how long each part took and how many tokens the gateway counted."""
        client = self.chat()
        self.network.wait(2)
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hello")
        self.network.flush()
        self.network.wait(3)
        self.network.gateway.end_stream(usage={"prompt_tokens": 26, "completion_tokens": 298})
        self.network.flush()
        last = client.response().lines[-1]
        self.assertEqual(last["total_duration"], 5_000_000_000)
        self.assertEqual(last["load_duration"], 1)
        self.assertEqual(last["prompt_eval_duration"], 2_000_000_000)
        self.assertEqual(last["eval_duration"], 3_000_000_000)
        self.assertEqual((last["prompt_eval_count"], last["eval_count"]), (26, 298))

    def test_generate_answers_in_response(self) -> None:
        """A streamed generate carries its text in ``response``."""
        client = self.network.ask("/api/generate", {"model": "m", "prompt": "hi"})
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hello")
        self.network.gateway.end_stream("length")
        self.network.flush()
        first, last = client.response().lines
        self.assertEqual((first["response"], first["done"]), ("Hello", False))
        self.assertEqual(
            (last["response"], last["done"], last["done_reason"]), ("", True, "length")
        )


class Whole(NetworkCase):
    def test_chat_in_one_object(self) -> None:
        """With ``stream`` off, a chat is one object with all the text and the statistics."""
        client = self.chat(stream=False)
        gateway = self.network.gateway
        gateway.begin_stream()
        gateway.token("Hel")
        gateway.token("lo")
        self.network.flush()
        self.assertEqual(client.received, b"")
        gateway.end_stream()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(int(response.headers["content-length"]), len(response.body))
        self.assertFalse(response.body.endswith(b"\n"))
        self.assertEqual(response.json["message"], {"role": "assistant", "content": "Hello"})
        self.assertIs(response.json["done"], True)
        self.assertEqual(response.json["eval_count"], 7)

    def test_generate_in_one_object(self) -> None:
        """With ``stream`` off, a generate is one object with all the text."""
        body = {"model": "m", "prompt": "hi", "stream": False}
        client = self.network.ask("/api/generate", body)
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hello")
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertEqual(client.response().json["response"], "Hello")

    def test_a_failure_in_the_middle_still_has_a_status(self) -> None:
        """With ``stream`` off, nothing has been sent when the gateway breaks, so it is a 502."""
        client = self.chat(stream=False)
        self.network.gateway.begin_stream()
        self.network.gateway.token("Hel")
        self.network.flush()
        self.network.gateway.cut()
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(response.json, {"error": "the connection to the gateway broke"})


class ToTheGateway(NetworkCase):
    def test_the_request(self) -> None:
        """The gateway is asked for a stream with usage figures, with the key as a Bearer token."""
        self.chat(options={"temperature": 0.5, "num_predict": 9, "top_k": 3})
        request = self.network.gateway.request
        self.assertEqual((request.method, request.path), ("POST", "/v1/chat/completions"))
        self.assertEqual(request.headers["authorization"], "Bearer sk-canary-1234567890")
        self.assertEqual(request.headers["content-type"], "application/json")
        self.assertEqual(request.headers["host"], "gateway.test:4000")
        self.assertEqual(
            request.json,
            {
                "model": "m",
                "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0.5,
                "max_tokens": 9,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )

    def test_a_whole_reply_is_streamed_from_the_gateway_too(self) -> None:
        """With ``stream`` off, the gateway is asked for a stream all the same."""
        self.chat(stream=False)
        self.assertIs(self.network.gateway.request.json["stream"], True)

    def test_generate_is_a_chat_of_one_question(self) -> None:
        """The system text and the prompt of a generate become two messages."""
        body = {"model": "m", "prompt": "hi", "system": "Be brief."}
        self.network.ask("/api/generate", body)
        self.assertEqual(
            self.network.gateway.request.json["messages"],
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        )

    def test_the_specification_s_own_example(self) -> None:
        """A chat with ``prompt`` and ``system`` instead of messages is a question."""
        self.network.ask("/api/chat", {"model": "m", "prompt": "hi", "system": "Be brief."})
        self.assertEqual(
            self.network.gateway.request.json["messages"],
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
        )

    def test_nothing_of_the_client_s_headers_goes_out(self) -> None:
        """Of what a client sends in headers nothing reaches the gateway."""
        headers = "Authorization: Bearer raspberry\r\nCookie: a=b\r\nX-Secret: 1\r\n"
        self.network.ask("/api/chat", {"model": "m", "prompt": "hi"}, headers)
        self.assertEqual(
            set(self.network.gateway.request.headers),
            {
                "accept",
                "authorization",
                "connection",
                "content-length",
                "content-type",
                "host",
                "user-agent",
                "x-request-id",
            }
            - {"connection"},
        )


class Probes(NetworkCase):
    def test_load(self) -> None:
        """A chat without messages is told that the model is loaded, in one object."""
        client = self.network.ask("/api/chat", {"model": "m"})
        self.assertEqual(
            client.response().json,
            {
                "model": "m",
                "created_at": "2026-11-24T12:00:00Z",
                "message": {"role": "assistant", "content": ""},
                "done": True,
                "done_reason": "load",
            },
        )
        self.assertEqual(self.network.gateway_connections, [])

    def test_unload(self) -> None:
        """A generate without a prompt and with keep_alive 0 is told that the model is unloaded."""
        client = self.network.ask("/api/generate", {"model": "m", "keep_alive": 0})
        self.assertEqual(client.response().json["done_reason"], "unload")
