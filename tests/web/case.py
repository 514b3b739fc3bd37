"""The test case of this folder."""

from ollamaproxy.settings import Settings
from tests.case import Case
from tests.web.network import ClientConnection, Network

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class NetworkCase(Case):
    """A test with a network in memory that must be quiet when the test is over."""

    settings: Settings | None = None

    def setUp(self) -> None:
        super().setUp()
        self.network = Network(self.settings)
        self.addCleanup(self._assert_quiet)

    def _assert_quiet(self) -> None:
        self.assertEqual(self.network.leftovers(), [], "calls are still scheduled")

    def chat(self, **more: object) -> ClientConnection:
        """Return a client whose chat has reached the gateway."""
        return self.network.ask("/api/chat", {**CHAT, **more})
