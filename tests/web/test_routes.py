"""Routes and clients in the record."""

from ollamaproxy.settings import Secret, Settings
from tests.web.case import NetworkCase
from tests.web.network import KEY

#: Method, path, route.
ROUTES = (
    ("GET", "/", "/"),
    ("HEAD", "//", "/"),
    ("GET", "/api/tags?x=1", "/api/tags"),
    ("GET", "//api/./ver%73ion/", "/api/version"),
    ("GET", "/api/chat", "/api/chat"),  # not allowed, and its route all the same
    ("POST", "/api/signout", "/api/signout"),
    ("DELETE", "/api/user/keys/abc", "/api/user/keys/{key}"),
    ("HEAD", "/api/blobs/sha256:" + "0" * 64, "/api/blobs/{digest}"),
    ("GET", "/v1/models", "/v1/models"),
    ("GET", "/v1/models/openai/gpt-4o", "/v1/models/{model}"),
    ("GET", "/v1/messages/count_tokens", "/v1/messages/count_tokens"),
    ("GET", "/v1/chat/completions", "/v1/chat/completions"),
    ("GET", "/api/experimental/web_search", "/api/experimental/web_search"),
    ("GET", "/nope", ""),
    ("GET", "/api", ""),
    ("GET", "/api/nope", ""),
    ("GET", "/api/tags/nope", ""),
    ("CONNECT", "/", ""),
)


class Records(NetworkCase):
    def test_routes(self) -> None:
        """A record names the endpoint and not the path; where there is none it names none."""
        for method, path, route in ROUTES:
            self.network.get(path, method)
            self.assertEqual(self.network.records[-1].route, route, (method, path))

    def test_user_agent(self) -> None:
        """A record has what the client calls itself, within bounds."""
        client = self.network.client()
        client.send("GET", "/", headers=f"User-Agent: {'x' * 5000}\r\n")
        self.network.flush()
        self.assertEqual(self.network.records[-1].user_agent, b"x" * 512)

    def test_nobody_is_trusted(self) -> None:
        """Without trusted proxies the peer is the client, whatever it says."""
        client = self.network.client()
        client.send("GET", "/", headers="X-Forwarded-For: 198.51.100.1\r\n")
        self.network.flush()
        self.assertEqual(self.network.records[-1].client, "192.168.1.7")


class BehindAProxy(NetworkCase):
    settings = Settings(
        base_url="http://gateway.test",
        api_key=Secret(KEY),
        trusted_proxies=("192.168.1.0/24", "10.0.0.1"),
    )

    def test_the_client_is_the_proxy_s(self) -> None:
        """Behind a trusted proxy the client is whom it tells of, for refused requests too."""
        for raw in (
            b"GET / HTTP/1.1\r\nHost: h\r\n",
            b"GET / HTTP/1.1\r\n",  # without a Host
        ):
            client = self.network.client()
            client.raw(raw + b"X-Forwarded-For: 1.1.1.1, 198.51.100.1, 10.0.0.1\r\n\r\n")
            self.network.flush()
            self.assertEqual(self.network.records[-1].client, "198.51.100.1")
