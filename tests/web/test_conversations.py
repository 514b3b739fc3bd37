"""Tools, pictures, thinking, formats and texts to go on from, through the whole proxy."""

import base64
from typing import Any

from ollamaproxy.wire.model_facts import ModelFacts
from tests.web.case import NetworkCase
from tests.web.network import ClientConnection

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 10).decode()
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
UNSUPPORTED = (
    '{"error":{"message":"litellm.UnsupportedParamsError: anthropic does not support '
    "parameters: ['seed'], for model=claude. To drop these, set `litellm.drop_params=True`"
    '","code":"400"}}'
)


class Tools(NetworkCase):
    def test_a_round_trip(self) -> None:
        """A call reaches the client whole, and the client's result the gateway by an id."""
        client = self.chat(tools=[WEATHER])
        gateway = self.network.gateway
        self.assertEqual(gateway.request.json["tools"], [WEATHER])
        gateway.begin_stream()
        for piece in (
            {"index": 0, "id": "call_1", "function": {"name": "get_weather", "arguments": ""}},
            {"index": 0, "function": {"arguments": '{"city": "Pa'}},
            {"index": 0, "function": {"arguments": 'ris"}'}},
        ):
            gateway.event({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]})
        self.network.flush()
        self.assertEqual(client.received, b"")
        gateway.end_stream("tool_calls")
        self.network.flush()
        calls, last = client.response().lines
        self.assertEqual(
            calls["message"],
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "function": {
                            "index": 0,
                            "name": "get_weather",
                            "arguments": {"city": "Paris"},
                        },
                    }
                ],
            },
        )
        self.assertEqual((calls["done"], last["done"], last["done_reason"]), (False, True, "stop"))
        gateway.received = b""
        # As the official library sends it back: without ids.
        del calls["message"]["tool_calls"][0]["id"]
        result = {"role": "tool", "tool_name": "get_weather", "content": "11 degrees"}
        question = {"role": "user", "content": "hi"}
        self.chat(messages=[question, calls["message"], result])
        _question, asked, answered = self.network.gateway.request.json["messages"]
        self.assertEqual(asked["tool_calls"][0]["id"], answered["tool_call_id"])
        self.assertEqual(asked["tool_calls"][0]["function"]["arguments"], '{"city":"Paris"}')
        self.assertIsNone(asked["content"])

    def test_in_one_object(self) -> None:
        """With ``stream`` off, the calls are in the one object, beside a text."""
        client = self.chat(tools=[WEATHER], stream=False)
        self.network.gateway.begin_stream()
        self.network.gateway.token("Looking.")
        call = {"id": "c", "function": {"name": "get_weather", "arguments": "{}"}}
        self.network.gateway.token("", tool_calls=[call])
        self.network.gateway.end_stream()
        self.network.flush()
        message = client.response().json["message"]
        self.assertEqual(message["content"], "Looking.")
        self.assertEqual(len(message["tool_calls"]), 1)

    def test_a_call_that_is_cut_off(self) -> None:
        """A call whose arguments are no JSON is an error, and its words are in no log."""
        client = self.chat(tools=[WEATHER])
        self.network.gateway.begin_stream()
        call = {"id": "c", "function": {"name": "get_weather", "arguments": '{"ci'}}
        self.network.gateway.token("", tool_calls=[call])
        self.network.gateway.end_stream("length")
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json["error"],
            'model returned invalid tool call arguments for "get_weather": {"ci',
        )
        self.assertEqual(self.network.records[-1].outcome, "tool_call_garbled")

    def test_empty_lists_are_not_sent(self) -> None:
        """Empty lists of tools and images, which OpenAI refuses, stay here."""
        message = {"role": "user", "content": "hi", "images": [], "tool_calls": []}
        self.chat(tools=[], messages=[message])
        body = self.network.gateway.request.json
        self.assertNotIn("tools", body)
        self.assertEqual(body["messages"], [{"role": "user", "content": "hi"}])

    def test_a_model_without_tools(self) -> None:
        """A model that the gateway knows to have no tools is told in Ollama's words."""
        self.network.models = {"m": ModelFacts(tools=False)}
        response = self.chat(tools=[WEATHER]).response()
        self.assertEqual(response.status, 400)
        self.assertEqual(
            response.json, {"error": "registry.ollama.ai/library/m:latest does not support tools"}
        )


class Pictures(NetworkCase):
    def test_in_a_chat(self) -> None:
        """A picture goes out as a data URL of the type that its bytes tell."""
        self.chat(messages=[{"role": "user", "content": "What?", "images": [PNG]}])
        (message,) = self.network.gateway.request.json["messages"]
        text, picture = message["content"]
        self.assertEqual(text, {"type": "text", "text": "What?"})
        self.assertEqual(picture["image_url"]["url"], f"data:image/png;base64,{PNG}")

    def test_in_a_generate(self) -> None:
        """The pictures of a generate go out with its prompt."""
        self.network.ask("/api/generate", {"model": "m", "prompt": "What?", "images": [PNG]})
        (message,) = self.network.gateway.request.json["messages"]
        self.assertEqual(len(message["content"]), 2)

    def test_a_bad_one(self) -> None:
        """What is no base64 is told in Go's words."""
        for path, body in (
            ("/api/chat", {"messages": [{"role": "user", "images": ["http://x/y.png"]}]}),
            ("/api/generate", {"prompt": "x", "images": ["http://x/y.png"]}),
        ):
            response = self.network.ask(path, {"model": "m", **body}).response()
            self.assertEqual(response.status, 400)
            self.assertEqual(response.json, {"error": "illegal base64 data at input byte 4"})


class Thinking(NetworkCase):
    def effort(self, think: Any, **facts: Any) -> Any:
        self.network.models = {"m": ModelFacts(**facts)}
        self.chat(think=think)
        return self.network.gateway.request.json.get("reasoning_effort")

    def reply(self, client: ClientConnection, *deltas: dict[str, Any]) -> list[dict[str, Any]]:
        self.network.gateway.begin_stream()
        for delta in deltas:
            self.network.gateway.event({"choices": [{"index": 0, "delta": delta}]})
        self.network.gateway.end_stream()
        self.network.flush()
        return [line["message"] for line in client.response().lines]

    def test_asked_for(self) -> None:
        """``true`` asks for a medium effort, of models of which nothing is known, too."""
        self.assertEqual(self.effort(think=True), "medium")

    def test_a_level(self) -> None:
        """A level asks for just that."""
        self.assertEqual(self.effort("low", thinking=True), "low")

    def test_not_asked_for(self) -> None:
        """``false`` sends nothing to a model that is not known to understand it."""
        self.assertIsNone(self.effort(think=False))

    def test_turned_off(self) -> None:
        """``false`` turns thinking off where the gateway knows that it can be."""
        self.assertEqual(self.effort(think=False, efforts=frozenset({"none"})), "none")

    def test_a_model_that_cannot(self) -> None:
        """A model that is known not to think is told in Ollama's words; ``false`` is fine."""
        self.network.models = {"m": ModelFacts(thinking=False)}
        response = self.chat(think="high").response()
        self.assertEqual(response.status, 400)
        self.assertEqual(response.json, {"error": '"m" does not support thinking'})
        self.chat(think=False)
        self.assertEqual(self.network.gateway.request.method, "POST")

    def test_in_lines_of_its_own(self) -> None:
        """Thinking comes in lines of its own, under either name, before the text."""
        messages = self.reply(
            self.chat(), {"reasoning_content": "Hm"}, {"reasoning": "."}, {"content": "Yes"}
        )
        self.assertEqual(
            messages,
            [
                {"role": "assistant", "content": "", "thinking": "Hm"},
                {"role": "assistant", "content": "", "thinking": "."},
                {"role": "assistant", "content": "Yes"},
                {"role": "assistant", "content": ""},
            ],
        )

    def test_inside_of_the_text(self) -> None:
        """Thinking between tags never reaches the content, wherever the pieces are cut."""
        pieces = ["<th", "ink>Hm", ".</thi", "nk>\n\nYes"]
        messages = self.reply(self.chat(), *({"content": piece} for piece in pieces))
        self.assertEqual("".join(m.get("thinking", "") for m in messages), "Hm.")
        self.assertEqual("".join(m["content"] for m in messages), "Yes")

    def test_left_out(self) -> None:
        """With ``think`` off, thinking that comes all the same is left out."""
        messages = self.reply(
            self.chat(think=False), {"reasoning_content": "Hm"}, {"content": "<think>H</think>Yes"}
        )
        self.assertEqual(
            messages,
            [{"role": "assistant", "content": "Yes"}, {"role": "assistant", "content": ""}],
        )


class Facts(NetworkCase):
    def test_an_embedding_model(self) -> None:
        """Chat and generate with an embedding model are told in Ollama's words."""
        self.network.models = {"m": ModelFacts(mode="embedding")}
        for path, purpose in (("/api/chat", "chat"), ("/api/generate", "generate")):
            body = {"model": "m", "prompt": "x", "think": False}
            response = self.network.ask(path, body).response()
            self.assertEqual(response.status, 400)
            self.assertEqual(response.json, {"error": f'"m" does not support {purpose}'})
        # Known by now, so a request to load is answered without asking.
        response = self.network.ask("/api/chat", {"model": "m"}).response()
        self.assertEqual(response.status, 400)


class Parameters(NetworkCase):
    def test_one_that_the_model_lacks(self) -> None:
        """A parameter that LiteLLM refuses is left out by LiteLLM at the second try, for good."""
        client = self.chat(options={"seed": 1})
        gateway = self.network.gateway
        self.assertNotIn("drop_params", gateway.request.json)
        gateway.received, _first = b"", gateway.received
        gateway.reply(400, "application/json", UNSUPPORTED)
        self.network.flush()
        self.assertIs(gateway.request.json["drop_params"], True)
        gateway.received = b""
        gateway.begin_stream()
        gateway.token("ok")
        gateway.end_stream()
        self.network.flush()
        self.assertEqual(client.response().status, 200)
        self.chat(options={"seed": 1})
        self.assertIs(gateway.request.json["drop_params"], True)

    def test_litellm_shows_itself(self) -> None:
        """Once a reply has shown that it is LiteLLM, it is told to leave out at the first try."""
        self.chat()
        version = {"x-litellm-version": "1.106.2"}
        self.network.gateway.reply(500, "application/json", '{"error":"x"}', version)
        self.network.flush()
        self.network.gateway.received = b""
        self.chat()
        self.assertIs(self.network.gateway.request.json["drop_params"], True)

    def test_a_second_refusal(self) -> None:
        """A gateway that refuses the second try as well is believed."""
        client = self.chat(options={"seed": 1})
        for _ in range(2):
            self.network.gateway.received = b""
            self.network.gateway.reply(400, "application/json", UNSUPPORTED)
            self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 400)
        self.assertEqual(
            response.json["error"],
            "anthropic does not support parameters: ['seed'], for model=claude.",
        )

    def test_retry_after(self) -> None:
        """When to try again is passed on, also if the provider behind LiteLLM said it."""
        for header in ("Retry-After", "llm_provider-retry-after"):
            client = self.chat()
            self.network.gateway.reply(429, "application/json", '{"error":"x"}', {header: "7"})
            self.network.flush()
            self.network.gateway.received = b""
            self.assertEqual(client.response().headers["retry-after"], "7")


class Texts(NetworkCase):
    def ask(self, **more: object) -> ClientConnection:
        return self.network.ask("/api/generate", {"model": "m", "prompt": "def f(", **more})

    def answer(self, client: ClientConnection) -> list[dict[str, Any]]:
        self.network.gateway.begin_stream()
        self.network.gateway.event({"choices": [{"index": 0, "text": "x)"}]})
        self.network.gateway.event({"choices": [{"index": 0, "finish_reason": "stop"}]})
        self.network.gateway.event("[DONE]")
        self.network.gateway.chunk(b"")
        self.network.flush()
        return client.response().lines

    def test_filling_in(self) -> None:
        """A suffix goes to the text route, and the answer is what belongs between."""
        client = self.ask(suffix="return x", options={"num_predict": 64, "stop": "\n"})
        request = self.network.gateway.request
        self.assertEqual(request.path, "/v1/completions")
        self.assertEqual(
            request.json,
            {
                "model": "m",
                "prompt": "def f(",
                "suffix": "return x",
                "max_tokens": 64,
                "stop": ["\n"],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
        first, last = self.answer(client)
        self.assertEqual((first["response"], last["done"], last["context"]), ("x)", True, []))

    def test_a_model_that_cannot_fill_in(self) -> None:
        """A model that has no filling in is told in Ollama's words."""
        client = self.ask(suffix="return x")
        self.network.gateway.reply(400, "application/json", '{"error":"suffix is not supported"}')
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 400)
        self.assertEqual(
            response.json, {"error": "registry.ollama.ai/library/m:latest does not support insert"}
        )

    def test_an_overloaded_model_could_fill_in(self) -> None:
        """Only a refusal of the request itself says that a model cannot fill in."""
        client = self.ask(suffix="return x")
        self.network.gateway.reply(429, "application/json", '{"error":"later"}')
        self.network.flush()
        self.assertEqual(client.response().json, {"error": "later"})

    def test_raw(self) -> None:
        """A raw prompt goes to the text route as it is, and tags in the text are left alone."""
        client = self.ask(raw=True)
        self.assertEqual(self.network.gateway.request.json["prompt"], "def f(")
        self.assertNotIn("suffix", self.network.gateway.request.json)
        self.assertEqual(self.answer(client)[0]["response"], "x)")

    def test_raw_without_a_text_route(self) -> None:
        """A model without text completions gets a raw prompt as a question."""
        self.ask(raw=True)
        gateway = self.network.gateway
        gateway.received = b""
        gateway.reply(404, "application/json", '{"error":"This is a chat model"}')
        self.network.flush()
        self.assertEqual(gateway.request.path, "/v1/chat/completions")
        self.assertEqual(gateway.request.json["messages"], [{"role": "user", "content": "def f("}])


class Probabilities(NetworkCase):
    def test_of_tokens(self) -> None:
        """Each line carries the probabilities of its tokens, in Ollama's form."""
        client = self.chat(logprobs=True, top_logprobs=1)
        body = self.network.gateway.request.json
        self.assertEqual((body["logprobs"], body["top_logprobs"]), (True, 1))
        other = {"token": "Ho", "logprob": -2.0, "bytes": [72, 111]}
        token = {"token": "Hi", "logprob": -0.1, "bytes": None, "top_logprobs": [other]}
        choice = {"index": 0, "delta": {"content": "Hi"}, "logprobs": {"content": [token]}}
        self.network.gateway.begin_stream()
        self.network.gateway.event({"choices": [choice]})
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertEqual(
            client.response().lines[0]["logprobs"],
            [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": [other]}],
        )

    def test_out_of_range(self) -> None:
        """Too many alternatives are refused before anything else is looked at."""
        response = self.network.ask("/api/chat", {"top_logprobs": 21}).response()
        self.assertEqual(response.status, 400)
        self.assertEqual(response.json, {"error": "top_logprobs must be between 0 and 20"})


class Formats(NetworkCase):
    def test_a_schema(self) -> None:
        """A schema is sent under a name, as OpenAI wants it."""
        schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
        self.chat(format=schema)
        self.assertEqual(
            self.network.gateway.request.json["response_format"],
            {"type": "json_schema", "json_schema": {"name": "schema", "schema": schema}},
        )

    def test_any_json(self) -> None:
        """The word "json", which OpenAI wants to see in a message, is put in if it is missing."""
        self.chat(format="json")
        body = self.network.gateway.request.json
        self.assertEqual(body["response_format"], {"type": "json_object"})
        self.assertEqual([m["role"] for m in body["messages"]], ["system", "user"])

    def test_a_bad_one(self) -> None:
        """Anything else is a 500, as in Ollama."""
        response = self.chat(format="xml").response()
        self.assertEqual(response.status, 500)
        self.assertEqual(
            response.json["error"],
            'invalid format: "\\"xml\\""; expected "json" or a valid JSON Schema object',
        )
