"""Chunked replies: what Twisted's decoder makes of them, only in fewer pieces."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.web.http import (
    _ChunkedTransferDecoder,  # the measure of all things here
)

from ollamaproxy.upstream.chunks import GatheringDecoder, plain_chunks
from tests.case import Case

_PARTS = (
    *(b"1\r\na\r\n", b"2\r\n\r\n\r\n", b"A\r\n0123456789\r\n", b"00c\r\n" + b"x" * 12 + b"\r\n"),
    *(b"3;x=y\r\nabc\r\n", b"3 \r\nabc\r\n", b"+3\r\nabc\r\n", b"0x3\r\nabc\r\n", b"1_0\r\nab\r\n"),
    *(b"3\r\nabcd\r\n", b"3\r\nab\r\n", b"3\nabc\r\n", b"\r\n", b"g\r\n", b"fffffff\r\n"),
    *(b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\n", b"000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"),
)
framings = st.lists(st.sampled_from(_PARTS), max_size=12).map(b"".join)


class Decoded:
    """What a decoder makes of the reads in which a body comes."""

    def __init__(self, decoder: type[_ChunkedTransferDecoder], reads: Iterable[bytes]) -> None:
        self.pieces: list[bytes] = []
        self.rests: list[bytes] = []
        self.complaint = ""
        decoding = decoder(self.pieces.append, self.rests.append)
        try:
            for read in reads:
                if self.rests:
                    break
                decoding.dataReceived(read)
            decoding.noMoreData()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be the same
            self.complaint = type(error).__name__

    @property
    def all(self) -> tuple[bytes, list[bytes], str]:
        return b"".join(self.pieces), self.rests, self.complaint


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


class Gathering(Case):
    @given(framings, st.lists(st.integers(min_value=0), max_size=6))
    @example(b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\nrest", [4, 9])
    @example(b"3\r\nabc\r\n10\r\n", [9])
    def test_same_as_twisted(self, framing: bytes, places: list[int]) -> None:
        """Whatever comes, and in whatever reads, content, end and mistakes are Twisted's."""
        reads = cut(framing, places)
        ours, theirs = Decoded(GatheringDecoder, reads), Decoded(_ChunkedTransferDecoder, reads)
        self.assertEqual(ours.all, theirs.all, reads)

    def test_one_piece_for_a_read(self) -> None:
        """The chunks of one read come out together, also behind the rest of one of the last."""
        events = [b"data: %d\n\n" % number for number in range(50)]
        body = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in events)
        self.assertEqual(Decoded(GatheringDecoder, [body]).pieces, [b"".join(events)])
        self.assertEqual(len(Decoded(GatheringDecoder, [body[:105], body[105:]]).pieces), 4)

    def test_where_it_stops(self) -> None:
        """What is no plain, whole chunk is left, and so is all that follows it."""
        for left in (b"0\r\n\r\n", b"3;a\r\nabc\r\n", b"3\r\nab", b"3\r\nabcd\r\n", b"-3\r\n", b""):
            self.assertEqual(plain_chunks(b"..1\r\na\r\n" + left, 2), ([b"a"], 8), left)
