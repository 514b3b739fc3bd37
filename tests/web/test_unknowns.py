"""What clients want and the daemon does not know is told once, by name."""

from ollamaproxy.logs.unknowns import MAX_UNKNOWNS
from tests.web.case import CHAT, NetworkCase

AGENT = "User-Agent: newtool/2\r\n"
SECRET = "the-value-that-nobody-may-see"


class Unknowns(NetworkCase):
    def told(self) -> list[str]:
        """Return what has been told of unknown things."""
        return [text for text in self._logged if "know" in text and "ACCESS" not in text]

    def ask(self, path: str, body: object) -> None:
        self.network.ask(path, body, AGENT)
        if self.network.gateway_connections and self.network.gateway.waits:
            self.network.gateway.reply(400, "application/json", '{"error":{"message":"no"}}')
            self.network.flush()

    def test_a_path(self) -> None:
        """A path is told once, with the client and without its query."""
        for _ in range(3):
            self.ask(f"/api/foo?key={SECRET}", {})
        self.assertEqual(
            self.told(),
            ["client 'newtool/2' asked for /api/foo, which this server does not know"],
        )

    def test_a_client_without_a_name(self) -> None:
        """A client may say nothing of itself."""
        self.network.get("/foo")
        self.assertEqual(
            self.told(), ["a client without a name asked for /foo, which this server does not know"]
        )

    def test_keys(self) -> None:
        """A key is told once for each route, in options too, and never its value."""
        body = {**CHAT, "bar": SECRET, "options": {"seed": 1, "baz": SECRET}}
        for _ in range(2):
            self.ask("/api/chat", body)
        self.ask("/api/generate", {"model": "m", "prompt": "x", "bar": {SECRET: SECRET}})
        self.ask("/api/embed", {"model": "m", "input": "x", "options": {"qux": 1}})
        self.ask("/api/embeddings", {"model": "m", "prompt": "x", "input": "x"})
        self.ask("/api/show", {"model": "m", "bar": 1})
        self.ask("/api/pull", {"model": "m", "username": SECRET})
        client = "(client 'newtool/2')"
        self.assertEqual(
            self.told(),
            [
                f"/api/chat: unknown key 'bar' {client}",
                f"/api/chat: unknown key 'options.baz' {client}",
                f"/api/generate: unknown key 'bar' {client}",
                f"/api/embed: unknown key 'options.qux' {client}",
                f"/api/embeddings: unknown key 'input' {client}",
                f"/api/show: unknown key 'bar' {client}",
                f"/api/pull: unknown key 'username' {client}",
            ],
        )
        self.assertNotIn(SECRET, "\n".join(self._logged))

    def test_what_is_known(self) -> None:
        """What Ollama's own clients send is no news, and neither is a null."""
        options = {"temperature": 1, "num_ctx": 5, "use_mmap": True, "stop": ["x"]}
        self.ask("/api/chat", {**CHAT, "options": options, "tools": [], "width": None})
        self.network.get("/api/tags")
        self.network.get("/v1/models/nope")
        self.assertEqual(self.told(), [])

    def test_printable_and_bounded(self) -> None:
        """A name is cut and cannot break or forge a line."""
        self.ask("/api/show", {"model": "m", "a\n\x1b'": 1, "x" * 9999: 1})
        self.assertIn(r"'a\x0a\x1b'' ", self.told()[0])
        self.assertLess(len(self.told()[1]), 200)

    def test_a_body_of_many(self) -> None:
        """Of one body only the first keys are looked at."""
        self.ask("/api/show", {"model": "m", **{f"k{i}": 1 for i in range(1000)}})
        self.assertEqual(len(self.told()), 20)

    def test_not_for_ever(self) -> None:
        """After some hundred different ones it is told that no more are, and then none are."""
        for i in range(MAX_UNKNOWNS + 5):
            self.network.get(f"/{i}")
        self.assertEqual(len(self.told()), MAX_UNKNOWNS + 1)
        self.assertEqual(
            self.told()[-2], "no more unknown paths and keys are told: there were too many"
        )
