"""The times of a reply, with made-up clocks."""

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.translate.stopwatch import Durations, Stopwatch, nanoseconds, timestamp
from tests.case import Case

#: 2026-08-21T10:00:00Z.
MORNING_NS = 1_787_306_400_000_000_000

#: Nanoseconds since 1970, and how Go prints them.
TIMESTAMPS = (
    (0, "1970-01-01T00:00:00Z"),
    (MORNING_NS, "2026-08-21T10:00:00Z"),
    (MORNING_NS + 400_000_000, "2026-08-21T10:00:00.4Z"),
    (MORNING_NS + 100_000_001, "2026-08-21T10:00:00.100000001Z"),
    (MORNING_NS + 1, "2026-08-21T10:00:00.000000001Z"),
    (MORNING_NS + 10, "2026-08-21T10:00:00.00000001Z"),
    (MORNING_NS + 999_999_999, "2026-08-21T10:00:00.999999999Z"),
    (1_751_919_739_184_789_000, "2025-07-07T20:22:19.184789Z"),
    (10_000_000_000, "1970-01-01T00:00:10Z"),
    (951_782_400_000_000_000, "2000-02-29T00:00:00Z"),
    (253_402_300_799_999_999_999, "9999-12-31T23:59:59.999999999Z"),
)


class Moments(Case):
    def test_timestamps(self) -> None:
        """A moment is printed in UTC with as many decimals as it needs, at most nine."""
        for wall_ns, text in TIMESTAMPS:
            self.assertEqual(timestamp(wall_ns), text, wall_ns)

    def test_nanoseconds(self) -> None:
        """A duration is a whole number and never 0, because clients divide by it."""
        for seconds, expected in (
            (0.0, 1),
            (1e-12, 1),
            (1e-9, 1),
            (2.4e-9, 2),
            (2.6e-9, 3),
            (0.3, 300_000_000),
            (2, 2_000_000_000),
            (-1.0, 1),
        ):
            self.assertEqual(nanoseconds(seconds), expected, seconds)
            self.assertIs(type(nanoseconds(seconds)), int, seconds)


class OneReply(Case):
    def setUp(self) -> None:
        super().setUp()
        self.stopwatch = Stopwatch(MORNING_NS, 1000.0)

    def test_every_phase(self) -> None:
        """The time of a reply falls to this daemon, to the prompt, and to the text."""
        self.stopwatch.sent(1000.25)
        self.stopwatch.piece(1002.25)
        self.assertEqual(
            self.stopwatch.durations(1006.25),
            Durations(
                total=6_250_000_000,
                load=250_000_000,
                prompt_eval=2_000_000_000,
                eval=4_000_000_000,
            ),
        )

    def test_only_the_first_piece_counts(self) -> None:
        """Pieces after the first do not move the border between prompt and text."""
        self.stopwatch.sent(1000.0)
        for now_s in (1001.0, 1002.0, 1003.0):
            self.stopwatch.piece(now_s)
        durations = self.stopwatch.durations(1004.0)
        self.assertEqual(durations.prompt_eval, 1_000_000_000)
        self.assertEqual(durations.eval, 3_000_000_000)

    def test_no_piece(self) -> None:
        """A reply without text has spent its time on the prompt."""
        self.stopwatch.sent(1001.0)
        self.assertEqual(
            self.stopwatch.durations(1003.0),
            Durations(total=3_000_000_000, load=1_000_000_000, prompt_eval=2_000_000_000, eval=1),
        )

    def test_no_time_at_all(self) -> None:
        """A reply in no time has durations of 1, not of 0."""
        self.stopwatch.sent(1000.0)
        self.stopwatch.piece(1000.0)
        self.assertEqual(
            self.stopwatch.durations(1000.0), Durations(total=1, load=1, prompt_eval=1, eval=1)
        )

    def test_a_piece_at_zero(self) -> None:
        """A clock that reads 0 at the first piece is a clock like any other."""
        stopwatch = Stopwatch(MORNING_NS, -2.0)
        stopwatch.sent(-1.0)
        stopwatch.piece(0.0)
        stopwatch.piece(1.0)
        self.assertEqual(stopwatch.durations(3.0).eval, 3_000_000_000)

    def test_created_at(self) -> None:
        """The calendar is read once, and the monotonic clock moves it on."""
        for now_s, text in (
            (1000.0, "2026-08-21T10:00:00Z"),
            (1000.5, "2026-08-21T10:00:00.5Z"),
            (1061.25, "2026-08-21T10:01:01.25Z"),
        ):
            self.assertEqual(self.stopwatch.timestamp(now_s), text, now_s)

    @given(st.lists(st.floats(1000.0, 1e6), min_size=4, max_size=4))
    def test_any_times(self, times: list[float]) -> None:
        """Whatever the times, the phases add up to the whole but for rounding."""
        sent_s, first_s, later_s, end_s = sorted(times)
        stopwatch = Stopwatch(MORNING_NS, 1000.0)
        stopwatch.sent(sent_s)
        stopwatch.piece(first_s)
        stopwatch.piece(later_s)
        durations = stopwatch.durations(end_s)
        parts = durations.load + durations.prompt_eval + durations.eval
        self.assertLessEqual(abs(durations.total - parts), 3)
