"""Requests are read as a second, strict parser reads them, whatever the bytes."""

import os

import h11
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from tests.case import Case
from tests.web.network import Network

#: Of these, requests are made: good ones, and all the ways to end one too early or too late.
LINES = (
    *("GET / HTTP/1.1\r\n", "POST /api/show HTTP/1.1\r\n", "GET /api/version HTTP/1.0\r\n"),
    *("HEAD /x HTTP/1.1\r\n", "DELETE /api/delete HTTP/1.1\r\n", "GET http://h/ HTTP/1.1\r\n"),
    *("POST /api/show HTTP/1.0\r\n", "POST /\x7f HTTP/1.1\r\n", "GET / HTTP/1.2\r\n", "GET /\r\n"),
)
HOSTS = ("Host: h\r\n", "host:h:1\r\n", "Host: h\r\n", "Host: h\r\n", "", "Host:\r\n")
HEADERS = (
    *("Host: a\r\n", "Content-Length: 0\r\n", "Content-Length: 3, 3\r\n"),
    *("Content-Length: 3\r\n", "Content-Length: +3\r\n", "content-length : 3\r\n"),
    *("Transfer-Encoding: chunked\r\n", "Transfer-Encoding: identity\r\n"),
    *("Transfer-Encoding:\tchunked\r\n", "Transfer-Encoding: xchunked\r\n"),
    *("Connection: close\r\n", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n"),
    *(" folded\r\n", "X: y\r\n", "X: \x01\r\n", "X\r\n", "X: a\nb\r\n", "X: a\rb\r\n"),
)
BODIES = (
    *("", "", "{}x", "3\r\nabc\r\n0\r\n\r\n", "0\r\n\r\n", "3;x=y\r\nabc\r\n0\r\n\r\n"),
    *("0x3\r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "3\r\nabcd\r\n"),
    *("0\r\nX: y\r\n\r\n", "\r\n", "\n", " "),
)
requests = st.tuples(
    st.sampled_from(LINES),
    st.sampled_from(HOSTS),
    st.lists(st.sampled_from(HEADERS), max_size=2).map("".join),
    st.sampled_from(("\r\n", "\r\n", "\r\n", "\r\n", "\n", "")),
    st.sampled_from(BODIES),
).map("".join)
streams = st.lists(
    requests | st.text(st.characters(max_codepoint=255), max_size=3), max_size=4
).map(lambda parts: "".join(parts).encode("latin-1"))

#: How many streams are tried; ``make fuzz`` tries a hundred thousand.
EXAMPLES = int(os.environ.get("OLLAMAPROXY_TEST_EXAMPLES", "400"))

Seen = tuple[bytes, bytes]

#: All others are answered as soon as their heads have come, and the connection closed.
READ_THEIR_BODY = {(b"POST", b"/api/show"), (b"DELETE", b"/api/delete")}


def as_h11_reads(stream: bytes) -> list[Seen]:
    """
    Return the requests that h11 finds, up to what it refuses.

    Of the last one there may be no more than the head, if that is all it takes
    to answer it.
    """
    found: list[Seen] = []
    while True:
        # RFC 9112 section 2.2: a blank line before a request is passed over; h11 does not.
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(stream.removeprefix(b"\r\n"))
        try:
            request = connection.next_event()
        except h11.RemoteProtocolError:
            return found
        if not isinstance(request, h11.Request):
            return found
        seen = (bytes(request.method), bytes(request.target))
        is_whole = _skip_body(connection)
        if is_whole or seen not in READ_THEIR_BODY:
            found.append(seen)
        if not is_whole or connection.their_state is not h11.DONE:
            return found
        stream, _closed = connection.trailing_data


def _skip_body(connection: h11.Connection) -> bool:
    """Read a body; return whether it is whole."""
    try:
        while isinstance(event := connection.next_event(), h11.Data):
            pass
    except h11.RemoteProtocolError:
        return False
    return isinstance(event, h11.EndOfMessage)


class Framing(Case):
    @settings(deadline=None, max_examples=EXAMPLES)
    @given(streams, st.lists(st.integers(0, 200), max_size=4))
    def test_two_parsers_agree(self, stream: bytes, cuts: list[int]) -> None:
        """What is answered is what h11 reads, however it comes; nothing raises or stays behind."""
        network = Network()
        channel = network.site.buildProtocol(None)
        assert channel is not None
        transport = StringTransport()
        channel.makeConnection(transport)
        begin = 0
        for cut in (*sorted(cuts), len(stream)):
            channel.dataReceived(stream[begin:cut])
            begin = max(begin, cut)
            network.flush()
        channel.connectionLost(Failure(ConnectionDone()))
        network.flush()
        answered = [
            (record.method, record.path)
            for record in network.records
            if record.outcome not in {"parser_refused", "client_left"}
        ]
        expected = [(method, path.partition(b"?")[0]) for method, path in as_h11_reads(stream)]
        self.assertEqual(answered, expected[: len(answered)])
        self.assertEqual(network.leftovers(), [])
        self.assertEqual(self.flushLoggedErrors(), [])
