"""Events that pass whole and untouched, and what says that a stream of them is complete."""

import json
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.event_blocks import EventBlocks
from ollamaproxy.wire.event_ends import (
    COMPLETION_ENDS,
    MESSAGE_ENDS,
    RESPONSE_ENDS,
    TRANSCRIPTION_ENDS,
    EventEnds,
)
from ollamaproxy.wire.sse import EventDecoder
from tests.case import Case

ROOMY = 1 << 20

#: Streams of whole events.
WHOLE = (
    b"data: a\n\n",
    b"data: a\n\ndata: b\n\n",
    b": ping\n\ndata: a\n\n: ping\n\n",
    b"event: x\ndata: a\ndata: b\n\nevent: y\ndata: c\n\n",
    b"data: a\n\n\n\ndata: b\n\n",
    b"\n\ndata: a\n\n",
    "data: é😀\n\ndata: \u2028\n\n".encode(),
    b"data: \xff\x00\n\n",
    b"data: a\rb\n\ndata: c\n\n",
    b":\n\n:\n\n:\n\n",
    b"",
)
#: Streams whose last event has no end, or not all of it, and what is missing.
UNENDED = (
    (b"data: a", b"\n\n"),
    (b"data: a\n", b"\n"),
    (b"data: a\n\ndata: b", b"\n\n"),
    (b"event: x\ndata: a\n", b"\n"),
    (b"data: a\n\ndata", b"\n\n"),
)


def crlf(stream: bytes) -> bytes:
    return stream.replace(b"\n", b"\r\n")


def passed(reads: Iterable[bytes], max_event_bytes: int = ROOMY) -> list[bytes]:
    """Return what comes out for each of the reads, and at last the rest."""
    blocks = EventBlocks(max_event_bytes)
    return [*(blocks.feed(read) for read in reads), blocks.rest()]


def splittings(stream: bytes) -> Iterable[list[bytes]]:
    """Yield reads that part a stream everywhere: at no place, at each, at every two, bytewise."""
    yield [stream]
    for at in range(len(stream) + 1):
        yield [stream[:at], stream[at:]]
        for later in range(at, len(stream) + 1):
            yield [stream[:at], stream[at:later], stream[later:]]
    yield [stream[at : at + 1] for at in range(len(stream))]


def decoded(stream: bytes) -> list[bytes]:
    return EventDecoder(ROOMY).feed(stream)


class Blocks(Case):
    def test_untouched(self) -> None:
        """Whole events come out byte for byte, however the reads part them."""
        for stream in (*WHOLE, *map(crlf, WHOLE[:5])):
            for reads in splittings(stream):
                self.assertEqual(b"".join(passed(reads)), stream, reads)

    def test_blocks(self) -> None:
        """Whatever comes out ends where an event does."""
        for stream in (*WHOLE, *(stream for stream, _missing in UNENDED)):
            for end, written in ((b"\n\n", stream), (b"\r\n\r\n", crlf(stream))):
                for reads in splittings(written):
                    *outs, _rest = passed(reads)
                    for out in outs:
                        self.assertTrue(not out or out.endswith(end), (reads, out))

    def test_at_once(self) -> None:
        """An event comes out with the byte that completes it, and is not held back."""
        for events in (
            [b"data: a\n\n", b"event: x\ndata: b\n\n", b": c\n\n"],
            [b"data: a\r\n\r\n", b"event: x\r\ndata: b\r\n\r\n", b": c\r\n\r\n"],
            [b"data: a\r\n\r\n", b"data: b\n\n", b"data: c\r\n\r\n"],
            [b":\n\n", b":\r\n\r\n", b"\n\n", b"a\n\n"],
        ):
            blocks = EventBlocks(ROOMY)
            for event in events:
                outs = [blocks.feed(event[at : at + 1]) for at in range(len(event))]
                self.assertEqual(outs, [b""] * (len(event) - 1) + [event])

    def test_a_long_event(self) -> None:
        """What has come of a long event is not copied with each read."""
        size, count = 65536, 128
        copied = [0]

        class Read(bytes):
            """Counts what is copied where it is added to something."""

            def __radd__(self, before: bytes) -> bytes:
                copied[0] += len(before) + len(self)
                return before + bytes(self)

        blocks = EventBlocks(size * count)
        for _ in range(count):
            self.assertEqual(blocks.feed(Read(b"x" * size)), b"")
        self.assertLess(copied[0], 2 * size * count)

    def test_the_rest(self) -> None:
        """A last event without its blank line is given one."""
        for stream, missing in UNENDED:
            for reads in splittings(stream):
                self.assertEqual(b"".join(passed(reads)), stream + missing, reads)
        for stream in (b"data: a\r\n\r\ndata: b", b"data: a\r\n\r\ndata: b\r\n\r"):
            for reads in splittings(stream):
                out = b"".join(passed(reads))
                self.assertEqual(out, b"data: a\r\n\r\ndata: b\n\n", reads)

    def test_the_rest_is_given_once(self) -> None:
        """What has been held back is given out once; line ends alone are nothing."""
        blocks = EventBlocks(ROOMY)
        self.assertEqual(blocks.rest(), b"")
        blocks.feed(b"data: a")
        self.assertEqual([blocks.rest(), blocks.rest()], [b"data: a\n\n", b""])
        blocks.feed(b"\r\n")
        self.assertEqual(blocks.rest(), b"")

    @settings(deadline=None, max_examples=300)
    @given(
        st.lists(
            st.sampled_from((b"data: a", b"data", b": ", b"event: x", b"\n", b"\n\n", b"x")),
            max_size=20,
        ).map(b"".join),
        st.booleans(),
        st.lists(st.integers(0, 1000), max_size=6),
    )
    @example(b"data: a\n\n\ndata: b", False, [9])
    def test_any_stream(self, stream: bytes, with_cr: bool, cuts: list[int]) -> None:
        """Any stream still has its events, in whatever reads it comes."""
        stream = crlf(stream) if with_cr else stream
        places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
        out = b"".join(passed(stream[start:end] for start, end in pairwise(places)))
        self.assertEqual(decoded(out), decoded(stream + b"\n\n"))


class TheLimit(Case):
    def test_an_event_without_end(self) -> None:
        """An event may grow to the limit and not beyond, however the reads part it."""
        for event in (b"data: a\n\ndata: " + b"x" * 34, b"data: " + b"x" * 33 + b"\n"):
            for at in range(len(event) + 1):
                reads = [event[:at], event[at:]]
                self.assertEqual(b"".join(passed(reads, 40)).strip(b"\n"), event.strip(b"\n"))
                with self.assertRaises(UpstreamGarbled) as caught:
                    passed(reads, 39)
        error = caught.exception
        self.assertEqual(error.message, "the gateway sent an event of more than 39 bytes")
        self.assertEqual(error.status, 502)

    def test_many_events(self) -> None:
        """A stream may be of any length, in one read or in many, as long as its events are not."""
        stream = b"data: 0123456789\n\n" * 500
        for reads in ([stream], [stream[at : at + 7] for at in range(0, len(stream), 7)]):
            self.assertEqual(b"".join(passed(reads, 18)), stream)


def event(body: str) -> bytes:
    return f"data: {body}\n\n".encode()


LAST = (True, False)
FINISHED = (False, True)
NOTHING = (False, False)

#: Protocol, event, whether it is the last, whether it says that the model stopped.
MARKS: tuple[tuple[EventEnds, bytes, tuple[bool, bool]], ...] = (
    *(
        (ends, done, LAST)
        for ends in (COMPLETION_ENDS, RESPONSE_ENDS, TRANSCRIPTION_ENDS)
        for done in (b"data: [DONE]\n\n", b"event: x\r\ndata: [DONE]\r\n\r\n")
    ),
    (MESSAGE_ENDS, b"data: [DONE]\n\n", NOTHING),
    *(
        (COMPLETION_ENDS, event(f'{{"choices":[{{"finish_reason":{space}{value}}}]}}'), told)
        for value, told in (('"stop"', FINISHED), ('"length"', FINISHED), ("null", NOTHING))
        for space in ("", " ")
    ),
    *(
        (RESPONSE_ENDS, event(f'{{"type":{space}"response.{kind}"}}'), told)
        for kind, told in (
            ("completed", FINISHED),
            ("incomplete", FINISHED),
            ("failed", FINISHED),
            ("created", NOTHING),
            ("in_progress", NOTHING),
            ("output_text.done", NOTHING),
            ("mcp_call.completed", NOTHING),
        )
        for space in ("", " ")
    ),
    *(
        (MESSAGE_ENDS, b"event: x\n" + event(f'{{"type":{space}"{kind}"}}'), told)
        for kind, told in (
            ("message_stop", LAST),
            ("message_start", NOTHING),
            ("message_delta", NOTHING),
            ("content_block_stop", NOTHING),
            ("ping", NOTHING),
        )
        for space in ("", " ")
    ),
    *(
        (TRANSCRIPTION_ENDS, event(f'{{"type":{space}"transcript.text.{kind}"}}'), told)
        for kind, told in (("done", FINISHED), ("delta", NOTHING))
        for space in ("", " ")
    ),
)

#: What a model may say, for example when it is asked about these protocols.
TEXTS = (
    *(b"data: [DONE]", b"data:[DONE]", b"\ndata: [DONE]\n\n"),
    *(b'"finish_reason":"stop"', b'"finish_reason": "stop"', b'{"finish_reason":"'),
    *(b'{"type":"response.completed"}', b'{"type": "response.failed"}'),
    *(b'{"type":"message_stop"}', b'{"type": "transcript.text.done"}'),
)


class Ends(Case):
    def test_marks(self) -> None:
        """Each protocol's marks are found, spaced as servers do, alone and after other events."""
        for ends, found, told in MARKS:
            for before in (b"", b": ping\n\n", event('{"type":"x"}') * 2):
                events = before + found
                self.assertEqual(
                    (ends.end_of_last(events) >= 0, ends.is_finished(events)), told, events
                )

    def test_done_without_a_space(self) -> None:
        """The space after the colon is only notation, and some servers leave it out."""
        for ends in (COMPLETION_ENDS, RESPONSE_ENDS, TRANSCRIPTION_ENDS):
            for before in (b"", b": ping\n\n", b"event: x\r\n"):
                self.assertTrue(ends.end_of_last(before + b"data:[DONE]\n\n") >= 0, before)

    def test_marks_before_others(self) -> None:
        """What follows a mark does not hide it."""
        for ends, found, told in MARKS:
            events = found + b": ping\n\n"
            self.assertEqual(
                (ends.end_of_last(events) >= 0, ends.is_finished(events)), told, events
            )

    def test_texts(self) -> None:
        """What a model says is not taken for a mark, also if it is the same."""
        for ends in (COMPLETION_ENDS, RESPONSE_ENDS, MESSAGE_ENDS, TRANSCRIPTION_ENDS):
            for text in TEXTS:
                for written in (
                    json.dumps({"content": text.decode()}),
                    json.dumps({"content": text.decode()}, separators=(",", ":")),
                    json.dumps({"arguments": json.dumps({"a": text.decode()})}),
                    json.dumps({text.decode(): [text.decode()]}),
                ):
                    events = event(written)
                    told = (ends.end_of_last(events) >= 0, ends.is_finished(events))
                    self.assertEqual(told, NOTHING, (ends, events))

    def test_where_it_ends(self) -> None:
        """The end is behind the last event's blank line, whatever stands behind it."""
        for events, end in (
            (b"data: [DONE]\n\n", 14),
            (b"data: [DONE]\n\ndata: x\n\n", 14),
            (b"data: x\n\ndata: [DONE]\n\n: y\n\n", 23),
            (b"data: [DONE]\r\n\r\ndata: x\r\n\r\n", 16),
            (b"data: [DONE]", 12),
            (b"data: x\n\n", -1),
        ):
            self.assertEqual(COMPLETION_ENDS.end_of_last(events), end, events)

    def test_an_empty_reason(self) -> None:
        """A reason that is empty is none; one later in the same bytes counts."""
        for events, told in (
            (b'data: {"finish_reason":""}\n\n', False),
            (b'data: {"finish_reason":""}\n\ndata: {"finish_reason":"stop"}\n\n', True),
        ):
            self.assertEqual(COMPLETION_ENDS.is_finished(events), told)
