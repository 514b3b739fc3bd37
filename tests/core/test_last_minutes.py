"""The last ten minutes: steps, curves, and those of several processes."""

import json
from typing import Any

from ollamaproxy.observing.history import (
    SPAN_S,
    STEP_S,
    History,
    added,
    class_middle_s,
    curves,
    first_byte_class,
    quantile,
)
from ollamaproxy.observing.outcomes import Fate
from tests.case import Case
from tests.core.observed import ended

POINTS = SPAN_S // STEP_S


class Steps(Case):
    def setUp(self) -> None:
        super().setUp()
        self.history = History()

    def test_a_step(self) -> None:
        """What ends within the same five seconds is added up."""
        self.history.add(ended(), 100.1)
        self.history.add(ended(fate=Fate.UPSTREAM, reason="x", status=502), 104.9)
        self.history.add(ended(fate=Fate.CLIENT_LEFT, reason="before_reply"), 105.0)
        first, second = self.history.to_plain(105.0)
        self.assertEqual(first[:5], [20, 2, 1, 20, 10])
        self.assertEqual(second[:3], [21, 1, 0])

    def test_it_is_bounded(self) -> None:
        """What is older than ten minutes is gone, and memory does not grow."""
        for second in range(2000):
            self.history.add(ended(), float(second))
        steps = self.history.to_plain(1999.0)
        self.assertEqual([step[0] for step in steps], list(range(280, 400)))

    def test_old_steps_are_not_told(self) -> None:
        """After a long quiet time there is nothing to tell, although it is still kept."""
        self.history.add(ended(), 100.0)
        self.assertEqual(len(self.history.to_plain(699.9)), 1)
        self.assertEqual(self.history.to_plain(700.0), [])

    def test_first_bytes_are_models(self) -> None:
        """Only a model's reply counts for the time to the first byte, and no error does."""
        self.history.add(ended(model=""), 1.0)
        self.history.add(ended(status=502), 1.0)
        self.history.add(ended(first_byte_s=None), 1.0)
        self.assertEqual(self.history.to_plain(1.0)[0][5], [])
        self.history.add(ended(), 1.0)
        self.assertEqual(self.history.to_plain(1.0)[0][5], [(first_byte_class(0.2), 1)])


class Curves(Case):
    def of(self, history: list[list[Any]], now_s: float) -> dict[str, Any]:
        return curves(json.loads(json.dumps(history)), now_s)

    def test_nothing(self) -> None:
        """Without requests the rates are 0 and the times are not known."""
        drawn = self.of([], 1000.0)
        self.assertEqual(drawn["requests_per_s"], [0.0] * POINTS)
        self.assertEqual(drawn["first_byte_p50_s"], [None] * POINTS)

    def test_rates(self) -> None:
        """A point is the mean of its five seconds."""
        history = [[198, 10, 1, 100, 50, []], [199, 1, 0, 0, 0, []]]
        drawn = self.of(history, 1004.9)
        self.assertEqual(drawn["requests_per_s"][-4:], [0.0, 2.0, 0.2, 0.0])
        self.assertEqual(drawn["failures_per_s"][-3:], [0.2, 0.0, 0.0])
        self.assertEqual(drawn["prompt_tokens_per_s"][-3], 20.0)
        self.assertEqual(drawn["completion_tokens_per_s"][-3], 10.0)

    def test_the_last_point_is_of_the_seconds_so_far(self) -> None:
        """The newest point is not too low only because its five seconds are not over."""
        for now_s, rate in ((1000.0, 6.0), (1000.99, 6.0), (1001.0, 3.0), (1004.0, 1.2)):
            self.assertEqual(self.of([[200, 6, 0, 0, 0, []]], now_s)["requests_per_s"][-1], rate)

    def test_points_do_not_move(self) -> None:
        """As time goes on a point keeps its value and moves to the left as a whole."""
        history = [[step, step % 3, 0, 0, 0, []] for step in range(150, 200)]
        before = self.of(history, 1000.0)["requests_per_s"]
        after = self.of(history, 1005.0)["requests_per_s"]
        self.assertEqual(before[1:], after[:-1])

    def test_the_span(self) -> None:
        """The oldest point is of just less than ten minutes ago; older ones are left out."""
        oldest = 1004 // STEP_S - POINTS + 1
        drawn = self.of([[oldest - 1, 9, 0, 0, 0, []], [oldest, 5, 0, 0, 0, []]], 1004.0)
        self.assertEqual(drawn["requests_per_s"][0], 1.0)
        self.assertEqual(sum(drawn["requests_per_s"]), 1.0)

    def test_percentiles(self) -> None:
        """A point's median and 95th percentile are of all its first bytes, a tenth off at most."""
        history = History()
        for tenths in range(1, 21):
            history.add(ended(first_byte_s=tenths / 10), 996.0 + tenths % 3)
        drawn = self.of(history.to_plain(1000.0), 1000.0)
        self.assertLess(abs(drawn["first_byte_p50_s"][-2] - 1.0), 0.1)
        self.assertLess(abs(drawn["first_byte_p95_s"][-2] - 1.9), 0.19)


class Classes(Case):
    def test_a_class_is_a_tenth_wide_on_either_side(self) -> None:
        """The middle of a duration's class is no more than a tenth off the duration."""
        for milliseconds in range(2, 800_000, 997):
            seconds = milliseconds / 1000
            middle_s = class_middle_s(first_byte_class(seconds))
            self.assertLess(abs(middle_s / seconds - 1), 0.1)

    def test_the_ends(self) -> None:
        """What is shorter or longer than all classes is in the first or in the last."""
        self.assertEqual(first_byte_class(0.0), 0)
        self.assertEqual(first_byte_class(1e9), first_byte_class(1e6))

    def test_quantiles(self) -> None:
        """The share is counted from the shortest, whatever the order of the classes."""
        counts = {7: 1, 3: 98, 9: 1}
        self.assertEqual(quantile(counts, 0.5), class_middle_s(3))
        self.assertEqual(quantile(counts, 0.99), class_middle_s(7))
        self.assertEqual(quantile(counts, 1.0), class_middle_s(9))
        self.assertIsNone(quantile({}, 0.5))


class Several(Case):
    def test_they_are_added_up(self) -> None:
        """Histories of several processes are one, step by step and class by class."""
        one = [[5, 1, 0, 10, 1, [[3, 1], [4, 1]]], [7, 1, 1, 0, 0, []]]
        other = [[4, 2, 0, 0, 0, []], [5, 3, 1, 5, 2, [[4, 2]]]]
        self.assertEqual(
            added([one, other]),
            [
                [4, 2, 0, 0, 0, []],
                [5, 4, 1, 15, 3, [(3, 1), (4, 3)]],
                [7, 1, 1, 0, 0, []],
            ],
        )
