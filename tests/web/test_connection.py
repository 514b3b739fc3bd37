"""One connection to a gateway: answers in whatever pieces, and when it may be used again."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import (
    RequestTransmissionFailed,
    ResponseDone,
    ResponseFailed,
    ResponseNeverReceived,
)
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers

from ollamaproxy.upstream.connection import GatewayConnection
from ollamaproxy.upstream.request import GatewayRequest
from ollamaproxy.upstream.request_bodies import PiecesBody, WholeBody
from tests.case import Case

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#: Answers, the content of each, and whether the connection is good for another request.
ANSWERS = (
    (CHUNKED + b"3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\n\r\n", b"abcdef", True),
    (CHUNKED + b"1\r\na\r\n0\r\nX-Trailer: y\r\n\r\n", b"a", True),
    (CHUNKED + b"0\r\n\r\n", b"", True),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", b"abcdef", True),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nConnection: close\r\n\r\na", b"a", False),
    (b"HTTP/1.1 204 \r\n\r\n", b"", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", b"a", True),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\n", b"a", False),
    (CHUNKED + b"1\r\na\r\n0\r\n\r\njunk", b"a", False),
)


class _Transport(StringTransport):
    """A transport that tells how it was closed."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class _Body(Protocol):
    """A body as it comes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ends: list[type[BaseException]] = []

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ends.append(reason.type or BaseException)


class _Asked:
    """A connection on which a request is under way."""

    def __init__(self, body: Any = None, *, reads: bool = True) -> None:
        self.reads = reads
        self.free: list[GatewayConnection] = []
        self.gone: list[GatewayConnection] = []
        self.connection = GatewayConnection(self.free.append, self.gone.append)
        self.transport = _Transport()
        self.connection.makeConnection(self.transport)
        self.body = _Body()
        self.responses: list[Any] = []
        self.failures: list[Failure] = []
        self.answering = self.ask(body)

    def ask(self, body: Any = None) -> Any:
        request = GatewayRequest(
            *(b"POST", b"http://h/x", b"/x"),
            Headers(),
            body or WholeBody(b"{}"),
            host=b"h",
            persistent=True,
        )
        answering = self.connection.request(request)
        return answering.addCallbacks(self._answered, self.failures.append)

    def _answered(self, response: Any) -> None:
        self.responses.append(response)
        if self.reads:
            response.deliverBody(self.body)

    def receive(self, *reads: bytes) -> None:
        for read in reads:
            self.connection.dataReceived(read)

    def lose(self, reason: BaseException) -> None:
        self.connection.connectionLost(Failure(reason))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(ends)]


class Answers(Case):
    @given(st.sampled_from(ANSWERS), st.lists(st.integers(min_value=0), max_size=8))
    @example(ANSWERS[0], [len(CHUNKED) + 4])
    def test_in_any_pieces(self, answer: tuple[bytes, bytes, bool], places: list[int]) -> None:
        """Content, end and what becomes of the connection do not depend on the reads."""
        data, content, is_free = answer
        asked = _Asked()
        for read in cut(data, places):
            if not asked.body.ends:
                asked.receive(read)
            elif asked.free:
                asked.receive(read)
                self.assertTrue(asked.transport.aborted)  # nobody has asked for more
                return
        self.assertEqual(b"".join(asked.body.pieces), content)
        self.assertEqual(asked.body.ends, [ResponseDone])
        self.assertEqual(bool(asked.free), is_free)
        self.assertEqual(asked.transport.disconnecting, not is_free)

    def test_one_piece_for_a_read(self) -> None:
        """All chunks of a read come out together."""
        asked = _Asked()
        asked.receive(CHUNKED, b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n", b"1\r\nd\r\n0\r\n\r\n")
        self.assertEqual(asked.body.pieces, [b"abc", b"d"])

    def test_one_after_the_other(self) -> None:
        """The connection is free before the end of an answer is told, and can be used at once."""
        asked = _Asked()
        asked.receive(CHUNKED + b"1\r\na\r\n0\r\n\r\n")
        asked.body = _Body()
        asked.ask()
        asked.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb")
        self.assertEqual(asked.body.pieces, [b"b"])
        self.assertEqual(len(asked.free), 2)
        self.assertTrue(asked.connection.was_used)

    def test_nobody_wants_the_body(self) -> None:
        """A body that nobody has asked for yet stops the gateway, and is not lost."""
        asked = _Asked(reads=False)
        asked.receive(CHUNKED + b"1\r\na\r\n")
        self.assertEqual(asked.transport.producerState, "paused")
        asked.responses[0].deliverBody(asked.body)
        self.assertEqual(asked.transport.producerState, "producing")
        asked.receive(b"1\r\nb\r\n0\r\n\r\n")
        self.assertEqual(b"".join(asked.body.pieces), b"ab")

    def test_without_a_length(self) -> None:
        """A body that ends with the connection may be whole or not."""
        asked = _Asked()
        asked.receive(b"HTTP/1.1 200 OK\r\n\r\nab")
        asked.lose(ConnectionDone())
        self.assertEqual(asked.body.ends, [PotentialDataLoss])


class Failures(Case):
    def test_cut_off(self) -> None:
        """A body that stops before its end is not whole, and what came is handed on."""
        for data in (CHUNKED + b"2\r\nab\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"):
            asked = _Asked()
            asked.receive(data)
            asked.lose(ConnectionDone())
            self.assertEqual((asked.body.pieces, asked.body.ends), ([b"ab"], [ResponseFailed]))
            self.assertEqual(asked.gone, [asked.connection])

    def test_no_answer(self) -> None:
        """Not a byte of an answer is told apart from some, also if those were but a promise."""
        for data, kind in (
            (b"", ResponseNeverReceived),
            (b"H", ResponseFailed),
            (b"HTTP/1.1 100 Continue\r\n\r\n", ResponseFailed),
        ):
            asked = _Asked()
            asked.receive(*filter(None, [data]))
            asked.lose(ConnectionLost())
            self.assertIs(type(asked.failures[0].value), kind, data)

    def test_no_http(self) -> None:
        """What is no HTTP closes the connection, and so does a head without end."""
        for data in (b"220 mail.test ESMTP\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000):
            asked = _Asked()
            asked.receive(data)
            self.assertIs(type(asked.failures[0].value), ResponseFailed, data[:20])
            self.assertTrue(asked.transport.aborted)

    def test_no_http_in_a_body(self) -> None:
        """What came before a bad chunk is handed on, and the body has not ended well."""
        asked = _Asked()
        asked.receive(CHUNKED, b"1\r\na\r\nzz\r\n")
        self.assertEqual((asked.body.pieces, asked.body.ends), ([b"a"], [ResponseFailed]))
        self.assertTrue(asked.transport.aborted)

    def test_an_answer_before_the_request_is_sent(self) -> None:
        """Nothing more is sent to a gateway that has answered already."""
        asked = _Asked(_Endless())
        asked.receive(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(asked.responses[0].code, 413)
        self.assertTrue(asked.transport.aborted)
        self.assertEqual(asked.free, [])

    def test_a_request_that_is_not_whole(self) -> None:
        """A connection that is lost while it is sent to says so."""
        asked = _Asked(_Endless())
        asked.lose(ConnectionLost())
        self.assertIs(type(asked.failures[0].value), RequestTransmissionFailed)

    def test_cancelled(self) -> None:
        """A request that nobody waits for any more closes the connection, and is not told of."""
        asked = _Asked()
        asked.answering.cancel()
        self.assertIs(type(asked.failures[0].value), CancelledError)
        self.assertTrue(asked.transport.aborted)
        asked.lose(ConnectionLost())
        self.assertEqual(len(asked.failures), 1)


class _Endless(PiecesBody):
    """A body that is never written."""

    def __init__(self) -> None:
        super().__init__([b"x" * 1000])

    def resumeProducing(self) -> None:
        pass
