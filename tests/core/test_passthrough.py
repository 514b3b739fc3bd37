"""A reply that the gateway has in the client's protocol: what passes, what ends it, its cost."""

import json
from collections.abc import Iterable
from typing import Any

from ollamaproxy.errors import UpstreamError, UpstreamGarbled, UpstreamRefused, UpstreamTruncated
from ollamaproxy.translate.passthrough import ModelRenamer, PassthroughPipeline, pass_object
from ollamaproxy.wire.event_ends import (
    COMPLETION_ENDS,
    MESSAGE_ENDS,
    RESPONSE_ENDS,
    TRANSCRIPTION_ENDS,
    EventEnds,
)
from ollamaproxy.wire.usage import Usage, read_usage, usage_of
from tests.case import Case

ROOMY = 1 << 20
STOPPED = "the gateway's reply stopped before its end"


def event(body: str, name: str = "") -> bytes:
    return f"{name and f'event: {name}'}\ndata: {body}\n\n".lstrip("\n").encode()


def typed(kind: str, more: str = "") -> bytes:
    """Return an event of OpenAI's responses or of Anthropic's messages."""
    return event(f'{{"type":"{kind}"{more}}}', kind)


def crlf(stream: bytes) -> bytes:
    return stream.replace(b"\n", b"\r\n")


PING = b": ping\n\n"
DONE = b"data: [DONE]\n\n"
TEXT = event('{"model":"t","choices":[{"delta":{"content":"data: [DONE]"},"finish_reason":null}]}')
FINISH = event('{"model":"t","choices":[{"delta":{},"finish_reason":"stop"}]}')
COUNTED = event('{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}')
UNCOUNTED = event('{"choices":[{"delta":{"content":"a"}}],"usage":null}')
ERROR = event('{"error": {"message": "boom", "type": null, "param": null, "code": "500"}}')

CREATED = typed("response.created", ',"response":{"model":"t","error":null,"usage":null}')
DELTA = typed("response.output_text.delta", ',"delta":"\\"error\\": {\\"a\\":1}"')
COMPLETED = typed(
    "response.completed",
    ',"response":{"error":null,"usage":{"input_tokens":5,"output_tokens":6}},"error":null',
)
FAILED = typed("response.failed", ',"response":{"error":{"code":"server_error","message":"m"}}')
TOOL_FAILED = typed("response.mcp_call.failed", ',"error":{"message":"m"}')

STARTED = typed(
    "message_start", ',"message":{"model":"t","usage":{"input_tokens":8,"output_tokens":1}}'
)
BLOCK = typed("content_block_delta", ',"delta":{"type":"text_delta","text":"\\"type\\""}')
LIMIT = typed("message_delta", ',"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}')
STOP = typed("message_stop")
OVERLOADED = typed("error", ',"error":{"type":"overloaded_error","message":"boom"}')

#: What happens, the protocol, the reply, its usage; all of it passes.
GOOD: tuple[tuple[str, EventEnds, bytes, Usage], ...] = (
    ("a chat", COMPLETION_ENDS, PING + TEXT + FINISH + COUNTED + DONE, Usage(11, 7)),
    ("no usage", COMPLETION_ENDS, TEXT + DONE, Usage()),
    ("vLLM's null", COMPLETION_ENDS, UNCOUNTED * 2 + FINISH + COUNTED + DONE, Usage(11, 7)),
    ("a reason and no end", COMPLETION_ENDS, TEXT + FINISH + COUNTED, Usage(11, 7)),
    ("no JSON", COMPLETION_ENDS, b'data: "error" oops\n\n' + DONE, Usage()),
    ("no object", COMPLETION_ENDS, b'data: ["error","usage"]\n\n' + DONE, Usage()),
    ("CR LF", COMPLETION_ENDS, crlf(TEXT + COUNTED + FINISH + DONE), Usage(11, 7)),
    ("a response", RESPONSE_ENDS, CREATED + DELTA + COMPLETED, Usage(5, 6)),
    ("a response and an end", RESPONSE_ENDS, CREATED + DELTA + COMPLETED + DONE, Usage(5, 6)),
    ("a response that failed", RESPONSE_ENDS, CREATED + FAILED, Usage()),
    ("a tool that failed", RESPONSE_ENDS, TOOL_FAILED + COMPLETED, Usage(5, 6)),
    ("a message", MESSAGE_ENDS, STARTED + BLOCK + LIMIT + STOP, Usage(8, 9)),
    (
        "a transcription",
        TRANSCRIPTION_ENDS,
        event('{"type":"transcript.text.delta"}') + event('{"type": "transcript.text.done"}'),
        Usage(),
    ),
)
#: What happens, the protocol, what passes, what comes then, the failure.
BAD: tuple[tuple[str, EventEnds, bytes, bytes, type[UpstreamError], int, str], ...] = (
    ("nothing", COMPLETION_ENDS, b"", b"", UpstreamTruncated, 502, STOPPED),
    ("no end", COMPLETION_ENDS, TEXT + COUNTED, b"", UpstreamTruncated, 502, STOPPED),
    ("no end", RESPONSE_ENDS, CREATED + DELTA, b"", UpstreamTruncated, 502, STOPPED),
    ("no end", MESSAGE_ENDS, STARTED + LIMIT, b"", UpstreamTruncated, 502, STOPPED),
    ("no end of Anthropic's", MESSAGE_ENDS, STARTED + DONE, b"", UpstreamTruncated, 502, STOPPED),
    ("an error", COMPLETION_ENDS, b"", ERROR, UpstreamRefused, 500, "boom"),
    ("an error", COMPLETION_ENDS, PING + TEXT, ERROR + TEXT + DONE, UpstreamRefused, 500, "boom"),
    ("an error", COMPLETION_ENDS, TEXT + FINISH, ERROR + DONE, UpstreamRefused, 500, "boom"),
    ("CR LF", COMPLETION_ENDS, crlf(TEXT), crlf(ERROR + DONE), UpstreamRefused, 500, "boom"),
    ("a text", COMPLETION_ENDS, TEXT, event('{"error":"boom"}'), UpstreamRefused, 502, "boom"),
    ("an error", RESPONSE_ENDS, CREATED + DELTA, ERROR + DONE, UpstreamRefused, 500, "boom"),
    ("an error", MESSAGE_ENDS, STARTED + BLOCK, OVERLOADED + STOP, UpstreamRefused, 502, "boom"),
)

SAME = ModelRenamer("t", "t")


def pipeline(ends: EventEnds, renamer: ModelRenamer = SAME) -> PassthroughPipeline:
    return PassthroughPipeline(ends, renamer, ROOMY)


def run(passing: PassthroughPipeline, reads: Iterable[bytes]) -> bytes:
    """Return what comes out for these reads and the end of the body."""
    out = b"".join(passing.feed(read, 1.0) for read in reads)
    return out + passing.end(1.0)


def splittings(stream: bytes) -> Iterable[list[bytes]]:
    yield [stream]
    yield [stream[at : at + 1] for at in range(len(stream))]
    for at in range(len(stream) + 1):
        yield [stream[:at], stream[at:]]


class Replies(Case):
    def test_good(self) -> None:
        """A whole reply passes byte for byte and is done, however the reads part it."""
        for name, ends, stream, usage in GOOD:
            for reads in splittings(stream):
                passing = pipeline(ends)
                self.assertEqual(run(passing, reads), stream, (name, reads))
                self.assertEqual((passing.done, passing.failure), (True, None), (name, reads))
                self.assertEqual(passing.usage(), usage, (name, reads))

    def test_bad(self) -> None:
        """What comes before a failure passes, and neither the failure nor what follows does."""
        for name, ends, passed, then, kind, status, message in BAD:
            for reads in splittings(passed + then):
                passing = pipeline(ends)
                self.assertEqual(run(passing, reads), passed, (name, reads))
                failure = passing.failure
                assert failure is not None, (name, reads)
                self.assertIs(type(failure), kind, name)
                self.assertEqual((failure.status, failure.message), (status, message), name)
                self.assertFalse(passing.done, name)

    def test_at_once(self) -> None:
        """An event passes with the read that completes it."""
        passing = pipeline(COMPLETION_ENDS)
        for read, out, done in (
            (TEXT + FINISH[:9], TEXT, False),
            (FINISH[9:], FINISH, False),
            (DONE[:-1], b"", False),
            (b"\n", DONE, True),
        ):
            self.assertEqual((passing.feed(read, 1.0), passing.done), (out, done), read)
        self.assertEqual(passing.content_type, b"text/event-stream; charset=utf-8")

    def test_nothing_after_the_end(self) -> None:
        """When the reply is complete nothing passes and nothing fails any more."""
        for ends, stream in (
            (COMPLETION_ENDS, TEXT + DONE),
            (COMPLETION_ENDS, crlf(TEXT + DONE)),
            (RESPONSE_ENDS, COMPLETED + DONE),
            (MESSAGE_ENDS, STARTED + STOP),
        ):
            for more in (TEXT, ERROR, DONE, b"data: oops\n\n", b"data: a"):
                for reads in ([stream, more], [stream + more]):
                    passing = pipeline(ends)
                    self.assertEqual(run(passing, reads), stream, reads)
                    self.assertEqual((passing.done, passing.failure), (True, None), reads)

    def test_nothing_after_a_failure(self) -> None:
        """A reply that has failed stays so, whatever else comes."""
        passing = pipeline(COMPLETION_ENDS)
        self.assertEqual(passing.feed(ERROR, 1.0), b"")
        failure = passing.failure
        self.assertEqual([passing.feed(TEXT + DONE, 1.0), passing.end(1.0)], [b"", b""])
        self.assertEqual((passing.failure, passing.done), (failure, False))

    def test_without_a_blank_line(self) -> None:
        """The last event is what it is without its blank line, too."""
        for last, done, out in ((DONE, True, TEXT + DONE), (ERROR, False, TEXT)):
            for cut in (1, 2):
                passing = pipeline(COMPLETION_ENDS)
                self.assertEqual(run(passing, [TEXT + last[:-cut]]), out)
                self.assertEqual((passing.done, passing.failure is None), (done, done))

    def test_a_long_event(self) -> None:
        """An event beyond the limit is refused, and what came before has passed."""
        passing = PassthroughPipeline(COMPLETION_ENDS, SAME, 200)
        self.assertEqual(passing.feed(TEXT, 1.0), TEXT)
        self.assertEqual(passing.feed(b"data: " + b"x" * 200, 1.0), b"")
        self.assertIs(type(passing.failure), UpstreamGarbled)

    def test_usage_of_a_long_event(self) -> None:
        """To tell the usage never fails, also if an event was longer than the limit."""
        stream = event('{"usage":{"prompt_tokens":3},"x":"' + "x" * 200 + '"}') + DONE
        passing = PassthroughPipeline(COMPLETION_ENDS, SAME, 100)
        passing.feed(stream, 1.0)
        self.assertIn(passing.usage(), (Usage(), Usage(3)))


class Renaming(Case):
    def test_in_events(self) -> None:
        """The client's name stands in for the gateway's, as far as events tell it."""
        renamer = ModelRenamer("é\\1", "p/t")
        new = '"\\u00e9\\\\1"'
        for before, after in (
            ('{"id":1,"model":"p/t","x":1}', f'{{"id":1,"model":{new},"x":1}}'),
            ('{"model": "p/t"}', f'{{"model": {new}}}'),
            ('{"model" : "p/t"}', f'{{"model" : {new}}}'),
            ('{"type":"response.created","response":{"model":"p/t"}}', None),
            ('{"type":"message_start","message":{"model":"p/t"}}', None),
        ):
            expected = after or before.replace('"p/t"', new)
            self.assertEqual(renamer.in_events(event(before) * 2), event(expected) * 2)

    def test_left_alone(self) -> None:
        """Another model, another key and what a text says stay as they are."""
        renamer = ModelRenamer("alias", "t.1")
        for fields in (
            {"model": "t"},
            {"model": "t.1-2"},
            {"model": "tx1"},
            {"model": None},
            {"models": "t.1", "my_model": "t.1", "Model": "t.1"},
            {"content": '"model":"t.1" {"model": "t.1"}'},
            {"arguments": json.dumps({"model": "t.1"})},
        ):
            for separators in ((",", ":"), (", ", ": ")):
                events = event(json.dumps(fields, separators=separators))
                self.assertEqual(renamer.in_events(events), events)

    def test_spellings(self) -> None:
        """The gateway's name is found as plain UTF-8 and escaped."""
        renamer = ModelRenamer("a", "é/t")
        for name in ("é/t", "\\u00e9/t"):
            self.assertEqual(renamer.in_events(f'{{"model":"{name}"}}'.encode()), b'{"model":"a"}')

    def test_in_replies(self) -> None:
        """A pipeline renames in every event, however the reads part them, and still finds ends."""
        for ends, stream in (
            (COMPLETION_ENDS, TEXT + FINISH + DONE),
            (RESPONSE_ENDS, CREATED + COMPLETED),
            (MESSAGE_ENDS, STARTED + BLOCK + STOP),
        ):
            expected = stream.replace(b'"model":"t"', b'"model":"alias"')
            self.assertNotEqual(expected, stream)
            for reads in splittings(stream):
                passing = pipeline(ends, ModelRenamer("alias", "t"))
                self.assertEqual((run(passing, reads), passing.done), (expected, True), reads)

    def test_in_an_object(self) -> None:
        """A reply in one object is renamed at its top, and only there."""
        renamer = ModelRenamer("é", "t")
        for before, after in (
            (
                b'{"id":1,"model": "t","x":{"model":"t"}}',
                b'{"id":1,"model":"\\u00e9","x":{"model":"t"}}',
            ),
            ('{"x":"ü","model":"t"}'.encode(), b'{"x":"\\u00fc","model":"\\u00e9"}'),
            (b' {"model":"u"}', b' {"model":"u"}'),
            (b'{ "x":{"model":"t"}}', b'{ "x":{"model":"t"}}'),
            (b'[ {"model":"t"}]', b'[ {"model":"t"}]'),
            (b"5", b"5"),
        ):
            self.assertEqual(pass_object(before, renamer)[0], after)

    def test_no_object(self) -> None:
        """What is not JSON, or not all of it, is not passed on."""
        for body in (b'{"model":"t"', b'{"a":[1,2', b"a transcript\n", b"\xff", b""):
            with self.assertRaises(UpstreamGarbled, msg=body):
                pass_object(body, SAME)

    def test_no_need(self) -> None:
        """Where both names are the same nothing is even looked at."""
        body = b'{ "model": "t"}'
        self.assertIs(pass_object(body, SAME)[0], body)
        self.assertIs(SAME.in_events(body), body)
        self.assertEqual((SAME.is_needed, ModelRenamer("a", "t").is_needed), (False, True))


class Usages(Case):
    def test_names(self) -> None:
        """Both protocols' names are read; what is no count is none."""
        table: tuple[tuple[Any, Usage], ...] = (
            ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, Usage(1, 2)),
            ({"input_tokens": 1, "output_tokens": 2}, Usage(1, 2)),
            ({"prompt_tokens": 0, "input_tokens": 4}, Usage(4, 0)),
            ({"prompt_tokens": -1, "completion_tokens": 1.0}, Usage()),
            ({"prompt_tokens": True, "completion_tokens": "2", "output_tokens": None}, Usage()),
        )
        for usage, expected in table:
            self.assertEqual(usage_of(usage), expected, usage)
        nothings: tuple[Any, ...] = (None, {}, [], [1], "x", 5, True)
        for nothing in nothings:
            self.assertEqual(usage_of(nothing), Usage(), nothing)

    def test_places(self) -> None:
        """Usage is at the top of a reply or an event, in its message, or in its response."""
        usage = {"input_tokens": 1}
        places: tuple[dict[str, Any], ...] = (
            {"usage": usage, "message": {"usage": {"input_tokens": 9}}},
            {"message": {"usage": usage}},
            {"usage": None, "response": {"usage": usage}},
            {"usage": {}, "message": "text", "response": {"usage": usage}},
        )
        for reply in places:
            self.assertEqual(read_usage(reply), Usage(1), reply)
        for nowhere in ({}, {"usage": None}, {"x": {"usage": usage}}, {"message": [usage]}):
            self.assertEqual(read_usage(nowhere), Usage(), nowhere)

    def test_in_an_object(self) -> None:
        """The usage of a reply in one object is found at its beginning and at its end."""
        usage, long = '"usage":{"prompt_tokens":2}', '"data":"' + "x" * 9000 + '"'
        for text, expected in (
            (f"{{{usage}}}", Usage(2)),
            (f"{{{usage},{long}}}", Usage(2)),
            (f"{{{long},{usage}}}", Usage(2)),
            (f'{{"response":{{{usage}}}}}', Usage(2)),
            (f"{{{long}}}", Usage()),
            (f"[{{{usage}}}]", Usage()),
        ):
            self.assertEqual(pass_object(text.encode(), SAME)[1], expected, text[:40])
