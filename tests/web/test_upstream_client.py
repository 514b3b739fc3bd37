"""What treq would do by itself, and must not: cookies, redirects, compression."""

from ollamaproxy.settings import Settings
from tests.web.case import CHAT, NetworkCase


class Safety(NetworkCase):
    def test_no_cookie_is_kept(self) -> None:
        """A cookie that the gateway sets is in no later request: it was somebody else's."""
        self.chat()
        cookie = {"Set-Cookie": "session=of-user-a; Path=/"}
        self.network.gateway.reply(429, "application/json", '{"error":"x"}', cookie)
        self.network.flush()
        self.network.gateway.received = b""
        self.chat()
        self.assertEqual(self.network.gateway.request.method, "POST")
        self.assertNotIn("cookie", self.network.gateway.request.headers)

    def test_no_compression_is_asked_for(self) -> None:
        """The gateway is not told that compressed replies are welcome."""
        self.chat()
        self.assertNotIn("accept-encoding", self.network.gateway.request.headers)

    def test_no_compression_is_taken(self) -> None:
        """A reply that is compressed all the same is refused and not unpacked."""
        client = self.chat()
        self.network.gateway.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n1\r\n\x1f\r\n"
        )
        self.network.flush()
        response = client.response()
        self.assertEqual(response.status, 502)
        self.assertIn("compressed", response.json["error"])
        self.assertTrue(self.network.gateway.closed)

    def test_an_idle_connection_is_dropped_before_the_gateway_drops_it(self) -> None:
        """After 4 idle seconds a connection is not used again: uvicorn closes it after 5."""
        self.chat()
        self.network.gateway.reply(500, "application/json", '{"error":"x"}')
        self.network.flush()
        self.network.wait(3.9)
        self.assertFalse(self.network.gateway.closed)
        self.network.wait(0.2)
        self.assertTrue(self.network.gateway.closed)

    def test_one_connection_for_each_request_under_way(self) -> None:
        """Three clients at once have three connections, and all are kept for later."""
        for _ in range(3):  # one more than Twisted would keep
            self.chat()
        self.assertEqual(len(self.network.gateway_connections), 3)
        for connection in self.network.gateway_connections:
            connection.reply(500, "application/json", '{"error":"x"}')
        self.network.flush()
        self.assertEqual([peer.closed for peer in self.network.gateway_connections], [False] * 3)


class WithoutKey(NetworkCase):
    settings = Settings(base_url="https://gateway.test/litellm/v1/")

    def test_no_authorization(self) -> None:
        """Without a key no Authorization is sent, also not the client's own."""
        self.network.ask("/api/chat", CHAT, "Authorization: Bearer raspberry\r\n")
        self.assertNotIn("authorization", self.network.gateway.request.headers)

    def test_the_base_url(self) -> None:
        """A base URL with a path, with /v1 and with slashes leads to the right place."""
        self.chat()
        self.assertEqual(self.network.gateway.request.path, "/litellm/v1/chat/completions")
        self.assertEqual(self.network.addresses, [(b"https", b"gateway.test", 443)])


class ComposeName(NetworkCase):
    settings = Settings(base_url="http://litellm_proxy:4000")

    def test_underscore(self) -> None:
        """A gateway can have a name as Docker Compose gives it."""
        self.chat()
        self.assertEqual(self.network.gateway.request.headers["host"], "litellm_proxy:4000")


class NumericAddress(NetworkCase):
    settings = Settings(base_url="http://[::1]:4000")

    def test_ipv6(self) -> None:
        """A gateway can be named by its IPv6 address."""
        self.chat()
        self.assertEqual(self.network.gateway.request.headers["host"], "[::1]:4000")
