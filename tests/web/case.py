"""The test case of this folder."""

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from ollamaproxy.logs.json_lines import format_access
from ollamaproxy.settings import Settings
from tests.case import Case
from tests.web.network import KEY, ClientConnection, Network

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class NetworkCase(Case):
    """A test with a network in memory that must be quiet when the test is over."""

    settings: Settings | None = None
    #: Whether the daemon asks the gateway for its models, or is told them.
    discovers = False

    def setUp(self) -> None:
        super().setUp()
        self.network = Network(self.settings, discovers=self.discovers)
        self.addCleanup(self._assert_quiet)
        self._logged = self.hear_log()

    def _assert_quiet(self) -> None:
        self.assertEqual(self.network.leftovers(), [], "calls are still scheduled")
        self.assertEqual(self.network.leaks(), [], "the gateway's key is no business of theirs")
        self.assertNotIn(KEY, "\n".join(self._logged))
        self.assertNotIn(KEY, "\n".join(map(format_access, self.network.records)))

    def hear_log(self) -> list[str]:
        """Return a list that gets the texts of all that is logged from now on."""
        texts: list[str] = []

        @implementer(ILogObserver)
        def hear(event: LogEvent) -> None:
            texts.append(formatEvent(event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        return texts

    def chat(self, **more: object) -> ClientConnection:
        """Return a client whose chat has reached the gateway."""
        return self.network.ask("/api/chat", {**CHAT, **more})
