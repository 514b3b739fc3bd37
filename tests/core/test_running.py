"""Which models are in use, and for how long they are kept."""

from contextlib import ExitStack

from twisted.internet.task import Clock

from ollamaproxy.clocks import Clocks
from ollamaproxy.models.listing import Model
from ollamaproxy.running import MAX_MODELS, RunningModels
from ollamaproxy.wire.model_facts import ModelFacts
from tests.case import Case

#: 2026-11-24T12:00:00Z; the clock's calendar starts here.
NOON_NS = 1_795_521_600 * 1_000_000_000
YEAR_S = 365.2425 * 86_400

A, B, C = (Model(name, name) for name in "abc")


class Using(Case):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        # No clock starts with the calendar, or at 0.
        self.running = RunningModels(
            Clocks(
                scheduler=self.clock,
                monotonic_s=lambda: 1000 + self.clock.seconds(),
                wall_ns=lambda: NOON_NS + round(self.clock.seconds() * 1e9),
            )
        )

    def now(self) -> dict[str, float]:
        """Return what is in use, and how long from now it is kept, in seconds."""
        calendar_ns = NOON_NS + round(self.clock.seconds() * 1e9)
        return {
            kept.model.name: (kept.expires_ns - calendar_ns) / 1e9 for kept in self.running.now()
        }

    def use_badly(self, model: Model, keep_alive_s: float) -> None:
        with self.assertRaises(ZeroDivisionError), self.running.using(model, keep_alive_s):
            raise ZeroDivisionError


class Times(Using):
    def test_nothing(self) -> None:
        """At first nothing is in use."""
        self.assertEqual(self.running.now(), [])

    def test_in_use(self) -> None:
        """A model is in use for as long as its block, and would be kept from each moment on."""
        with self.running.using(A, 300):
            self.assertEqual(self.now(), {"a": 300})
            self.clock.advance(1000)
            self.assertEqual(self.now(), {"a": 300})

    def test_kept(self) -> None:
        """After the block a model is kept until its time is over."""
        with self.running.using(A, 300):
            self.clock.advance(1000)
        self.clock.advance(100)
        self.assertEqual(self.now(), {"a": 200})
        self.assertEqual(self.running.now()[0].expires_ns, NOON_NS + 1_300_000_000_000)
        self.clock.advance(199.5)
        self.assertEqual(self.now(), {"a": 0.5})
        self.clock.advance(0.5)
        self.assertEqual(self.now(), {})

    def test_not_kept(self) -> None:
        """With 0 a model is in use during the block and not after it."""
        with self.running.using(A, 0):
            self.clock.advance(5)
            self.assertEqual(self.now(), {"a": 0})
        self.assertEqual(self.now(), {})

    def test_for_ever(self) -> None:
        """A negative time, or one longer than Go's longest, is for ever: some 292 years."""
        for keep_alive_s in (-1, -0.001, float("inf"), 1e12):
            self.running.load(A, keep_alive_s)
            self.assertAlmostEqual(self.now()["a"] / YEAR_S, 292.277, 3)
        self.clock.advance(200 * YEAR_S)
        self.assertAlmostEqual(self.now()["a"] / YEAR_S, 92.277, 3)

    def test_load(self) -> None:
        """A model can be kept without having been used."""
        self.running.load(A, 60)
        self.assertEqual(self.now(), {"a": 60})

    def test_again(self) -> None:
        """The last use decides for how long a model is kept, be it longer or shorter."""
        for keep_alive_s in (300, 60, 600):
            self.clock.advance(1)
            self.running.load(A, keep_alive_s)
            self.assertEqual(self.now(), {"a": keep_alive_s})
        self.running.load(A, 0)
        self.assertEqual(self.now(), {})

    def test_failure(self) -> None:
        """A use that fails does not keep a model, and does not let go of one that was kept."""
        self.use_badly(A, 300)
        self.assertEqual(self.now(), {})
        self.running.load(A, 60)
        self.clock.advance(10)
        self.use_badly(A, 300)
        self.assertEqual(self.now(), {"a": 50})

    def test_kept_meanwhile(self) -> None:
        """During a use a model is shown with its earlier time if that is the longer one."""
        self.running.load(A, 600)
        self.clock.advance(100)
        with self.running.using(A, 60):
            self.assertEqual(self.now(), {"a": 500})
        self.assertEqual(self.now(), {"a": 60})

    def test_unload(self) -> None:
        """An unloaded model is kept no longer; others are, and unknown ones do not matter."""
        self.running.load(A, -1)
        self.running.load(B, 60)
        self.running.unload(A)
        self.running.unload(C)
        self.assertEqual(self.now(), {"b": 60})
        self.running.load(A, 5)
        self.assertEqual(self.now(), {"b": 60, "a": 5})

    def test_unload_in_use(self) -> None:
        """What is in use stays in use when it is unloaded, and not a moment longer."""
        self.running.load(A, 600)
        with self.running.using(A, 60):
            self.running.unload(A)
            self.assertEqual(self.now(), {"a": 0})
        self.assertEqual(self.now(), {})


class Several(Using):
    def test_order(self) -> None:
        """What is kept the longest stands first, also while it is in use; equals as they came."""
        self.running.load(A, 60)
        self.running.load(B, -1)
        with self.running.using(C, 100):
            self.running.load(Model("d", "d"), 60)
            self.assertEqual(list(self.now()), ["b", "c", "a", "d"])

    def test_at_once(self) -> None:
        """A model is in use until its last user is done, and kept for as long as that one says."""
        first, second = self.running.using(A, 300), self.running.using(A, 0)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        self.clock.advance(1000)
        self.assertEqual(list(self.now()), ["a"])
        second.__exit__(None, None, None)
        self.assertEqual(self.now(), {})

    def test_failure_beside(self) -> None:
        """A use that fails beside another does not end the other's."""
        with self.running.using(A, 60):
            self.use_badly(A, 300)
            self.clock.advance(1000)
            self.assertEqual(list(self.now()), ["a"])
        self.assertEqual(self.now(), {"a": 60})

    def test_newest_facts(self) -> None:
        """Of a name that now stands for another model the newer one is shown."""
        newer = Model("a", "b", ModelFacts(context_length=5))
        self.running.load(A, 60)
        self.running.load(newer, 60)
        self.assertEqual([kept.model for kept in self.running.now()], [newer])

    def test_names(self) -> None:
        """Two names of the gateway's one model are two models."""
        self.running.load(A, 60)
        self.running.load(Model("alias", "a"), 60)
        self.assertEqual(self.now(), {"a": 60, "alias": 60})


class Room(Using):
    def test_most(self) -> None:
        """When there are too many, what would be kept for the shortest time is forgotten first."""
        for number in range(MAX_MODELS):
            self.running.load(Model(f"m{number}", "x"), 1000 - number)
        self.assertEqual(len(self.now()), MAX_MODELS)
        self.running.load(A, 1)
        self.assertEqual(list(self.now()), [*(f"m{n}" for n in range(MAX_MODELS - 1)), "a"])
        self.running.load(B, 2000)
        self.assertEqual(list(self.now()), ["b", *(f"m{n}" for n in range(MAX_MODELS - 1))])

    def test_over(self) -> None:
        """What is over makes room without anybody looking, and no known model needs any."""
        for number in range(MAX_MODELS - 1):
            self.running.load(Model(f"m{number}", "x"), 1)
        self.running.load(A, 60)
        self.running.load(A, 60)
        self.assertEqual(len(self.now()), MAX_MODELS)
        self.clock.advance(1)
        self.running.load(B, 60)
        self.assertEqual(self.now(), {"a": 59, "b": 60})

    def test_in_use(self) -> None:
        """What is in use is not forgotten, however much there is."""
        with ExitStack() as uses:
            for number in range(MAX_MODELS):
                uses.enter_context(self.running.using(Model(f"m{number}", "x"), 0))
            self.running.load(A, 60)
            self.assertEqual(len(self.now()), MAX_MODELS + 1)
            self.running.load(B, 60)
            self.assertEqual([*self.now()][:1], ["b"])
            self.assertEqual(len(self.now()), MAX_MODELS + 1)
        self.assertEqual(self.now(), {"b": 60})
