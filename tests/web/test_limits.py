"""What clients may not do for long, or too often."""

from ollamaproxy.settings import Deadlines, Limits, Settings
from tests.web.case import CHAT, NetworkCase
from tests.web.network import ClientConnection

BASE_URL = "http://gateway.test:4000"


class Deadline(NetworkCase):
    settings = Settings(
        base_url=BASE_URL,
        deadlines=Deadlines(header_s=10, body_grace_s=10, body_bytes_per_s=100, write_stall_s=30),
    )

    def drip(self, client: ClientConnection, data: bytes, times: int) -> None:
        """Send some bytes each second."""
        for _ in range(times):
            client.raw(data)
            self.network.flush()
            self.network.wait(1)

    def test_a_header_that_drips(self) -> None:
        """A header that does not end in time is refused, however lively it comes."""
        client = self.network.client()
        client.raw(b"GET /api/tags HTTP/1.1\r\nHost: h\r\nX: ")
        self.network.flush()
        self.drip(client, b"a", 11)
        self.assertEqual(client.response().status, 408)
        self.assertEqual(self.network.records[0].path, b"/api/tags")
        self.network.wait(6)
        self.assertTrue(client.closed)

    def test_the_next_header(self) -> None:
        """The same is true of the next request on a connection, and its wait before is free."""
        client = self.network.client()
        client.send("GET", "/")
        self.network.flush()
        self.network.wait(50)
        client.raw(b"GET /")
        self.network.flush()
        self.network.wait(9)
        self.assertEqual(len(self.network.records), 1)
        self.network.wait(2)
        self.assertEqual([record.status for record in self.network.records], [200, 408])

    def test_a_body_that_drips(self) -> None:
        """A body that comes too slowly is refused; one that comes fast enough may take its time."""
        head = b"POST /api/chat HTTP/1.1\r\nHost: h\r\nContent-Length: 9000\r\n\r\n"
        for size, refused in ((1, True), (150, False)):
            client = self.network.client()
            client.raw(head)
            self.network.flush()
            self.drip(client, b"x" * size, 31)
            self.assertEqual(client.received.startswith(b"HTTP/1.1 408"), refused, size)

    def test_a_body_in_chunks_that_drips(self) -> None:
        """The same is true of a body in chunks."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        self.network.flush()
        self.drip(client, b"1\r\nx\r\n", 11)
        self.assertEqual(client.response().status, 408)

    def test_a_connection_that_says_nothing(self) -> None:
        """A connection on which nothing comes is closed after a minute, without a word."""
        client = self.network.client()
        self.network.wait(61)
        self.assertTrue(client.closed)
        self.assertEqual(client.received, b"")

    def test_a_client_that_does_not_read(self) -> None:
        """A client that reads nothing of its reply for too long is disconnected."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.daemon_side(client).producer.pauseProducing()
        self.network.wait(29)
        self.assertFalse(client.closed)
        self.network.wait(2)
        self.assertTrue(client.closed)
        self.assertTrue(self.network.gateway.closed)

    def test_a_long_reply(self) -> None:
        """Who has much to read that was written at once has more time for it."""
        client = self.chat()
        channel = self.network.daemon_side(client).producer
        channel.write(b"x" * 16 * 1024 * 100)
        channel.pauseProducing()
        self.network.wait(129)
        self.assertFalse(client.closed)
        self.network.wait(2)
        self.assertTrue(client.closed)


class Connections(NetworkCase):
    settings = Settings(base_url=BASE_URL, limits=Limits(max_connections=2))

    def test_too_many(self) -> None:
        """A connection too many is told to come back, and recorded; one that ends makes room."""
        first, second = self.network.client(), self.network.client()
        third = self.network.client()
        self.network.flush()
        response = third.response()
        self.assertEqual((response.status, response.headers["retry-after"]), (503, "1"))
        self.assertEqual(len(self.network.records), 1)
        third.leave()
        first.leave()
        self.network.flush()
        self.assertEqual(self.network.get("/").status, 200)
        second.send("GET", "/")
        self.network.flush()
        self.assertEqual(second.response().status, 200)


class Chunks(NetworkCase):
    def test_too_many(self) -> None:
        """A body in ten thousand chunks of a byte each is refused."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.raw(b"1\r\nx\r\n" * 10_000)
        self.network.flush()
        self.assertEqual(client.received, b"")
        client.raw(b"1\r\nx\r\n" * 50)
        self.network.flush()
        self.assertEqual(client.response().status, 400)
        self.assertIn("chunks", client.response().json["error"])

    def test_many_of_some_length(self) -> None:
        """One in more chunks than that is taken, if they are not that small."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.raw((b"12c\r\n" + b" " * 300 + b"\r\n") * 12_000)
        client.raw(b'1b\r\n{"model":"m","prompt":"hi"}\r\n0\r\n\r\n')
        self.network.flush()
        self.assertEqual(self.network.gateway.request.json["model"], "m")


class Browsers(NetworkCase):
    settings = Settings(base_url=BASE_URL, origins=("https://chat.example",))

    def test_a_foreign_page(self) -> None:
        """A foreign page is refused with nothing but a status, before the gateway hears of it."""
        headers = "Origin: http://evil.example\r\n"
        for path in ("/api/chat", "/v1/chat/completions", "/api/tags", "/", "/nope"):
            response = self.network.ask(path, CHAT, headers).response()
            self.assertEqual((response.status, response.body), (403, b""), path)
        self.assertEqual(self.network.gateway_connections, [])
        self.assertEqual({record.outcome for record in self.network.records}, {"foreign_page"})

    def test_an_allowed_page(self) -> None:
        """An allowed page may read what it gets, errors and streams, too."""
        headers = "Origin: https://chat.example\r\n"
        client = self.network.ask("/api/chat", CHAT, headers)
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        for response in (
            client.response(),
            self.network.ask("/api/show", {"model": "x"}, headers).response(),
        ):
            allowed = response.headers["access-control-allow-origin"]
            self.assertEqual(
                (allowed, response.headers["vary"]), ("https://chat.example", "Origin")
            )

    def test_preflight(self) -> None:
        """A preflight request is answered at once, with no body and no length."""
        client = self.network.client()
        client.send("OPTIONS", "/api/chat", None, "Origin: http://localhost:3000\r\n")
        self.network.flush()
        response = client.response("OPTIONS")
        self.assertEqual((response.status, response.body), (204, b""))
        self.assertIn("POST", response.headers["access-control-allow-methods"])
