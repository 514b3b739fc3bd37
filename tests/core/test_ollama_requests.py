"""The bodies that Ollama's clients send, good ones and bad ones."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import BadRequest, ModelNotFound, ProxyError
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.requests import (
    chat_to_completion,
    generate_to_completion,
    generate_to_text_completion,
)
from ollamaproxy.wire.messages import Message, question
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest

HI = (Message(role="user", content="hi"),)


def mismatch(kind: str, field: str, go_type: str) -> str:
    """Return what Go says of a value that does not fit its field."""
    return f"json: cannot unmarshal {kind} into Go struct field {field} of type {go_type}"


#: Why, the body of ``/api/chat``, and what a Go server says of it.
REFUSED_CHATS = (
    ("nothing", b"", "missing request body"),
    ("blanks", b" \n", "missing request body"),
    ("cut off", b'{"model":"m"', "unexpected EOF"),
    ("no model", b"{}", "model is required"),
    ("null", b"null", "model is required"),
    ("no model's name", b'{"model":""}', "model is required"),
    ("null for a model", b'{"model":null}', "model is required"),
    (
        "a list",
        b"[]",
        "json: cannot unmarshal array into Go value of type api.ChatRequest",
    ),
    (
        "a number for a model",
        b'{"model":123}',
        mismatch("number", "ChatRequest.model", "string"),
    ),
    (
        "a text for messages",
        b'{"model":"m","messages":"hi"}',
        mismatch("string", "ChatRequest.messages", "[]api.Message"),
    ),
    (
        "an object for messages",
        b'{"model":"m","messages":{}}',
        mismatch("object", "ChatRequest.messages", "[]api.Message"),
    ),
    (
        "a text for a message",
        b'{"model":"m","messages":["hi"]}',
        mismatch("string", "ChatRequest.messages", "api.Alias"),
    ),
    (
        "a list for a message",
        b'{"model":"m","messages":[{"role":"user"},[]]}',
        mismatch("array", "ChatRequest.messages", "api.Alias"),
    ),
    (
        "a list of something else for a content",
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"song","text":"hi"}]}]}',
        mismatch("array", "ChatRequest.messages.content", "string"),
    ),
    (
        "a number for a role",
        b'{"model":"m","messages":[{"role":1,"content":2}]}',
        mismatch("number", "ChatRequest.messages.role", "string"),
    ),
    (
        "a text for a truth",
        b'{"model":"m","stream":"false"}',
        mismatch("string", "ChatRequest.stream", "bool"),
    ),
    (
        "a number for a truth",
        b'{"model":"m","stream":0}',
        mismatch("number", "ChatRequest.stream", "bool"),
    ),
    (
        "a list for options",
        b'{"model":"m","options":[]}',
        mismatch("array", "ChatRequest.options", "map[string]interface {}"),
    ),
    ("a truth for a time", b'{"model":"m","keep_alive":true}', "Unsupported type: 'bool'"),
    (
        "a time without a unit",
        b'{"model":"m","keep_alive":"5"}',
        'time: missing unit in duration "5"',
    ),
    (
        "of two wrong types the first counts",
        b'{"stream":1,"model":1}',
        mismatch("number", "ChatRequest.stream", "bool"),
    ),
    (
        "a wrong message counts more than a wrong type before it",
        b'{"model":1,"messages":[5]}',
        mismatch("number", "ChatRequest.messages", "api.Alias"),
    ),
    (
        "so does a wrong time",
        b'{"model":1,"keep_alive":"x"}',
        'time: invalid duration "x"',
    ),
    (
        "of both the first counts",
        b'{"messages":[{"role":"user"},7],"keep_alive":"bad"}',
        mismatch("number", "ChatRequest.messages", "api.Alias"),
    ),
    (
        "also the other way round",
        b'{"keep_alive":"bad","messages":[7]}',
        'time: invalid duration "bad"',
    ),
    (
        "a wrong type counts more than a missing model",
        b'{"options":1}',
        mismatch("number", "ChatRequest.options", "map[string]interface {}"),
    ),
    (
        "broken JSON counts more than a wrong type",
        b'{"model":1,"keep_alive":"bad",',
        "unexpected EOF",
    ),
)

#: The same of ``/api/generate``.
REFUSED_GENERATIONS = (
    ("nothing", b"", "missing request body"),
    (
        "a list",
        b"[]",
        "json: cannot unmarshal array into Go value of type api.GenerateRequest",
    ),
    (
        "a list for a prompt",
        b'{"model":"m","prompt":["a"]}',
        mismatch("array", "GenerateRequest.prompt", "string"),
    ),
    (
        "a number for instructions",
        b'{"model":"m","system":1}',
        mismatch("number", "GenerateRequest.system", "string"),
    ),
    (
        "a day for a time",
        b'{"model":"m","keep_alive":"5d"}',
        'time: unknown unit "d" in duration "5d"',
    ),
)

#: A JSON value of every kind, some of them right for some field.
json_values = st.sampled_from(
    (None, True, False, 0, -1, 2.5, 10**400, "", "m", "5m", "5", [], ["x"], [None], {}, {"a": 1})
)
messages = st.lists(
    json_values | st.dictionaries(st.sampled_from(["role", "content", "x"]), json_values),
    max_size=3,
)
FIELDS = (
    *("model", "messages", "stream", "options", "keep_alive", "prompt", "system", "context"),
    *("think", "format", "tools", "images", "raw", "suffix", "template", "logprobs"),
    *("top_logprobs", "temperature", "max_output_tokens"),
)
#: Objects with fields that Ollama knows, and anything in them.
bodies = st.dictionaries(
    st.sampled_from(FIELDS),
    json_values | messages,
)


def chat(**fields: Any) -> ChatRequest:
    return ChatRequest.from_json(json.dumps({"model": "m", **fields}).encode())


def generate(**fields: Any) -> GenerateRequest:
    return GenerateRequest.from_json(json.dumps({"model": "m", **fields}).encode())


def refusal(kind: type[ChatRequest] | type[GenerateRequest], body: bytes) -> ProxyError | None:
    """Return the error that a body meets, if it meets one."""
    try:
        kind.from_json(body)
    except BadRequest as error:
        return error
    return None


class Chats(SynchronousTestCase):
    def test_least(self) -> None:
        """A model is enough: everything else has a default, and lines are streamed."""
        self.assertEqual(
            ChatRequest.from_json(b'{"model":"m"}'),
            ChatRequest(
                model="m",
                messages=(),
                controls=Controls(stream=True, options={}, keep_alive_s=300.0),
            ),
        )

    def test_most(self) -> None:
        """Every field arrives as it was sent."""
        request = chat(
            messages=[
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": "Yes? é"},
            ],
            stream=False,
            options={"temperature": 0.5, "unknown": [1]},
            keep_alive="1h",
        )
        self.assertEqual(
            request,
            ChatRequest(
                model="m",
                messages=(
                    Message(role="system", content="Be brief."),
                    Message(role="user", content="hi"),
                    Message(role="assistant", content="Yes? é"),
                ),
                controls=Controls(
                    stream=False,
                    options={"temperature": 0.5, "unknown": [1]},
                    keep_alive_s=3600.0,
                ),
            ),
        )

    def test_only_false_turns_the_stream_off(self) -> None:
        """A stream is what there is unless the client says false; null is as good as absent."""
        for fields, stream in (({}, True), ({"stream": None}, True), ({"stream": True}, True)):
            self.assertEqual(chat(**fields).controls.stream, stream, fields)
        self.assertFalse(chat(stream=False).controls.stream)

    def test_null_is_absent(self) -> None:
        """Every field but the model may be null, as the Go client sends it."""
        nulls = dict.fromkeys(
            ["messages", "stream", "options", "keep_alive", "format", "think", "tools", "prompt"]
        )
        self.assertEqual(chat(**nulls), chat())

    def test_names_in_any_case(self) -> None:
        """The names of fields match without regard to case, in messages too."""
        self.assertEqual(
            ChatRequest.from_json(
                b'{"MODEL":"m","Messages":[{"ROLE":"user","Content":"hi"}],"sTream":false}'
            ),
            ChatRequest(model="m", messages=HI, controls=Controls(stream=False)),
        )

    def test_the_last_of_two(self) -> None:
        """Of a field that is repeated the last counts, in messages too."""
        request = ChatRequest.from_json(
            b'{"model":"a","MODEL":"m","messages":[{"content":"a","CONTENT":"hi","role":"user"}]}'
        )
        self.assertEqual(request, ChatRequest(model="m", messages=HI))

    def test_unknown_fields(self) -> None:
        """What Ollama does not know has no effect, in messages too, and is told by name."""
        message = {"role": "user", "content": "hi", "name": 1, "cache_control": {}}
        request = chat(messages=[message], n="x", user=5, tool_choice=[], name=None)
        names = ("n", "user", "tool_choice")
        self.assertEqual(request, ChatRequest(model="m", messages=HI, unknown_keys=names))

    def test_what_follows_the_body(self) -> None:
        """Bytes after the object are ignored."""
        self.assertEqual(ChatRequest.from_json(b'{"model":"m"}\n{"model":'), chat())

    def test_any_role(self) -> None:
        """A role is any word, in lower case; it may be missing, and so may the content."""
        for message, role in (
            ({"role": "USER"}, "user"),
            ({"role": "Tool", "content": None}, "tool"),
            ({"role": "poet"}, "poet"),
            ({"role": None}, ""),
            ({}, ""),
            (None, ""),
        ):
            self.assertEqual(chat(messages=[message]).messages, (Message(role=role),), message)

    def test_refused(self) -> None:
        """A body that Ollama refuses is refused in Ollama's words, with status 400."""
        for name, body, message in REFUSED_CHATS:
            error = refusal(ChatRequest, body)
            self.assertEqual(error and error.message, message, name)
            self.assertEqual(error and error.status, 400, name)

    def test_a_question_without_messages(self) -> None:
        """A prompt stands in for messages that are not there, after its instructions."""
        self.assertEqual(chat(prompt="hi").messages, HI)
        absent: tuple[object, ...] = (None, [])
        for messages in absent:
            self.assertEqual(chat(prompt="hi", messages=messages).messages, HI)
        self.assertEqual(
            chat(prompt="hi", system="Be brief.").messages,
            (Message(role="system", content="Be brief."), *HI),
        )

    def test_a_question_beside_messages(self) -> None:
        """Messages count more than a prompt."""
        messages = [{"role": "user", "content": "hi"}]
        self.assertEqual(chat(messages=messages, prompt="no", system="no").messages, HI)

    def test_no_question(self) -> None:
        """Neither an empty prompt nor instructions alone are a question: it is a load request."""
        for fields in ({}, {"prompt": ""}, {"prompt": "", "system": "x"}, {"system": "x"}):
            self.assertEqual(chat(**fields).messages, (), fields)

    @settings(deadline=None, max_examples=300)
    @given(bodies)
    def test_any_object(self, fields: dict[str, Any]) -> None:
        """Any object is a request or a BadRequest, and so is what becomes of it."""
        try:
            request = ChatRequest.from_json(json.dumps(fields).encode())
            completion = chat_to_completion(request, Model("m", "m"))
        except BadRequest:
            return
        json.loads(completion.to_json(drop_params=True))


class Generations(SynchronousTestCase):
    def test_least(self) -> None:
        """A model is enough: everything else has a default, and lines are streamed."""
        self.assertEqual(
            GenerateRequest.from_json(b'{"model":"m"}'),
            GenerateRequest(
                model="m",
                prompt="",
                system="",
                controls=Controls(stream=True, options={}, keep_alive_s=300.0),
            ),
        )

    def test_most(self) -> None:
        """Every field arrives as it was sent."""
        request = generate(
            prompt="Why?", system="Be brief.", stream=False, options={"seed": 1}, keep_alive=-1
        )
        self.assertEqual(
            request,
            GenerateRequest(
                model="m",
                prompt="Why?",
                system="Be brief.",
                controls=Controls(stream=False, options={"seed": 1}, keep_alive_s=-1.0),
            ),
        )

    def test_go_client(self) -> None:
        """The Go client's empty fields are as good as absent."""
        request = generate(
            prompt="", suffix="", system="", template="", options=None, messages=None
        )
        self.assertEqual(request, generate())

    def test_an_earlier_context(self) -> None:
        """The token ids of an earlier reply are taken and mean nothing."""
        self.assertEqual(generate(prompt="Why?", context=[1, 2, 3]), generate(prompt="Why?"))

    def test_no_model(self) -> None:
        """A missing model is a model that is not found, with status 404."""
        for body in (b"{}", b"null", b'{"model":""}', b'{"model":null,"prompt":"Why?"}'):
            with self.assertRaises(ModelNotFound) as caught:
                GenerateRequest.from_json(body)
            self.assertEqual(caught.exception.message, "model '' not found", body)
            self.assertEqual(caught.exception.status, 404, body)

    def test_refused(self) -> None:
        """A body that Ollama refuses is refused in Ollama's words, with status 400."""
        for name, body, message in REFUSED_GENERATIONS:
            error = refusal(GenerateRequest, body)
            self.assertEqual(error and error.message, message, name)
            self.assertEqual(error and error.status, 400, name)

    @settings(deadline=None, max_examples=300)
    @given(bodies)
    def test_any_object(self, fields: dict[str, Any]) -> None:
        """Any object is a request or a BadRequest, and nothing worse."""
        try:
            request = GenerateRequest.from_json(json.dumps(fields).encode())
            completions = (
                generate_to_completion(request, Model("m", "m")),
                generate_to_text_completion(request, Model("m", "m")),
            )
        except BadRequest:
            return
        for completion in completions:
            json.loads(completion.to_json(drop_params=False))


class Questions(SynchronousTestCase):
    def test_question(self) -> None:
        """A question is one message of the user, after the instructions if there are any."""
        self.assertEqual(question("hi", ""), HI)
        self.assertEqual(question("hi", "x"), (Message(role="system", content="x"), *HI))


class KeepAlive(SynchronousTestCase):
    def test_both_endpoints(self) -> None:
        """How long to keep a model is read alike at both endpoints, 0 in any spelling."""
        for value, seconds in ((None, 300.0), (0, 0.0), ("0s", 0.0), (30, 30.0), ("10m", 600.0)):
            self.assertEqual(chat(keep_alive=value).controls.keep_alive_s, seconds, value)
            self.assertEqual(generate(keep_alive=value).controls.keep_alive_s, seconds, value)


class Both(SynchronousTestCase):
    def test_think(self) -> None:
        """Truths and four words ask for thinking; anything else is told in Ollama's words."""
        for value in (True, False, "low", "medium", "high", "max", None):
            self.assertEqual(chat(think=value).controls.think, value)
            self.assertEqual(generate(think=value).controls.think, value)
        allowed = '"high", "medium", "low", "max", true, or false'
        refused: tuple[tuple[object, str], ...] = (
            ("x", f'invalid think value: "x" (must be {allowed})'),
            ("", f'invalid think value: "" (must be {allowed})'),
            (5, f"think must be a boolean or string ({allowed})"),
            ([], f"think must be a boolean or string ({allowed})"),
        )
        for asked, message in refused:
            error = refusal(ChatRequest, json.dumps({"model": "m", "think": asked}).encode())
            self.assertEqual(error and error.message, message, asked)

    def test_alternatives(self) -> None:
        """Their number is a whole one from 0 to 20, looked at before the model."""
        self.assertEqual(chat(top_logprobs=20).controls.top_logprobs, 20)
        kind = "json: cannot unmarshal {} into Go struct field ChatRequest.top_logprobs of type int"
        for value, message in (
            (21, "top_logprobs must be between 0 and 20"),
            (-1, "top_logprobs must be between 0 and 20"),
            (1.5, kind.format("number 1.5")),
            (True, kind.format("bool")),
        ):
            error = refusal(ChatRequest, json.dumps({"top_logprobs": value}).encode())
            self.assertEqual(error and error.message, message, value)

    def test_stray_options(self) -> None:
        """Options beside ``options`` count as well, but less than those inside."""
        request = chat(temperature=1, top_p=0.5, max_output_tokens=9, options={"top_p": 0.1})
        self.assertEqual(
            request.controls.options, {"temperature": 1, "num_predict": 9, "top_p": 0.1}
        )

    def test_raw(self) -> None:
        """A raw prompt goes with nothing that would be put around it."""
        self.assertTrue(generate(raw=True, context=[]).raw)
        for fields in ({"template": "x"}, {"system": "x"}, {"context": [1]}):
            body = json.dumps({"model": "m", "raw": True, **fields}).encode()
            error = refusal(GenerateRequest, body)
            self.assertEqual(
                error and error.message, "raw mode does not support template, system, or context"
            )
