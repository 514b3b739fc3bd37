"""How a reply moves: when its head goes out, how it is written, paced and stopped."""

import tracemalloc

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol

from ollamaproxy.settings import KIB, Deadlines, Limits, Secret, Settings
from tests.web.case import CHAT, NetworkCase
from tests.web.network import KEY


class Writing(NetworkCase):
    def test_no_head_before_the_first_event(self) -> None:
        """Nothing is sent before the gateway's first event, so that a failure can have a status."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.chunk(b": ping\n\n")
        self.network.gateway.event({"choices": [{"delta": {"role": "assistant", "content": ""}}]})
        self.network.flush()
        self.assertEqual(client.received, b"")

    def test_one_write_for_what_came_together(self) -> None:
        """Events that arrive in one read leave in one write, each on its own line."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("a")
        self.network.flush()
        client.received = b""
        for text in ("b", "c", "d"):
            self.network.gateway.token(text)
        self.network.flush()
        size, _crlf, rest = client.received.partition(b"\r\n")
        self.assertEqual(int(size, 16), len(rest) - len(b"\r\n"))
        self.assertEqual(rest.count(b"\n"), 3 + 1)

    def test_the_end_in_one_write(self) -> None:
        """The line that says done and the body's end mark leave together, and so does an error."""
        for last, told in (
            (b"data: [DONE]\n\n", b'"done":true'),
            (b'data: {"error":"x"}\n\n', b'"error"'),
        ):
            self.chat()
            self.network.gateway.begin_stream()
            self.network.gateway.token("a")
            self.network.flush()
            self.network.gateway.chunk(last)
            self.network.flush()
            written = self.network.last_write
            self.assertIn(told, written)
            self.assertTrue(written.endswith(b"\r\n0\r\n\r\n"), written)

    def test_an_event_split_over_two_reads(self) -> None:
        """An event that arrives in two reads leaves when it is complete."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.chunk(b'data: {"choices": [{"delta": {"con')
        self.network.flush()
        self.assertEqual(client.received, b"")
        self.network.gateway.chunk(b'tent": "x"}}]}\n\n')
        self.network.flush()
        self.assertEqual(client.response().lines[0]["message"]["content"], "x")

    def test_the_reply_ends_with_the_end_mark(self) -> None:
        """A reply is complete as soon as [DONE] has come, even if the gateway's body goes on."""
        client = self.chat()
        gateway = self.network.gateway
        gateway.begin_stream()
        gateway.token("x")
        gateway.event("[DONE]")
        self.network.flush()
        self.assertTrue(client.response().complete)
        self.assertFalse(gateway.closed)
        self.network.wait(1)
        self.assertTrue(gateway.closed)

    def test_the_connection_serves_the_next_request(self) -> None:
        """When the gateway's body ends in time, its connection is used again."""
        for _ in range(2):
            client = self.chat()
            self.network.gateway.begin_stream()
            self.network.gateway.token("x")
            self.network.gateway.end_stream()
            self.network.flush()
            self.assertTrue(client.response().complete)
            self.network.gateway.received = b""
        self.assertEqual(len(self.network.gateway_connections), 1)

    def test_the_client_s_connection_serves_the_next_request(self) -> None:
        """A client can send its next request on the same connection."""
        client = self.chat()
        for _ in range(2):
            self.network.gateway.begin_stream()
            self.network.gateway.token("x")
            self.network.gateway.end_stream()
            self.network.flush()
            self.assertTrue(client.response().complete)
            client.received = self.network.gateway.received = b""
            client.send("POST", "/api/chat", CHAT)
            self.network.flush()
        self.network.gateway.reply(200, "text/event-stream", "data: [DONE]\n\n")
        self.network.flush()
        self.assertEqual(len(self.network.records), 3)


class Memory(NetworkCase):
    def test_a_relayed_reply_is_not_kept(self) -> None:
        """What has been relayed is forgotten: a long stream takes no more room than a short one."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        sizes = []
        for _ in range(16):
            self.network.gateway.token("x" * 256 * KIB)
            self.network.flush()
            client.received = b""
            sizes.append(tracemalloc.get_traced_memory()[0])
        self.assertLess(sizes[-1] - sizes[1], 512 * KIB)


class Pacing(NetworkCase):
    def test_a_slow_client_pauses_the_gateway(self) -> None:
        """A client that does not read pauses the gateway, and one that reads again resumes it."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        calls: list[str] = []
        upstream = self.network.daemon_side(self.network.gateway)
        upstream.pauseProducing = lambda: calls.append("pause")
        upstream.resumeProducing = lambda: calls.append("resume")
        channel = self.network.daemon_side(client).producer
        channel.pauseProducing()
        channel.resumeProducing()
        self.assertEqual(calls, ["pause", "resume"])

    def test_the_gateway_is_not_blamed_for_a_slow_client(self) -> None:
        """While the client does not read, the gateway's silence does not count."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        channel = self.network.daemon_side(client).producer
        for _ in range(40):
            channel.pauseProducing()
            self.network.wait(25)
            channel.resumeProducing()
        self.network.wait(59)
        self.assertEqual(len(client.response().lines), 1)
        self.network.wait(2)
        self.assertIn("error", client.response().lines[1])

    def test_a_reply_that_is_over_is_resumed(self) -> None:
        """A paused body is let go when the reply is complete, so that its connection can end it."""
        client = self.chat()
        gateway = self.network.gateway
        gateway.begin_stream()
        gateway.token("x")
        self.network.flush()
        upstream = self.network.daemon_side(gateway)
        calls: list[str] = []
        upstream.resumeProducing = lambda: calls.append("resume")
        self.network.daemon_side(client).producer.pauseProducing()
        gateway.event("[DONE]")
        self.network.flush()
        self.assertEqual(calls, ["resume"])


class LeavingClient(NetworkCase):
    def test_while_connecting(self) -> None:
        """A client that leaves while the gateway is being connected cancels that."""
        cancelled: list[object] = []
        self.network.connecting = lambda: Deferred[IProtocol](cancelled.append)
        client = self.chat()
        client.leave()
        self.network.flush()
        self.assertEqual(len(cancelled), 1)

    def test_before_the_head(self) -> None:
        """A client that leaves before the gateway has answered closes the gateway's connection."""
        client = self.chat()
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)

    def test_before_the_first_token(self) -> None:
        """A client that leaves after the gateway's head closes the gateway's connection."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.flush()
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)

    def test_in_the_middle(self) -> None:
        """A client that leaves in the middle closes the gateway's connection."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)

    def test_of_a_whole_reply(self) -> None:
        """A client that does not stream and leaves closes the gateway's connection, too."""
        client = self.chat(stream=False)
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        client.leave()
        self.network.flush()
        self.assertTrue(self.network.gateway.closed)


class Deadline(NetworkCase):
    settings = Settings(
        base_url="http://gateway.test:4000",
        api_key=Secret(KEY),
        deadlines=Deadlines(connect_s=5, first_byte_s=300, between_bytes_s=60),
        limits=Limits(max_reply_bytes=1000, max_event_bytes=1000),
    )

    def test_of_connecting(self) -> None:
        """A gateway that cannot be connected within the deadline is a 502 that says so."""
        self.network.connecting = Deferred[IProtocol]
        client = self.chat()
        self.network.wait(4.9)
        self.assertEqual(client.received, b"")
        self.network.wait(0.2)
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertEqual(
            response.json,
            {"error": "cannot reach the gateway: no connection within 5 seconds"},
        )

    def test_of_the_head(self) -> None:
        """A gateway that never answers is a 504 that says so, and is disconnected."""
        client = self.chat()
        self.network.wait(299)
        self.assertEqual(client.received, b"")
        self.network.wait(2)
        response = client.response()
        self.assertEqual(response.status, 504)
        self.assertEqual(response.json, {"error": "the gateway did not answer within 300 seconds"})
        self.assertTrue(self.network.gateway.closed)

    def test_of_the_first_token(self) -> None:
        """A gateway that sends its head at once may take as long for its first token."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.flush()
        self.network.wait(299)
        self.assertEqual(client.received, b"")
        self.network.wait(2)
        self.assertEqual(client.response().status, 504)
        self.assertTrue(self.network.gateway.closed)

    def test_between_tokens(self) -> None:
        """A gateway that falls silent in the middle is an error line, and is disconnected."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.wait(59)
        self.network.gateway.token("y")
        self.network.flush()
        self.network.wait(59)
        self.assertFalse(client.response().complete)
        self.network.wait(2)
        response = client.response()
        self.assertTrue(response.complete)
        self.assertEqual(response.lines[-1], {"error": "the gateway sent nothing for 60 seconds"})
        self.assertTrue(self.network.gateway.closed)

    def test_an_event_without_end(self) -> None:
        """A gateway that never ends an event is stopped at the limit."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.chunk(b"data: " + b"x" * 1000)
        self.network.flush()
        self.assertEqual(client.response().status, 502)
        self.assertTrue(self.network.gateway.closed)

    def test_a_whole_reply_without_end(self) -> None:
        """A reply that is gathered for a client is stopped at the limit."""
        client = self.chat(stream=False)
        self.network.gateway.begin_stream()
        for _ in range(3):
            self.network.gateway.token("x" * 400)
        self.network.flush()
        self.assertEqual(client.response().status, 502)
        self.assertTrue(self.network.gateway.closed)
