"""A request that met a connection just when the gateway closed it is sent once more."""

from collections.abc import Callable

from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused
from twisted.internet.interfaces import IConsumer
from zope.interface import implementer

from ollamaproxy.settings import Settings
from ollamaproxy.upstream.request_bodies import PiecesBody, WholeBody
from ollamaproxy.upstream.stale import CROSSED_S
from tests.case import Case
from tests.web.case import NetworkCase
from tests.web.network import ClientConnection, GatewayConnection

URL = "http://gateway.test:4000"
CLOSED = {"error": "the gateway closed the connection without an answer"}


class UsedConnectionCase(NetworkCase):
    """Before each test there is a connection to the gateway that has served a request."""

    def setUp(self) -> None:
        super().setUp()
        self.chat()
        self.used = self.network.gateway
        self.answer(self.used)

    def answer(self, connection: GatewayConnection) -> None:
        connection.begin_stream()
        connection.token("x")
        connection.end_stream()
        self.network.flush()

    def cut(self, connection: GatewayConnection) -> None:
        connection.cut()
        self.network.flush()

    def assert_answered(self, client: ClientConnection) -> None:
        self.assertEqual(client.response().status, 200)
        self.assertIs(client.response().lines[-1]["done"], True)

    def assert_closed(self, client: ClientConnection) -> None:
        self.assertEqual((client.response().status, client.response().json), (502, CLOSED))

    def assert_connections(self, count: int) -> None:
        self.assertEqual(len(self.network.gateway_connections), count)
        self.assertIs(self.network.gateway_connections[0], self.used)


class Once(UsedConnectionCase):
    def test_on_a_new_connection(self) -> None:
        """A POST on a used connection that closes unanswered is answered by another one."""
        client = self.chat()
        first = self.used.request
        self.cut(self.used)
        self.assert_connections(2)
        second = self.network.gateway.request
        self.assertEqual((second.method, second.path), (first.method, first.path))
        self.assertEqual(second.body, first.body)
        self.answer(self.network.gateway)
        self.assert_answered(client)
        self.assertEqual(self.network.retrying.retries, 1)

    def test_not_out_of_the_pool(self) -> None:
        """The other connection is a new one, even if there are more used ones to be had."""
        self.chat()
        self.chat()
        idle = self.network.gateway
        self.answer(self.used)
        self.answer(idle)
        self.chat()
        met = self.used if not self.used._answered else idle
        self.cut(met)
        self.assert_connections(3)
        self.assertEqual(self.network.gateway.request.method, "POST")

    def test_not_kept(self) -> None:
        """The new connection closes after its request, and says so beforehand."""
        client = self.chat()
        self.cut(self.used)
        self.assertEqual(self.network.gateway.request.headers["connection"], "close")
        self.answer(self.network.gateway)
        self.assertTrue(self.network.gateway.closed)
        self.assert_answered(client)

    def test_not_twice(self) -> None:
        """If the new connection closes unanswered as well, the client is told."""
        client = self.chat()
        self.cut(self.used)
        self.cut(self.network.gateway)
        self.assert_closed(client)
        self.assert_connections(2)

    def test_refused(self) -> None:
        """If there is no new connection to be had, the client is told that."""
        self.network.connecting = lambda: fail(TwistedRefused())
        client = self.chat()
        self.cut(self.used)
        self.assertIn("connection refused", client.response().json["error"])

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves during the second try closes that connection, too."""
        client = self.chat()
        self.cut(self.used)
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)
        self.assert_connections(2)

    def test_the_deadline_goes_on(self) -> None:
        """The second try does not get the whole time for the first byte again."""
        client = self.chat()
        self.network.wait(1)
        self.cut(self.used)
        self.network.wait(299.5)
        self.assertEqual(client.response().status, 504)

    def test_reading(self) -> None:
        """A GET is sent once more as well, without Twisted's own retry on top."""
        asking = self.network.treq.get(f"{URL}/x")
        self.network.flush()
        self.cut(self.used)
        self.cut(self.network.gateway)
        self.failureResultOf(asking)
        self.assert_connections(2)


class Never(UsedConnectionCase):
    def test_on_a_connection_that_was_new(self) -> None:
        """A new connection that closes unanswered is a gateway that fails."""
        self.cut(self.used)  # while idle: it is not used again
        client = self.chat()
        self.cut(self.network.gateway)
        self.assert_closed(client)
        self.assert_connections(2)
        self.assertEqual(self.network.retrying.retries, 0)

    def test_after_a_byte_of_the_answer(self) -> None:
        """A single byte of an answer means that the gateway has begun."""
        client = self.chat()
        self.used.raw(b"H")
        self.cut(self.used)
        self.assertEqual(client.response().status, 502)
        self.assert_connections(1)

    def test_for_a_client_that_left(self) -> None:
        """Nobody waits for the answer: the request is not sent again."""
        client = self.chat()
        client.leave()
        self.network.flush()
        self.cut(self.used)
        self.assert_connections(1)

    def test_after_the_deadline(self) -> None:
        """A request that has timed out is not sent again."""
        client = self.chat()
        self.network.wait(300)
        self.assertEqual(client.response().status, 504)
        self.assert_connections(1)

    def test_late(self) -> None:
        """A connection that dies later died of something else than of its age."""
        client = self.chat()
        self.network.wait(CROSSED_S + 0.1)
        self.cut(self.used)
        self.assert_closed(client)
        self.assert_connections(1)


class SwitchedOff(UsedConnectionCase):
    settings = Settings(base_url=URL, no_retry=True)

    def test_posts(self) -> None:
        """No POST is sent twice if the operator does not want it."""
        client = self.chat()
        self.cut(self.used)
        self.assert_closed(client)
        self.assert_connections(1)
        self.assertEqual(self.network.retrying.retries, 0)

    def test_reading(self) -> None:
        """What only reads is sent once more all the same."""
        asking = self.network.treq.get(f"{URL}/x")
        self.network.flush()
        self.cut(self.used)
        self.network.gateway.reply(200, "text/plain", "")
        self.network.flush()
        self.assertEqual(self.successResultOf(asking).code, 200)


@implementer(IConsumer)
class _Consumer:
    """Takes what a body writes; calls ``is_full`` after each piece."""

    def __init__(self, is_full: Callable[[], None] = lambda: None) -> None:
        self.written = b""
        self._is_full = is_full

    def write(self, data: bytes) -> None:
        self.written += data
        self._is_full()

    def registerProducer(self, producer: object, streaming: bool) -> None: ...

    def unregisterProducer(self) -> None: ...


class Bodies(Case):
    PIECES = (b"a" * 100_000, memoryview(b"b" * 70_000), b"", b"c")

    def test_written_again(self) -> None:
        """A body can be written a second time, whole, to somebody else."""
        whole = b"".join(self.PIECES)
        for body in (WholeBody(whole), PiecesBody(self.PIECES)):
            for _ in range(2):
                consumer = _Consumer()
                self.assertIsNone(self.successResultOf(body.startProducing(consumer)))
                self.assertEqual(consumer.written, whole)

    def test_more_slowly(self) -> None:
        """The second time is over when it is over, and not when the first was."""
        body = PiecesBody(self.PIECES)
        body.startProducing(_Consumer())
        slow = _Consumer(is_full=body.pauseProducing)
        writing = body.startProducing(slow)
        while slow.written != b"".join(self.PIECES):
            self.assertNoResult(writing)
            body.resumeProducing()
        self.assertIsNone(self.successResultOf(writing))

    def test_stopped_in_the_middle(self) -> None:
        """Also after it was stopped in the middle: nothing of the first time is left."""
        body = PiecesBody(self.PIECES)
        full = _Consumer(is_full=body.pauseProducing)
        self.assertNoResult(body.startProducing(full))
        self.assertLess(len(full.written), body.length)
        body.stopProducing()
        consumer = _Consumer()
        self.assertIsNone(self.successResultOf(body.startProducing(consumer)))
        self.assertEqual(consumer.written, b"".join(self.PIECES))
