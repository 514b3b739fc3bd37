"""What goes to the gateway and what comes from it, as values."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.openai import (
    CompletionEvent,
    CompletionRequest,
    ToolCallPiece,
    decode_event,
)
from ollamaproxy.wire.openai_errors import ErrorReport, decode_error
from ollamaproxy.wire.usage import Usage
from tests.case import Case

#: What it shows, the data of an event, what it adds.
EVENTS: tuple[tuple[str, str, CompletionEvent], ...] = (
    (
        "LiteLLM's first event",
        '{"id":"chatcmpl-up1","created":1795380264,"model":"fake/fake-merged",'
        '"object":"chat.completion.chunk","system_fingerprint":"fp_up",'
        '"choices":[{"index":0,"delta":{"content":"","role":"assistant"}}]}',
        CompletionEvent(),
    ),
    (
        "a piece of text",
        '{"id":"chatcmpl-up1","created":1795380264,"model":"fake/fake-merged",'
        '"object":"chat.completion.chunk","system_fingerprint":"fp_up",'
        '"choices":[{"index":0,"delta":{"content":"one "}}]}',
        CompletionEvent("one "),
    ),
    (
        "LiteLLM's reasoning",
        '{"choices":[{"index":0,"delta":{"reasoning_content":"Let "}}]}',
        CompletionEvent("", "Let "),
    ),
    (
        "OpenRouter's reasoning",
        '{"choices":[{"index":0,"delta":{"content":"","reasoning":"Let "}}]}',
        CompletionEvent("", "Let "),
    ),
    (
        "both names of reasoning",
        '{"choices":[{"delta":{"reasoning_content":"a","reasoning":"a"}}]}',
        CompletionEvent("", "a"),
    ),
    (
        "an empty one of both names",
        '{"choices":[{"delta":{"reasoning_content":null,"reasoning":"a"}}]}',
        CompletionEvent("", "a"),
    ),
    (
        "text and reasoning at the turn-over",
        '{"choices":[{"delta":{"content":"A","reasoning_content":"."}}]}',
        CompletionEvent("A", "."),
    ),
    (
        "a refusal",
        '{"choices":[{"delta":{"content":null,"refusal":"I can\'t."}}]}',
        CompletionEvent("I can't."),
    ),
    (
        "LiteLLM's finish event",
        '{"id":"chatcmpl-up1","created":1795380264,"model":"fake/fake-merged",'
        '"object":"chat.completion.chunk","system_fingerprint":"fp_up",'
        '"choices":[{"finish_reason":"stop","index":0,"delta":{}}]}',
        CompletionEvent(finish_reason="stop"),
    ),
    (
        "a reason on the last piece",
        '{"choices":[{"delta":{"content":"."},"finish_reason":"length"}]}',
        CompletionEvent(".", finish_reason="length"),
    ),
    (
        "no reason as null",
        '{"choices":[{"delta":{"content":"a"},"finish_reason":null,"logprobs":null}]}',
        CompletionEvent("a"),
    ),
    (
        "no reason as an empty text",
        '{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}',
        CompletionEvent("a"),
    ),
    (
        "LiteLLM's usage event",
        '{"choices":[{"index":0,"delta":{}}],"usage":{"completion_tokens":7,"prompt_tokens":11,'
        '"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":0,"text_tokens":7}}}',
        CompletionEvent(usage=Usage(11, 7)),
    ),
    (
        "OpenAI's usage event",
        '{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}',
        CompletionEvent(usage=Usage(11, 7)),
    ),
    (
        "cached tokens are already counted",
        '{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":27,'
        '"prompt_tokens_details":{"cached_tokens":4}}}',
        CompletionEvent(usage=Usage(11, 27)),
    ),
    (
        "usage with a piece of text",
        '{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}',
        CompletionEvent("a", usage=Usage(3, 1)),
    ),
    (
        "no usage as null",
        '{"choices":[{"delta":{"content":"a"}}],"usage":null}',
        CompletionEvent("a"),
    ),
    ("an empty usage", '{"choices":[],"usage":{}}', CompletionEvent(usage=Usage(0, 0))),
    (
        "counts that are none",
        '{"choices":[],"usage":{"prompt_tokens":null,"completion_tokens":true}}',
        CompletionEvent(usage=Usage(0, 0)),
    ),
    ("usage that is none", '{"choices":[],"usage":[1]}', CompletionEvent(usage=Usage(0, 0))),
    (
        "counts that cannot be",
        '{"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}',
        CompletionEvent(usage=Usage(0, 0)),
    ),
    (
        "a text completion",
        '{"object":"text_completion","choices":[{"index":0,"text":"a = "}]}',
        CompletionEvent("a = "),
    ),
    (
        "pieces of tool calls",
        '{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f",'
        '"arguments":"{"}},{"function":{"arguments":{"a":1}}},{"index":"x","function":null}]}}]}',
        CompletionEvent(
            tool_calls=(
                ToolCallPiece(1, "c", "f", "{"),
                ToolCallPiece(None, "", "", '{"a":1}'),
                ToolCallPiece(None, "", "", ""),
            )
        ),
    ),
    (
        "probabilities",
        '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}]}',
        CompletionEvent("a", logprobs=({"token": "a"},)),
    ),
    (
        "no probabilities",
        '{"choices":[{"delta":{"content":"a"},"logprobs":{"content":null}}]}',
        CompletionEvent("a"),
    ),
    ("no choices", '{"id":"litellm-fallback-metadata","choices":[]}', CompletionEvent()),
    ("null for choices", '{"choices":null}', CompletionEvent()),
    ("nothing", "{}", CompletionEvent()),
    ("null for the delta", '{"choices":[{"index":0,"delta":null}]}', CompletionEvent()),
    ("no delta", '{"choices":[{"index":0}]}', CompletionEvent()),
    (
        "only the first choice",
        '{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"},"finish_reason":"stop"}]}',
        CompletionEvent("a"),
    ),
    (
        "a tool call",
        '{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"call_aaa","function":'
        '{"arguments":"","name":"get_weather"},"type":"function","index":0}]}}]}',
        CompletionEvent(tool_calls=(ToolCallPiece(0, "call_aaa", "get_weather", ""),)),
    ),
    (
        "unknown keys",
        '{"foo":1,"choices":[{"bar":2,"delta":{"content":"a","foo":"bar"}}],"timings":{}}',
        CompletionEvent("a"),
    ),
    (
        "no error as null",
        '{"error":null,"choices":[{"delta":{"content":"a"}}]}',
        CompletionEvent("a"),
    ),
    (
        "LiteLLM's error",
        '{"error": {"message": "litellm.APIConnectionError: APIConnectionError: OpenAIException'
        ' - CUDA out of memory", "type": null, "param": null, "code": "500"}}',
        CompletionEvent(
            error=ErrorReport(
                "litellm.APIConnectionError: APIConnectionError: OpenAIException"
                " - CUDA out of memory",
                500,
            )
        ),
    ),
    (
        "an error beside text",
        '{"error":{"message":"gone"},"choices":[{"delta":{"content":"a"},"finish_reason":"error"}],'
        '"usage":{"prompt_tokens":1,"completion_tokens":1}}',
        CompletionEvent(error=ErrorReport("gone")),
    ),
    ("an error as a text", '{"error":"gone"}', CompletionEvent(error=ErrorReport("gone"))),
    (
        "an error as a list",
        '{"error":["gone",1]}',
        CompletionEvent(error=ErrorReport('["gone",1]')),
    ),
)

#: Data that are no events.
GARBLED = (
    "",
    "{",
    "not JSON",
    "[DONE",
    "[]",
    "null",
    '"text"',
    "5",
    '{"choices":5}',
    '{"choices":{"index":0}}',
    '{"choices":["text"]}',
    '{"choices":[null]}',
    '{"choices":[{"delta":"text"}]}',
    '{"choices":[{"delta":["text"]}]}',
    '{"choices":[{"delta":{"content":["text"]}}]}',
    '{"choices":[{"delta":{"content":5}}]}',
    '{"choices":[{"delta":{"reasoning_content":{"text":"a"}}}]}',
    '{"choices":[{"delta":{"content":NaN}}]}',
    '{"choices":[]} {"choices":[]}',
    "[" * 100_000,
)

#: What it shows, the body of an error reply, what it says.
ERRORS: tuple[tuple[str, str, ErrorReport | None], ...] = (
    (
        "LiteLLM",
        '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,'
        '"code":"400"}}',
        ErrorReport("No connected db.", 400, "no_db_connection"),
    ),
    (
        "LiteLLM without a code",
        '{"error":{"message":"Internal server error","type":"internal_server_error"}}',
        ErrorReport("Internal server error", None, "internal_server_error"),
    ),
    (
        "OpenAI",
        '{"error":{"message":"Bad","type":"invalid_request_error","param":null,'
        '"code":"context_length_exceeded"}}',
        ErrorReport("Bad", None, "invalid_request_error"),
    ),
    (
        "llama.cpp",
        '{"error":{"code":503,"message":"Loading","type":null}}',
        ErrorReport("Loading", 503),
    ),
    ("Ollama", '{"error":"model not found"}', ErrorReport("model not found")),
    ("FastAPI", '{"detail":"Not Found"}', ErrorReport("Not Found")),
    (
        "LiteLLM without a database",
        '{"detail":{"error":"DB not connected"}}',
        ErrorReport("DB not connected"),
    ),
    (
        "FastAPI's validation",
        '{"detail":[{"loc":["body"],"msg":"field required"}]}',
        ErrorReport('[{"loc":["body"],"msg":"field required"}]'),
    ),
    (
        "older vLLM",
        '{"object":"error","message":"Bad","type":"BadRequestError","param":null,"code":400}',
        ErrorReport("Bad", 400, "BadRequestError"),
    ),
    (
        "Anthropic",
        '{"type":"error","error":{"type":"api_error","message":"Bad"}}',
        ErrorReport("Bad", None, "api_error"),
    ),
    (
        "LiteLLM 1.80 in an event stream",
        'data: {"error": {"message": "Bad", "type": null, "param": null, "code": "503"}}\n\n',
        ErrorReport("Bad", 503),
    ),
    (
        "an event stream with CR LF and an end",
        'data:{"error":"Bad"}\r\n\r\ndata: [DONE]\r\n\r\n',
        ErrorReport("Bad"),
    ),
    ("blanks around", ' \r\n{"error":"Bad"}\n', ErrorReport("Bad")),
    ("not ASCII", '{"error":"schön \\u00e9"}', ErrorReport("schön é")),
    (
        "a message that is an object",
        '{"error":{"message":{"error":"blocked"},"code":"400"}}',
        ErrorReport('{"error":"blocked"}', 400),
    ),
    (
        "an empty message",
        '{"error":{"message":"","code":"400"}}',
        ErrorReport('{"message":"","code":"400"}', 400),
    ),
    (
        "an empty error in a detail",
        '{"detail":{"error":""}}',
        ErrorReport('{"error":""}'),
    ),
    ("an error in an error", '{"error":{"error":"Bad","code":"400"}}', ErrorReport("Bad", 400)),
    ("an empty error beside a message", '{"error":"","message":"Bad"}', ErrorReport("Bad")),
    (
        "an error before the rest",
        '{"message":"no","detail":"no","error":"Bad"}',
        ErrorReport("Bad"),
    ),
    ("a detail before a message", '{"message":"no","detail":"Bad"}', ErrorReport("Bad")),
    ("nothing", "", None),
    ("an empty object", "{}", None),
    ("an empty error", '{"error":{}}', None),
    ("no object", '["error"]', None),
    ("a text", '"I\'m alive!"', None),
    ("no JSON", "Internal Server Error", None),
    ("HTML", "<html><body><h1>502 Bad Gateway</h1></body></html>", None),
    ("an event stream with no JSON", "data: oops\n\n", None),
    ("JSON cut off", '{"error":{"message":"Ba', None),
)

#: Codes of errors and the status that each stands for.
CODES: tuple[tuple[object, int | None], ...] = (
    ("400", 400),
    ("599", 599),
    (429, 429),
    ("399", None),
    ("600", None),
    (200, None),
    ("4290", None),
    ("9" * 5000, None),
    ("-400", None),
    ("\uff14\uff10\uff10", None),
    ("", None),
    (None, None),
    ("None", None),
    (True, None),
    (429.0, None),
    ("rate_limit_exceeded", None),
    ([429], None),
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)


def shaped(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for objects with these keys and anything in them."""
    inner = st.dictionaries(st.sampled_from(names), json_values)
    return st.dictionaries(st.sampled_from(names), json_values | inner | st.lists(inner))


class Requests(Case):
    def test_least(self) -> None:
        """A request always asks for a stream and for its usage."""
        request = CompletionRequest(
            model="m", content={"messages": ({"role": "user", "content": "hi"},)}
        )
        self.assertEqual(
            request.to_json(drop_params=False),
            b'{"model":"m","messages":[{"role":"user","content":"hi"}],'
            b'"stream":true,"stream_options":{"include_usage":true}}',
        )

    def test_parameters(self) -> None:
        """Parameters stand beside the rest, and cannot turn the stream off."""
        request = CompletionRequest(
            model="m",
            content={"messages": ()},
            parameters={"temperature": 0.5, "stop": ["a"], "stream": False},
        )
        self.assertEqual(
            json.loads(request.to_json(drop_params=False)),
            {
                "model": "m",
                "messages": [],
                "temperature": 0.5,
                "stop": ["a"],
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )

    def test_drop_params(self) -> None:
        """LiteLLM is told to leave out what a model lacks; others are not, for they refuse that."""
        request = CompletionRequest(model="m", content={"prompt": "a"})
        self.assertIs(json.loads(request.to_json(drop_params=True))["drop_params"], True)
        self.assertNotIn("drop_params", json.loads(request.to_json(drop_params=False)))

    def test_route(self) -> None:
        """Messages go to the chat route, a prompt to the other."""
        self.assertTrue(CompletionRequest(model="m", content={"messages": ()}).is_chat)
        self.assertFalse(CompletionRequest(model="m", content={"prompt": ""}).is_chat)

    def test_any_text(self) -> None:
        """Any text goes out in ASCII and comes back the same."""
        text = 'é😀\u2028\x85\x00"\\'
        body = CompletionRequest(model=text, content={"messages": ({"content": text},)}).to_json(
            drop_params=False
        )
        self.assertTrue(body.isascii())
        self.assertEqual(json.loads(body)["model"], text)
        self.assertEqual(json.loads(body)["messages"], [{"content": text}])


class Events(Case):
    def test_events(self) -> None:
        """An event adds what its first choice, its usage or its error says."""
        for name, data, event in EVENTS:
            self.assertEqual(decode_event(data.encode()), event, name)

    def test_garbled(self) -> None:
        """What is not a chunk of a chat completion is the gateway's fault."""
        for data in GARBLED:
            with self.assertRaises(UpstreamGarbled, msg=data[:80]) as caught:
                decode_event(data.encode())
            self.assertIn("not a completion chunk", caught.exception.message)
            self.assertEqual(caught.exception.status, 502)

    def test_not_utf8(self) -> None:
        """Bytes that are not UTF-8 are replaced, for one of them is no reason to fail."""
        event = decode_event(b'{"choices":[{"delta":{"content":"a\xffb"}}]}')
        self.assertEqual(event.content, "a\ufffdb")

    @settings(deadline=None, max_examples=300)
    @given(shaped("choices", "delta", "content", "reasoning", "finish_reason", "usage", "error"))
    def test_any_object(self, value: dict[str, Any]) -> None:
        """Any object is an event with texts in it, or garbled, and nothing worse."""
        try:
            event = decode_event(json.dumps(value).encode())
        except UpstreamGarbled:
            return
        self.assertIsInstance(event.content, str)
        self.assertIsInstance(event.reasoning, str)


class Errors(Case):
    def test_bodies(self) -> None:
        """The body of an error reply is understood in all the forms that servers give it."""
        for name, body, report in ERRORS:
            self.assertEqual(decode_error(body.encode()), report, name)

    def test_codes(self) -> None:
        """A code is a status if it is a number from 400 to 599, as text too."""
        for code, status in CODES:
            body = json.dumps({"error": {"message": "Bad", "code": code}}).encode()
            self.assertEqual(decode_error(body), ErrorReport("Bad", status), repr(code)[:80])

    def test_types(self) -> None:
        """A type that is not a text is none."""
        kinds: tuple[object, ...] = (None, 5, ["a"], {})
        for kind in kinds:
            body = json.dumps({"error": {"message": "Bad", "type": kind}}).encode()
            self.assertEqual(decode_error(body), ErrorReport("Bad"), repr(kind))

    @settings(deadline=None, max_examples=300)
    @given(shaped("error", "message", "detail", "code", "type"))
    def test_any_object(self, value: dict[str, Any]) -> None:
        """Any object says nothing or has a message, which is a text that is not empty."""
        report = decode_error(json.dumps(value).encode())
        if report is not None:
            self.assertIsInstance(report.message, str)
            self.assertTrue(report.message)
