"""Streams on OpenAI's and Anthropic's routes."""

import json

from tests.web.v1 import ROUTES, V1Case, openai_error


class Streams(V1Case):
    def test_as_they_come(self) -> None:
        """Events are passed on at once and byte for byte, and no header of the gateway's."""
        for path, body, end in ROUTES:
            client = self.begin_stream(path, **body)
            events = b'event: x\ndata: {"model":"m", "a":"\xc3\xa9"}\n\n: ping\n\n'
            self.send(events)
            self.assertEqual(client.response().body, events)
            self.send(end)
            self.network.gateway.chunk(b"")
            self.network.flush()
            response = client.response()
            self.assertTrue(response.complete, path)
            self.assertEqual(response.body, events + end)
            self.assertEqual(response.headers["content-type"], "text/event-stream; charset=utf-8")
            self.assertEqual(
                set(response.headers),
                {"date", "x-request-id", "content-type", "cache-control", "transfer-encoding"},
            )

    def test_the_name_is_echoed(self) -> None:
        """Events have the name under which the model was asked for, wherever reads are cut."""
        client = self.begin_stream(model="llama3")
        for part in (b'data: {"model":"azu', b're/gpt-4o"}\n', b"\ndata: [DO", b"NE]\n\n"):
            self.send(part)
        self.assertEqual(client.response().body, b'data: {"model":"llama3"}\n\ndata: [DONE]\n\n')

    def test_that_break(self) -> None:
        """A stream that breaks ends in an event that its clients report as an error."""
        for path, body, _end in ROUTES:
            client = self.begin_stream(path, **body)
            self.send(b'data: {"a":1}\n\ndata: {"half')
            self.network.gateway.cut()
            self.network.flush()
            response = client.response()
            self.assertTrue(response.complete)
            first, last, rest = response.body.split(b"\n\n")
            self.assertEqual((first, rest), (b'data: {"a":1}', b""))
            message = "the connection to the gateway broke"
            error = json.loads(last.rpartition(b"data: ")[2])
            if path == "/v1/messages":
                self.assertTrue(last.startswith(b"event: error\n"))
                self.assertEqual(error["type"], "error")
                self.assertEqual(error["error"], {"type": "api_error", "message": message})
                self.assertRegex(error["request_id"], "^req_[0-9a-f]{24}$")
            else:
                self.assertEqual(error, openai_error(message, "api_error"))
            self.assertEqual(self.network.records[-1].outcome, "upstream_truncated")

    def test_that_stop_too_early(self) -> None:
        """A stream that ends in order but before its end is an error, too."""
        for path, body, _end in ROUTES:
            client = self.begin_stream(path, **body)
            self.send(b'data: {"a":1}\n\n')
            self.network.gateway.chunk(b"")
            self.network.flush()
            self.assertIn(b"the gateway's reply stopped before its end", client.response().body)

    def test_in_which_the_gateway_gives_up(self) -> None:
        """An error of the gateway's in the middle is told in the words of the model's provider."""
        client = self.begin_stream()
        error = {"error": {"message": "litellm.APIError: OpenAIException - out of memory"}}
        self.send(b'data: {"a":1}\n\ndata: ' + json.dumps(error).encode() + b"\n\n")
        _first, last, _rest = client.response().body.split(b"\n\n")
        self.assertEqual(json.loads(last[6:]), openai_error("out of memory", "api_error"))
        self.assertTrue(self.network.gateway.closed)

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves closes the gateway's connection."""
        client = self.begin_stream()
        self.send(b'data: {"a":1}\n\n')
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)
        self.assertEqual(self.network.records[-1].outcome, "client_left")

    def test_silence(self) -> None:
        """A gateway that falls silent ends the stream with an error."""
        client = self.begin_stream()
        self.send(b'data: {"a":1}\n\n')
        self.network.wait(61)
        self.assertIn(b"the gateway sent nothing for 60 seconds", client.response().body)

    def test_the_record(self) -> None:
        """The record tells when the first bytes went out and what the stream cost."""
        self.begin_stream("/v1/messages")
        self.network.wait(2)
        self.send(b'data: {"type":"message_start","message":{"usage":{"input_tokens":5}}}\n\n')
        self.network.wait(3)
        self.send(b'data: {"type":"message_delta","usage":{"output_tokens":6}}\n\n')
        self.send(b'data: {"type":"message_stop"}\n\n')
        record = self.network.records[-1]
        self.assertEqual((record.prompt_tokens, record.completion_tokens), (5, 6))
        self.assertEqual((record.first_byte_s, record.duration_s), (2, 5))

    def test_the_model_is_in_use(self) -> None:
        """A model that streams is in use."""
        self.begin_stream(model="m:latest")
        [entry] = self.network.get("/api/ps").json["models"]
        self.assertEqual(entry["name"], "m")
