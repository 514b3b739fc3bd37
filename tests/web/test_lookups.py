"""A name server that does not answer: the gateway is not found, and nothing else suffers."""

from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.internet.testing import MemoryReactorClock
from zope.interface import implementer

from ollamaproxy.settings import Deadlines, Settings
from tests.case import Case
from tests.web.case import CHAT
from tests.web.network import Network


@implementer(IHostResolution)
@define
class Lookup:
    """One that never ends."""

    name: str

    def cancel(self) -> None:
        """Implement IHostResolution: a thread that looks up cannot be stopped."""


@implementer(IHostnameResolver)
@define
class SilentResolver:
    """Takes questions and answers none."""

    lookups: list[Lookup] = field(factory=list)

    def resolveHostName(
        self, resolutionReceiver: Any, hostName: str, *_args: object, **_named: object
    ) -> Lookup:
        self.lookups.append(Lookup(hostName))
        resolutionReceiver.resolutionBegan(self.lookups[-1])
        return self.lookups[-1]


class HangingCase(Case):
    def start(self, url: str, *more: str) -> None:
        """Start a daemon in front of a gateway, or of some."""
        self.resolver = SilentResolver()
        self.reactor = MemoryReactorClock()
        self.reactor.installNameResolver(self.resolver)
        settings = Settings(base_url=url, more_base_urls=more, deadlines=Deadlines(connect_s=5))
        self.network = Network(settings, reactor=self.reactor)
        self.addCleanup(self.assert_quiet, self.network)

    def assert_quiet(self, network: Network) -> None:
        self.assertEqual(network.leftovers(), [], "calls are still scheduled")


class Hanging(HangingCase):
    def test_in_time(self) -> None:
        """The deadline for connecting covers the look-up: then the client is told, in JSON."""
        for scheme in ("http", "https"):
            for path in ("/api/chat", "/v1/chat/completions"):
                self.start(f"{scheme}://gateway.test:4000")
                client = self.network.ask(path, CHAT)
                (lookup,) = self.resolver.lookups
                self.assertEqual(lookup.name, "gateway.test")
                self.network.wait(4.9)
                self.assertEqual(client.received, b"")
                self.network.wait(0.2)
                response = client.response()
                self.assertEqual(response.status, 502)
                self.assertIn(
                    "cannot reach the gateway: no connection within 5 seconds",
                    str(response.json["error"]),
                )
                self.assertEqual(self.reactor.tcpClients, [])

    def test_a_client_that_leaves(self) -> None:
        """A client that leaves meanwhile says nothing about the gateway: it is asked again."""
        self.start("http://a.test:4000", "http://b.test:4000")
        for _ in range(2):
            self.network.ask("/api/chat", CHAT).leave()
            self.network.flush()
        self.assertEqual([lookup.name for lookup in self.resolver.lookups], ["a.test"] * 2)
        self.assertEqual([r.outcome for r in self.network.records], ["client_left"] * 2)


class Addresses(HangingCase):
    def test_are_not_looked_up(self) -> None:
        """A gateway that is given by its address needs no look-up, so none can hold it up."""
        for url, address in (
            ("http://10.0.0.4:4000", "10.0.0.4"),
            ("https://10.0.0.4:4000", "10.0.0.4"),
            ("http://[::1]:4000", "::1"),
            ("https://[::1]:4000", "::1"),
        ):
            self.start(url)
            self.network.ask("/api/chat", CHAT)
            self.assertEqual(self.resolver.lookups, [], url)
            connecting = [client[:2] for client in self.reactor.tcpClients]
            self.assertEqual(connecting, [(address, 4000)])
