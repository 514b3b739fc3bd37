"""Server-sent events: every document, in whatever reads it comes."""

import re
import tracemalloc
from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.sse import EventDecoder

ROOMY = 1 << 20

#: What it shows, the document, the data of its events.
DOCUMENTS: Sequence[tuple[str, bytes, list[bytes]]] = (
    ("nothing", b"", []),
    ("one event", b"data: a\n\n", [b"a"]),
    ("two events", b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
    ("no space after the colon", b"data:a\n\n", [b"a"]),
    ("only one space is notation", b"data:  a \n\n", [b" a "]),
    ("a tab is none", b"data:\ta\n\n", [b"\ta"]),
    ("a space alone", b"data: \n\n", [b""]),
    ("colons in the data", b"data: a: b:\n\n", [b"a: b:"]),
    ("several data lines", b"data: YHOO\ndata: +2\ndata: 10\n\n", [b"YHOO\n+2\n10"]),
    ("an empty data line between", b"data: a\ndata:\ndata: b\n\n", [b"a\n\nb"]),
    ("lines end in LF", b"data: a\ndata: b\n\ndata: c\n\n", [b"a\nb", b"c"]),
    ("lines end in CR LF", b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [b"a\nb", b"c"]),
    ("lines end in CR", b"data: a\rdata: b\r\rdata: c\r\r", [b"a\nb", b"c"]),
    (
        "lines end in all of them",
        b"data: a\r\n\rdata: b\r\r\ndata: c\n\ndata: d\n\rdata: e\n\r\ndata: f\r\n\n",
        [b"a", b"b", b"c", b"d", b"e", b"f"],
    ),
    ("LF CR are two line ends", b"data: a\n\rdata: b\n\n", [b"a", b"b"]),
    ("many blank lines", b"\n\r\n\r\rdata: a\n\n\n\n\r\n", [b"a"]),
    ("a byte order mark", b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    ("a byte order mark and nothing", b"\xef\xbb\xbf\n\n", []),
    ("only one byte order mark", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [b"b"]),
    ("a byte order mark later on", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [b"a"]),
    ("a part of a byte order mark", b"\xef\xbbdata: a\n\ndata: b\n\n", [b"b"]),
    ("a comment before", b": ping\n\ndata: a\n\n", [b"a"]),
    ("a comment within", b"data: a\n: ping\n:\ndata: b\n\n", [b"a\nb"]),
    ("a comment that looks like data", b":data: a\n\n", []),
    ("other fields", b"event: x\nid: 1\nretry: 5\nfoo: bar\nfoo\n\n", []),
    ("other fields around", b"event: x\ndata: a\nid: 7\n\n", [b"a"]),
    ("a name is matched exactly", b"Data: a\n data: b\ndata : c\ndat: d\ndatax: e\ndatax\n\n", []),
    ("data without a colon is empty data", b"data\n\ndata\ndata\n\ndata:", [b"", b"\n"]),
    ("data without a colon among others", b"data: a\ndata\ndata: b\n\n", [b"a\n\nb"]),
    ("cut off within a line", b"data: a\n\ndata: b", [b"a"]),
    ("cut off after a line", b"data: a\n\ndata: b\n", [b"a"]),
    ("cut off after CR LF", b"data: a\r\n\r\ndata: b\r\n", [b"a"]),
    (
        "only LF, CR and CR LF end a line",
        b"data: a\x0b\x0c\x1c\xc2\x85b\n\n",
        [b"a\x0b\x0c\x1c\xc2\x85b"],
    ),
    ("UTF-8", "data: é😀\u2028\n\n".encode(), ["é😀\u2028".encode()]),
    ("not UTF-8", b"data: \xff\x00\xc3\n\n", [b"\xff\x00\xc3"]),
    (
        "the specification's third example",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
        [b"first event", b"second event"],
    ),
    (
        "LiteLLM with keep-alive",
        b': ping\n\ndata: {"choices":[]}\n\n: ping\n\ndata: [DONE]\n\n',
        [b'{"choices":[]}', b"[DONE]"],
    ),
)

#: What streams are made of, so that random ones are about something.
_PARTS = (
    b"data",
    b"data:",
    b"data: ",
    b"data: a",
    b":",
    b": c",
    b"id: 1",
    b" ",
    b"x",
    b"\r",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\xef\xbb\xbf",
    b"\xc3\xa9",
    b"\xff",
)
streams = st.lists(st.sampled_from(_PARTS), max_size=30).map(b"".join)


def decode(reads: Iterable[bytes], max_event_bytes: int = ROOMY) -> list[bytes]:
    """Return the data of the events of a stream that comes in these reads."""
    decoder = EventDecoder(max_event_bytes)
    return [event for read in reads for event in decoder.feed(read)]


def refused(reads: Iterable[bytes], max_event_bytes: int) -> bool:
    """Return whether a stream that comes in these reads is refused for its length."""
    try:
        decode(reads, max_event_bytes)
    except UpstreamGarbled:
        return True
    return False


def bytewise(document: bytes) -> list[bytes]:
    return [document[at : at + 1] for at in range(len(document))]


def in_pieces(document: bytes, cuts: Iterable[int]) -> list[bytes]:
    """Cut a document at some places; two of them may be the same."""
    places = [0, *sorted(cut % (len(document) + 1) for cut in cuts), len(document)]
    return [document[start:end] for start, end in pairwise(places)]


def by_the_book(stream: bytes) -> list[bytes]:
    """Interpret a whole stream step by step as the specification tells."""
    *lines, _unfinished = re.split(b"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf"))
    events = []
    buffer = b""
    for line in lines:
        if not line:
            if buffer:
                events.append(buffer[:-1])
            buffer = b""
            continue
        name, _colon, value = line.partition(b":")
        if name == b"data":
            buffer += value.removeprefix(b" ") + b"\n"
    return events


class Documents(SynchronousTestCase):
    def test_in_one_read(self) -> None:
        """A document has the events that the specification says."""
        for name, document, events in DOCUMENTS:
            self.assertEqual(decode([document]), events, name)

    def test_in_two_reads(self) -> None:
        """Where two reads part a document makes no difference."""
        for name, document, events in DOCUMENTS:
            for at in range(len(document) + 1):
                reads = [document[:at], document[at:]]
                self.assertEqual(decode(reads), events, f"{name}: {reads}")

    def test_byte_by_byte(self) -> None:
        """A document may come one byte at a time."""
        for name, document, events in DOCUMENTS:
            self.assertEqual(decode(bytewise(document)), events, name)

    def test_empty_reads(self) -> None:
        """A read of no bytes changes nothing, not even between CR and LF."""
        for name, document, events in DOCUMENTS:
            reads = [read for byte in bytewise(document) for read in (byte, b"")]
            self.assertEqual(decode([b"", *reads]), events, name)

    def test_the_book_agrees(self) -> None:
        """The plain decoder that the random tests compare with gives the same events."""
        for name, document, events in DOCUMENTS:
            self.assertEqual(by_the_book(document), events, name)

    @settings(deadline=None, max_examples=500)
    @given(streams, st.lists(st.integers(0, 1000), max_size=6))
    def test_any_stream_in_any_reads(self, stream: bytes, cuts: list[int]) -> None:
        """Any stream has the events that the specification says, in whatever reads it comes."""
        self.assertEqual(decode(in_pieces(stream, cuts)), by_the_book(stream))

    @settings(deadline=None, max_examples=200)
    @given(st.binary(max_size=80))
    def test_any_bytes(self, stream: bytes) -> None:
        """Bytes that are no event stream at all are read by the same rules."""
        self.assertEqual(decode(bytewise(stream)), by_the_book(stream))

    def test_events_come_at_once(self) -> None:
        """An event comes out with the line end that completes it, and is not held back."""
        for line_end in (b"\n", b"\r\n", b"\r"):
            decoder = EventDecoder(ROOMY)
            self.assertEqual(decoder.feed(b"data: a" + line_end), [])
            self.assertEqual(decoder.feed(line_end[:1]), [b"a"], line_end)


class TheLimit(SynchronousTestCase):
    """The lines of one event may have so many bytes in total, line ends not counted."""

    #: What it shows, and the lines of an event, each of them 40 bytes in total.
    EVENTS: Sequence[tuple[str, bytes]] = (
        ("one line", b"data: " + b"x" * 34 + b"\n\n"),
        ("two lines", b"data: " + b"x" * 14 + b"\ndata: " + b"y" * 14 + b"\n\n"),
        ("empty lines", b"data:\r\n" * 8 + b"\r\n"),
        ("lines without a colon", b"data\r" * 10 + b"\r"),
    )

    def test_just_fits(self) -> None:
        """An event of exactly the limit is let through, wherever the reads part it."""
        for name, event in self.EVENTS:
            for at in range(len(event) + 1):
                events = decode([event[:at], event[at:]], 40)
                self.assertEqual(events, by_the_book(event), f"{name}, parted at {at}")

    def test_too_long(self) -> None:
        """An event of one byte more is refused, wherever the reads part it."""
        for name, event in self.EVENTS:
            for at in range(len(event) + 1):
                reads = [event[:at], event[at:]]
                self.assertTrue(refused(reads, 39), f"{name}, parted at {at}")

    def test_a_long_comment(self) -> None:
        """A line that is no data has no right to be longer either."""
        for line in (b": " + b"x" * 40 + b"\n", b"x" * 41 + b"\n"):
            for at in range(len(line) + 1):
                reads = [line[:at], line[at:]]
                self.assertTrue(refused(reads, 40), f"{line!r}, parted at {at}")

    def test_the_words(self) -> None:
        """The error tells the limit and is the gateway's fault."""
        with self.assertRaises(UpstreamGarbled) as caught:
            EventDecoder(9).feed(b"data: 12345")
        error = caught.exception
        self.assertEqual(error.message, "the gateway sent an event of more than 9 bytes")
        self.assertEqual(error.status, 502)

    def test_too_long_among_others(self) -> None:
        """An event that is too long is refused as well where several come in one read."""
        decoder = EventDecoder(9)
        decoder.feed(b"data: 1\n\n")
        with self.assertRaises(UpstreamGarbled):
            decoder.feed(b"data: 1\n\ndata: 12345\n\n")

    def test_counts_one_event(self) -> None:
        """A stream may be of any length, in one read or in many, as long as its events are not."""
        stream = b"".join(b"data: %030d\n\n" % number for number in range(500))
        self.assertEqual(len(decode([stream], 40)), 500)
        self.assertEqual(len(decode(bytewise(stream), 40)), 500)

    def test_other_lines_do_not_add_up(self) -> None:
        """Comments and other fields may go on for ever, also within an event."""
        others = [b": ping\n", b"id: 12345\n", b"event: message\n"] * 200
        self.assertEqual(decode([b"data: a\n", *others, b"\n"], 40), [b"a"])
        self.assertEqual(decode([b"data: a\n" + b"".join(others) + b"\n"], 40), [b"a"])

    def test_what_never_ends(self) -> None:
        """An event without an end is refused as soon as it has passed the limit."""
        for piece in (b"x", b"data: 1", b"data: 1\n", b"data:\n", b"data\r\n", b": ping"):
            self.assertFalse(refused([piece] * (900 // len(piece)), 1000), piece)
            self.assertTrue(refused([piece] * (2000 // len(piece)), 1000), piece)

    def test_a_line_without_an_end(self) -> None:
        """What has come of an unfinished line counts with the lines before it."""
        reads = [b"data: " + b"x" * 24 + b"\n", b"data: " + b"y" * 5]
        self.assertTrue(refused(reads, 40))
        self.assertFalse(refused(reads, 41))

    def test_keeps_nothing(self) -> None:
        """What has been decoded is not kept: a long stream takes no more memory than a short."""
        pieces = (b"data: " + b"x" * 900 + b"\n\n", b": " + b"x" * 900 + b"\n", b"id: 1\n\n" * 128)
        for piece in pieces:
            decoder = EventDecoder(1000)
            decoder.feed(piece)
            tracemalloc.start()
            try:
                for _ in range(300):
                    decoder.feed(piece)
                kept_bytes, _peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            self.assertLess(kept_bytes, 30_000, piece[:10])
