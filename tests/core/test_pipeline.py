"""A reply on its whole way: the gateway's bytes in, the client's lines out."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import (
    GatewayKeyRefused,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTruncated,
)
from ollamaproxy.translate.pipeline import Encoder, LineEncoder, ObjectEncoder, ReplyPipeline
from ollamaproxy.translate.replies import ReplyTranslator, ReplyWishes
from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.wire.ndjson import ChatLayout, GenerateLayout
from ollamaproxy.wire.usage import Usage
from tests.case import Case

#: 2026-08-21T10:00:00Z.
MORNING_NS = 1_787_306_400_000_000_000
ROOMY = 1 << 20

DONE = b"data: [DONE]\n\n"


def event(body: str) -> bytes:
    return f"data: {body}\n\n".encode()


def delta(text: str) -> bytes:
    return event(f'{{"choices":[{{"index":0,"delta":{{{text}}}}}]}}')


ROLE = delta('"content":"","role":"assistant"')
ONE = delta('"content":"one "')
TWO = delta('"content":"two"')
THOUGHT = delta('"reasoning_content":"Hm."')
FINISH = event('{"choices":[{"finish_reason":"stop","index":0,"delta":{}}]}')
TOO_LONG = event('{"choices":[{"finish_reason":"length","index":0,"delta":{}}]}')
USAGE = event(
    '{"choices":[{"index":0,"delta":{}}],"usage":{"completion_tokens":7,"prompt_tokens":11,'
    '"total_tokens":18,"completion_tokens_details":{"reasoning_tokens":0,"text_tokens":7}}}'
)
OPENAI_USAGE = event('{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}')
PING = b": ping\n\n"
ERROR = (
    b'data: {"error": {"message": "litellm.APIConnectionError: APIConnectionError: '
    b'OpenAIException - CUDA out of memory", "type": null, "param": null, "code": "500"}}\n\n'
)
ERROR_TEXT = "CUDA out of memory"


def counted(text: str, completion: int, reason: str = "null") -> bytes:
    """Return an event that has usage with its text, as some servers send it every time."""
    return event(
        f'{{"choices":[{{"index":0,"delta":{{{text}}},"finish_reason":{reason}}}],'
        f'"usage":{{"prompt_tokens":11,"completion_tokens":{completion}}}}}'
    )


#: What happens, what the gateway sends, the texts of the lines, and how the last line ends:
#: reason, tokens of the prompt, tokens of the reply (``None`` where the key is absent).
GOOD: tuple[tuple[str, bytes, list[str], tuple[str, int | None, int | None]], ...] = (
    ("LiteLLM", ROLE + ONE + TWO + FINISH + USAGE + DONE, ["one ", "two"], ("stop", 11, 7)),
    (
        "OpenAI's empty choices",
        ROLE + ONE + FINISH + OPENAI_USAGE + DONE,
        ["one "],
        ("stop", 11, 7),
    ),
    ("never any usage", ROLE + ONE + FINISH + DONE, ["one "], ("stop", None, None)),
    (
        "usage on every event",
        counted('"content":"one "', 1)
        + counted('"content":"two"', 2)
        + counted("", 3, '"stop"')
        + DONE,
        ["one ", "two"],
        ("stop", 11, 3),
    ),
    (
        "usage on the finish event",
        ONE + counted("", 7, '"stop"') + DONE,
        ["one "],
        ("stop", 11, 7),
    ),
    (
        "usage and reason on the last text",
        ONE + counted('"content":"two"', 7, '"length"') + DONE,
        ["one ", "two"],
        ("length", 11, 7),
    ),
    (
        "usage before the finish event",
        ONE + USAGE + FINISH + DONE,
        ["one "],
        ("stop", 11, 7),
    ),
    (
        "a usage event without usage",
        FINISH + event('{"choices":[{"index":0,"delta":{}}]}') + DONE,
        [],
        ("stop", None, None),
    ),
    ("cut at the limit", ONE + TOO_LONG + USAGE + DONE, ["one "], ("length", 11, 7)),
    ("no text at all", ROLE + FINISH + USAGE + DONE, [], ("stop", 11, 7)),
    ("no reason but an end", ONE + DONE, ["one "], ("stop", None, None)),
    ("nothing but an end", DONE, [], ("stop", None, None)),
    ("no end but a reason", ONE + FINISH + USAGE, ["one "], ("stop", 11, 7)),
    ("an end cut off after a reason", ONE + FINISH + b"data: [DO", ["one "], ("stop", None, None)),
    (
        "an end without a blank line",
        ONE + TOO_LONG + b"data: [DONE]\n",
        ["one "],
        ("length", None, None),
    ),
    (
        "pings",
        PING + ONE + PING + TWO + PING + FINISH + PING + DONE,
        ["one ", "two"],
        ("stop", None, None),
    ),
    ("CR LF", (ONE + FINISH + DONE).replace(b"\n", b"\r\n"), ["one "], ("stop", None, None)),
    (
        "names of events",
        b"event: chunk\nid: 1\n" + ONE + FINISH + DONE,
        ["one "],
        ("stop", None, None),
    ),
    ("an error after the end", ONE + FINISH + DONE + ERROR, ["one "], ("stop", None, None)),
    ("garbage after the end", ONE + DONE + b"data: oops\n\n" + TWO, ["one "], ("stop", None, None)),
    ("a second end", ONE + DONE + DONE, ["one "], ("stop", None, None)),
    ("a refusal", delta('"refusal":"No."') + FINISH + DONE, ["No."], ("stop", None, None)),
)

#: What happens, what the gateway sends, the texts of the lines, and the failure that ends it.
BAD: tuple[tuple[str, bytes, list[str], type[UpstreamError], int, str], ...] = (
    ("nothing", b"", [], UpstreamTruncated, 502, "the gateway's reply stopped before its end"),
    (
        "stopped after some text",
        ROLE + ONE + TWO,
        ["one ", "two"],
        UpstreamTruncated,
        502,
        "the gateway's reply stopped before its end",
    ),
    (
        "stopped within an event",
        ONE + FINISH[:-1],
        ["one "],
        UpstreamTruncated,
        502,
        "the gateway's reply stopped before its end",
    ),
    (
        "stopped after usage",
        ONE + USAGE,
        ["one "],
        UpstreamTruncated,
        502,
        "the gateway's reply stopped before its end",
    ),
    (
        "only pings",
        PING * 3,
        [],
        UpstreamTruncated,
        502,
        "the gateway's reply stopped before its end",
    ),
    ("an error at once", ERROR, [], UpstreamRefused, 500, ERROR_TEXT),
    ("an error after some text", ROLE + ONE + ERROR, ["one "], UpstreamRefused, 500, ERROR_TEXT),
    ("an error and an end", ONE + ERROR + DONE, ["one "], UpstreamRefused, 500, ERROR_TEXT),
    (
        "an error and more text",
        ONE + ERROR + TWO + DONE,
        ["one "],
        UpstreamRefused,
        500,
        ERROR_TEXT,
    ),
    ("an error after the reason", ONE + FINISH + ERROR, ["one "], UpstreamRefused, 500, ERROR_TEXT),
    (
        "a timeout behind pings",
        PING
        + PING
        + event(
            '{"error": {"message": "Error processing stream start", '
            '"type": "invalid_request_error", "param": null, "code": "408"}}'
        )
        + DONE,
        [],
        UpstreamRefused,
        408,
        "Error processing stream start",
    ),
    (
        "an error without a status",
        ONE + event('{"error":{"message":"gone","code":null}}'),
        ["one "],
        UpstreamRefused,
        502,
        "gone",
    ),
    (
        "a refused key",
        event('{"error":{"message":"Authentication Error, sk-...","code":"401"}}'),
        [],
        GatewayKeyRefused,
        502,
        "the gateway refused this proxy's API key (HTTP 401); "
        "whoever runs the proxy should check its --api-key",
    ),
    (
        "no JSON",
        ONE + b"data: oops\n\n" + TWO + DONE,
        ["one "],
        UpstreamGarbled,
        502,
        "the gateway sent an event that is not a completion chunk",
    ),
    (
        "no text for a content",
        ONE + delta('"content":["two"]') + DONE,
        ["one "],
        UpstreamGarbled,
        502,
        "the gateway sent an event that is not a completion chunk",
    ),
)

#: Everything that a stream may be made of.
parts = st.sampled_from(
    [
        ROLE,
        ONE,
        TWO,
        THOUGHT,
        FINISH,
        TOO_LONG,
        USAGE,
        OPENAI_USAGE,
        PING,
        DONE,
        ERROR,
        counted('"content":"é😀"', 3),
        b"data: oops\n\n",
        b"event: x\r\n",
        b"data: ",
        b"\r\n\r\n",
        b"\n",
    ]
)
streams = st.lists(parts, max_size=12).map(b"".join)


def pipeline_to(
    encoder: Encoder, stopwatch: Stopwatch | None = None, max_event_bytes: int = ROOMY
) -> ReplyPipeline:
    """Return a pipeline with this end, and nothing special asked for."""
    stopwatch = stopwatch or Stopwatch(MORNING_NS, 100.0)
    translator = ReplyTranslator(stopwatch, lambda: "call_new", ReplyWishes())
    return ReplyPipeline(translator, encoder, stopwatch, max_event_bytes)


def chat(max_event_bytes: int = ROOMY) -> ReplyPipeline:
    """Return a pipeline that gives the lines of a chat."""
    return pipeline_to(LineEncoder(ChatLayout("m")), max_event_bytes=max_event_bytes)


def whole(max_reply_bytes: int = ROOMY) -> ReplyPipeline:
    """Return a pipeline that gives a chat in one object."""
    return pipeline_to(ObjectEncoder(ChatLayout("m"), max_reply_bytes))


def run(pipeline: ReplyPipeline, *reads: bytes, seconds: float = 0.0) -> bytes:
    """Return what comes out for these reads, some seconds apart, and the end of the body."""
    now_s = 100.0
    reply = b""
    for read in reads:
        now_s += seconds
        reply += pipeline.feed(read, now_s)
    return reply + pipeline.end(now_s + seconds)


def timeless(lines: bytes) -> list[dict[str, Any]]:
    """Return the objects of a reply without what depends on the time."""
    objects = [json.loads(line) for line in lines.splitlines()]
    for found in objects:
        found.pop("created_at")
        for name in [key for key in found if key.endswith("_duration")]:
            del found[name]
    return objects


def texts(objects: list[dict[str, Any]]) -> list[str]:
    return [found["message"]["content"] for found in objects]


class Dialogue(Case):
    def test_line_by_line(self) -> None:
        """Every event that shows something gives its line at once, byte for byte Ollama's."""
        stopwatch = Stopwatch(MORNING_NS, 100.0)
        stopwatch.sent(100.5)
        pipeline = pipeline_to(LineEncoder(ChatLayout("m")), stopwatch)
        for data, now_s, lines in (
            (ROLE, 101.0, b""),
            (
                THOUGHT,
                101.5,
                b'{"model":"m","created_at":"2026-08-21T10:00:01.5Z","message":'
                b'{"role":"assistant","content":"","thinking":"Hm."},"done":false}\n',
            ),
            (PING, 101.75, b""),
            (
                ONE + TWO,
                102.0,
                b'{"model":"m","created_at":"2026-08-21T10:00:02Z","message":'
                b'{"role":"assistant","content":"one "},"done":false}\n'
                b'{"model":"m","created_at":"2026-08-21T10:00:02Z","message":'
                b'{"role":"assistant","content":"two"},"done":false}\n',
            ),
            (FINISH, 103.0, b""),
            (USAGE, 103.25, b""),
            (
                DONE,
                103.5,
                b'{"model":"m","created_at":"2026-08-21T10:00:03.5Z","message":'
                b'{"role":"assistant","content":""},"done":true,"done_reason":"stop",'
                b'"total_duration":3500000000,"load_duration":500000000,"prompt_eval_count":11,'
                b'"prompt_eval_duration":1000000000,"eval_count":7,"eval_duration":2000000000}\n',
            ),
        ):
            self.assertFalse(pipeline.done)
            self.assertEqual(pipeline.feed(data, now_s), lines, data)
        self.assertTrue(pipeline.done)
        self.assertIsNone(pipeline.failure)
        self.assertEqual(pipeline.end(104.0), b"")

    def test_generate(self) -> None:
        """The other endpoint has the same lines in its own words."""
        pipeline = pipeline_to(LineEncoder(GenerateLayout("m")))
        self.assertEqual(
            run(pipeline, ONE + FINISH + DONE),
            b'{"model":"m","created_at":"2026-08-21T10:00:00Z","response":"one ","done":false}\n'
            b'{"model":"m","created_at":"2026-08-21T10:00:00Z","response":"","done":true,'
            b'"done_reason":"stop","context":[],"total_duration":1,"load_duration":1,'
            b'"prompt_eval_duration":1,"eval_duration":1}\n',
        )

    def test_one_object(self) -> None:
        """A client that does not stream gets nothing before the end, and then everything."""
        pipeline = whole()
        self.assertEqual(pipeline.feed(THOUGHT + ONE, 101.0), b"")
        self.assertEqual(pipeline.feed(TWO + FINISH + USAGE, 102.0), b"")
        self.assertEqual(
            pipeline.feed(DONE, 103.0),
            b'{"model":"m","created_at":"2026-08-21T10:00:03Z","message":'
            b'{"role":"assistant","content":"one two","thinking":"Hm."},"done":true,'
            b'"done_reason":"stop","total_duration":3000000000,"load_duration":1,'
            b'"prompt_eval_count":11,"prompt_eval_duration":1000000000,"eval_count":7,'
            b'"eval_duration":2000000000}',
        )
        self.assertTrue(pipeline.done)

    def test_usage(self) -> None:
        """What a reply has cost is known as soon as the gateway has told it."""
        pipeline = chat()
        self.assertEqual(pipeline.usage(), Usage())
        pipeline.feed(b'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n', 0)
        self.assertEqual(pipeline.usage(), Usage(1))

    def test_content_types(self) -> None:
        """Lines are NDJSON, one object is JSON."""
        self.assertEqual(chat().content_type, b"application/x-ndjson")
        self.assertEqual(whole().content_type, b"application/json; charset=utf-8")

    def test_ascii(self) -> None:
        """No text, whatever it holds, breaks a line or leaves ASCII."""
        text = "é😀\u2028\x85\n\r"
        data = event(json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False))
        reply = run(chat(), data + DONE)
        self.assertTrue(reply.isascii())
        self.assertEqual(len(reply.decode().splitlines()), 2)
        self.assertEqual(texts(timeless(reply)), [text, ""])


class Endings(Case):
    def test_good(self) -> None:
        """A reply that is whole has its lines and one last line, whoever the gateway is."""
        for name, data, pieces, (reason, prompt, completion) in GOOD:
            pipeline = chat()
            *lines, last = timeless(run(pipeline, data))
            self.assertEqual(texts(lines), pieces, name)
            self.assertEqual({line["done"] for line in lines} - {False}, set(), name)
            self.assertEqual(last.get("prompt_eval_count"), prompt, name)
            self.assertEqual(last.get("eval_count"), completion, name)
            self.assertEqual(last["done_reason"], reason, name)
            self.assertEqual(last["message"], {"role": "assistant", "content": ""}, name)
            self.assertTrue(last["done"], name)
            self.assertTrue(pipeline.done, name)
            self.assertIsNone(pipeline.failure, name)

    def test_good_in_one_object(self) -> None:
        """The same holds for a reply in one object, which has all of the text."""
        for name, data, pieces, (reason, prompt, completion) in GOOD:
            pipeline = whole()
            [reply] = timeless(run(pipeline, data))
            self.assertEqual(reply["message"]["content"], "".join(pieces), name)
            self.assertEqual(reply["done_reason"], reason, name)
            self.assertEqual(reply.get("prompt_eval_count"), prompt, name)
            self.assertEqual(reply.get("eval_count"), completion, name)
            self.assertTrue(pipeline.done, name)

    def test_bad(self) -> None:
        """A reply that fails keeps the lines before the failure and has no last line."""
        for name, data, pieces, kind, status, message in BAD:
            pipeline = chat()
            lines = timeless(run(pipeline, data))
            self.assertEqual(texts(lines), pieces, name)
            self.assertEqual({line["done"] for line in lines} - {False}, set(), name)
            self.assertFalse(pipeline.done, name)
            failure = pipeline.failure
            assert failure is not None, name
            self.assertIs(type(failure), kind, name)
            self.assertEqual((failure.status, failure.message), (status, message), name)

    def test_bad_in_one_object(self) -> None:
        """Of a reply in one object that fails nothing comes out."""
        for name, data, _pieces, kind, _status, message in BAD:
            pipeline = whole()
            self.assertEqual(run(pipeline, data), b"", name)
            self.assertIs(type(pipeline.failure), kind, name)
            self.assertEqual(str(pipeline.failure), message, name)
            self.assertFalse(pipeline.done, name)

    def test_after_a_failure(self) -> None:
        """After a failure nothing more comes out, and the first failure stays."""
        pipeline = chat()
        pipeline.feed(ONE + ERROR, 101.0)
        failure = pipeline.failure
        self.assertEqual(pipeline.feed(TWO + FINISH + DONE, 102.0), b"")
        self.assertEqual(pipeline.feed(b"data: oops\n\n", 102.0), b"")
        self.assertEqual(pipeline.end(103.0), b"")
        self.assertIs(pipeline.failure, failure)

    def test_after_the_end(self) -> None:
        """After the last line nothing more comes out, and nothing fails."""
        pipeline = chat()
        pipeline.feed(ONE + DONE, 101.0)
        self.assertEqual(pipeline.feed(TWO + ERROR, 102.0), b"")
        self.assertEqual(pipeline.end(103.0), b"")
        self.assertIsNone(pipeline.failure)

    def test_the_body_ends_twice(self) -> None:
        """A second end of the body brings no second last line."""
        pipeline = chat()
        pipeline.feed(ONE + FINISH, 101.0)
        self.assertEqual(len(pipeline.end(102.0).splitlines()), 1)
        self.assertEqual(pipeline.end(103.0), b"")

    def test_the_end_is_timed(self) -> None:
        """The last line of a body that just ends is of the moment when it ended."""
        pipeline = chat()
        pipeline.feed(ONE + FINISH, 101.0)
        last = json.loads(pipeline.end(102.0))
        self.assertEqual(last["created_at"], "2026-08-21T10:00:02Z")
        self.assertEqual(last["total_duration"], 2_000_000_000)
        self.assertEqual(last["eval_duration"], 1_000_000_000)


class LimitsOfMemory(Case):
    def test_event(self) -> None:
        """An event without end fails the reply and leaves the lines of earlier reads."""
        pipeline = chat(max_event_bytes=100)
        self.assertEqual(len(pipeline.feed(ONE, 101.0).splitlines()), 1)
        self.assertEqual(pipeline.feed(b"data: " + b"x" * 95, 101.0), b"")
        failure = pipeline.failure
        self.assertIs(type(failure), UpstreamGarbled)
        self.assertEqual(str(failure), "the gateway sent an event of more than 100 bytes")

    def test_reply_that_fits(self) -> None:
        """A reply in one object may be as long as the limit, text and thinking together."""
        pipeline = whole(max_reply_bytes=10)  # "Hm." and "one two"
        [reply] = timeless(run(pipeline, THOUGHT, ONE, TWO, DONE))
        self.assertEqual(reply["message"]["content"], "one two")
        self.assertIsNone(pipeline.failure)

    def test_reply_that_does_not_fit(self) -> None:
        """A reply in one object that grows beyond the limit fails when it does."""
        pipeline = whole(max_reply_bytes=9)
        pipeline.feed(THOUGHT + ONE, 101.0)
        self.assertIsNone(pipeline.failure)
        pipeline.feed(TWO, 102.0)
        self.assertIs(type(pipeline.failure), UpstreamGarbled)
        self.assertEqual(
            str(pipeline.failure), "the gateway's reply is too long to be gathered in one object"
        )
        self.assertEqual(run(pipeline, DONE), b"")

    def test_lines_have_no_limit(self) -> None:
        """A reply in lines is as long as it likes, for nothing of it stays."""
        pipeline = chat(max_event_bytes=200)
        self.assertEqual(len(run(pipeline, *[ONE] * 300, DONE).splitlines()), 301)


class Splits(Case):
    def assert_same(self, whole_read: ReplyPipeline, split: ReplyPipeline) -> None:
        self.assertEqual(split.done, whole_read.done)
        self.assertIs(type(split.failure), type(whole_read.failure))
        self.assertEqual(str(split.failure), str(whole_read.failure))

    def test_byte_by_byte(self) -> None:
        """Every reply of these tests is the same when it comes byte by byte."""
        documents = [row[:2] for row in GOOD] + [row[:2] for row in BAD]
        for name, data in documents:
            in_one, in_bytes = chat(), chat()
            expected = timeless(run(in_one, data))
            lines = run(in_bytes, *[bytes([byte]) for byte in data], seconds=0.001)
            self.assertEqual(timeless(lines), expected, name)
            self.assert_same(in_one, in_bytes)

    @settings(deadline=None, max_examples=200)
    @given(streams, st.lists(st.integers(0, 2000), max_size=12))
    def test_any_split(self, data: bytes, cuts: list[int]) -> None:
        """Any stream gives the same lines in whatever reads it comes, but for the times."""
        in_one, in_reads = chat(), chat()
        expected = timeless(run(in_one, data))
        borders = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
        reads = [data[start:end] for start, end in pairwise(borders)]
        lines = run(in_reads, *reads, seconds=0.001)
        self.assertEqual(timeless(lines), expected)
        self.assert_same(in_one, in_reads)

    @settings(deadline=None, max_examples=200)
    @given(streams)
    def test_any_stream(self, data: bytes) -> None:
        """Any stream is done or has failed at its end, and only a done one has a last line."""
        pipeline = chat()
        lines = timeless(run(pipeline, data))
        self.assertNotEqual(pipeline.done, pipeline.failure is not None)
        self.assertEqual([line["done"] for line in lines].count(True), int(pipeline.done))
        self.assertEqual(pipeline.done, bool(lines) and lines[-1]["done"])

    @settings(deadline=None, max_examples=200)
    @given(streams)
    def test_one_object_is_all_lines(self, data: bytes) -> None:
        """One object has the text of all lines, and the same ending."""
        in_lines, in_one = chat(), whole()
        lines = timeless(run(in_lines, data))
        objects = timeless(run(in_one, data))
        self.assert_same(in_lines, in_one)
        if in_lines.done:
            [reply] = objects
            self.assertEqual(reply["message"]["content"], "".join(texts(lines)))
            thinking = "".join(line["message"].get("thinking", "") for line in lines)
            self.assertEqual(reply["message"].get("thinking", ""), thinking)
            del reply["message"], lines[-1]["message"]
            self.assertEqual(reply, lines[-1])
        else:
            self.assertEqual(objects, [])


class ToolCalls(Case):
    BEGIN = delta('"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]')
    REST = delta('"tool_calls":[{"index":0,"function":{"arguments":"\\"a\\":1}"}}]')

    def test_whole(self) -> None:
        """A call comes on a line of its own before the last, or in the one object."""
        stream = self.BEGIN + self.REST + FINISH + DONE
        calls = [{"id": "c", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}]
        first, last = run(chat(), stream).splitlines()
        self.assertEqual(json.loads(first)["message"]["tool_calls"], calls)
        self.assertNotIn(b"tool_calls", last)
        self.assertEqual(json.loads(run(whole(), stream))["message"]["tool_calls"], calls)

    def test_cut_off(self) -> None:
        """A call that is cut off is a failure, with and without an end mark."""
        for end in (DONE, b""):
            pipeline = chat()
            pipeline.feed(ONE + self.BEGIN + TOO_LONG + end, 101.0)
            self.assertEqual(pipeline.end(102.0), b"")
            self.assertIsInstance(pipeline.failure, UpstreamGarbled)
            self.assertFalse(pipeline.done)
