"""What the benchmarks believe: nothing of which a part is missing."""

from attrs import evolve

from benchmarks.machine import processor
from benchmarks.starting import Start
from benchmarks.streams import Result
from benchmarks.tables import WORK_HEAD, work_rows
from benchmarks.works import Broken, Compared, Work, check, middle
from tests.case import Case

#: Two replies of three tokens.
WHOLE = Result(events=6, ended=2)
BURST = Work(what="a burst", connections=2, tokens=3)
FIGURES = Compared(daemon_us=30.0, unit_us=10.0, delays_ms=(1.0, 2.0), firsts_ms=(3.0, 1234.5))


class Checks(Case):
    def test_what_is_whole_counts(self) -> None:
        """Replies that have all their tokens, in order, are believed."""
        check(WHOLE, "a burst", 2, 3)

    def test_what_is_not_whole_is_no_figure(self) -> None:
        """A token lost, doubled or out of order, or a reply without an end, breaks it off."""
        for broken in (
            evolve(WHOLE, events=5),
            evolve(WHOLE, events=7),
            evolve(WHOLE, disordered=1),
            evolve(WHOLE, ended=1),
        ):
            with self.subTest(broken=broken):
                self.assertRaises(Broken, check, broken, "a burst", 2, 3)


class Rounds(Case):
    def test_medians_count(self) -> None:
        """One slow round does not change what is told."""
        slow = evolve(FIGURES, daemon_us=900.0, delays_ms=(90.0, 2.0))
        self.assertEqual(middle([FIGURES, slow, FIGURES]), FIGURES)


class Rows(Case):
    def test_only_paced_tokens_have_a_delay(self) -> None:
        """The time that a burst's tokens spend in queues is not told."""
        paced = Work(what="paced", connections=2, tokens=3, interval_ms=10)
        rows = work_rows((BURST, paced), (FIGURES, FIGURES), 3000, 25.0, Start(0.6, 0.02, 50.0))
        self.assertEqual(
            rows,
            [
                ("a burst", "30.0 us a token", "10.0 us", "3.00", "", "3.00 / 1,234 ms"),
                (
                    "paced",
                    "30.0 us a token",
                    "10.0 us",
                    "3.00",
                    "1.00 / 2.00 ms",
                    "3.00 / 1,234 ms",
                ),
                ("3,000 streams that wait", "25.0 KiB each", "", "", "", ""),
                ("start until it answers", "0.60 s, 50 MiB", "20 ms", "30.0", "", ""),
            ],
        )
        self.assertEqual({len(row) for row in rows}, {len(WORK_HEAD)})


class Processors(Case):
    def test_the_first_core_names_the_processor(self) -> None:
        """Linux says it for each core."""
        core = "processor\t: 0\nmodel\t\t: 1\nmodel name\t: A Fine One @ 3 GHz\n"
        self.assertEqual(processor(core + core), "A Fine One @ 3 GHz")

    def test_there_may_be_no_name(self) -> None:
        """The architecture has to do then."""
        self.assertTrue(processor("processor\t: 0\n"))
