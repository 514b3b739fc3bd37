"""What belongs to one key, and how many keys are remembered."""

from twisted.internet.task import Clock

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.clocks import Clocks
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.realms import MAX_REALMS, Realms
from ollamaproxy.settings import Freshness, Secret
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.wire.model_lists import FactsByName
from tests.case import Case


def of_key(number: int, name: str = "") -> Caller:
    return Caller(name=name, gateway_key=Secret(f"sk-{number}"))


class Remembering(Case):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.asked: list[Caller] = []
        clocks = Clocks(scheduler=self.clock, monotonic_s=self.clock.seconds, wall_ns=lambda: 0)

        def make_catalogue(caller: Caller) -> Catalogue:
            async def discover() -> FactsByName:
                self.asked.append(caller)
                return {}

            return Catalogue(discover, ModelRules(), Freshness(), clocks)

        self.realms = Realms(make_catalogue, clocks)

    def test_one_for_each_key(self) -> None:
        """It is the gateway's key that counts, and not who calls with it."""
        self.assertIs(self.realms.of(NOBODY), self.realms.own)
        self.assertIs(self.realms.of(Caller(name="alice")), self.realms.own)
        first = self.realms.of(of_key(1, "alice"))
        self.assertIs(self.realms.of(of_key(1, "bob")), first)
        second = self.realms.of(of_key(2))
        for realm, other in ((first, second), (first, self.realms.own)):
            self.assertIsNot(realm.catalogue, other.catalogue)
            self.assertIsNot(realm.running, other.running)

    def test_the_least_recently_used_is_forgotten(self) -> None:
        """Of too many keys the one that was not used for longest goes, and never the daemon's."""
        own = self.realms.own
        realms = [self.realms.of(of_key(number)) for number in range(MAX_REALMS)]
        self.assertIs(self.realms.of(of_key(0)), realms[0])
        self.realms.of(of_key(MAX_REALMS))
        self.assertIs(self.realms.of(of_key(0)), realms[0])
        self.assertIs(self.realms.of(of_key(2)), realms[2])
        self.assertIsNot(self.realms.of(of_key(1)), realms[1])
        self.assertIs(self.realms.of(NOBODY), own)

    def test_no_key_in_memory_s_index(self) -> None:
        """What is remembered is not found under the key itself."""
        self.realms.of(of_key(1))
        self.assertNotIn("sk-1", repr(vars(self.realms)))

    def test_in_the_background(self) -> None:
        """Only the daemon's own models are asked for again and again, until it stops."""
        self.realms.of(of_key(1))
        self.realms.start()
        self.clock.advance(Freshness().refresh_s)
        self.assertEqual(self.asked, [NOBODY, NOBODY])
        self.realms.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
