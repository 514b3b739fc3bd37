"""What is counted of requests that have ended."""

from typing import Any

from ollamaproxy.observing.counts import Counts, Histogram
from ollamaproxy.observing.families import BY_NAME, DURATIONS_S, FAMILIES, Kind
from ollamaproxy.observing.outcomes import Fate
from tests.case import Case
from tests.core.observed import ended


class Counting(Case):
    def setUp(self) -> None:
        super().setUp()
        self.counts = Counts()

    def of(self, family: str) -> dict[tuple[str, ...], Any]:
        """Return the values of a family that are not 0."""
        samples = self.counts.snapshot()[family]
        return {tuple(labels): value for labels, value in samples if value}

    def test_requests(self) -> None:
        """Requests are counted by route, method and status."""
        self.counts.add(ended())
        self.counts.add(ended())
        self.counts.add(ended(method="GET", status=405))
        self.assertEqual(
            self.of("requests"),
            {("/api/chat", "POST", "200"): 2, ("/api/chat", "GET", "405"): 1},
        )

    def test_tokens(self) -> None:
        """Tokens are counted by kind and model, and no tokens make no count."""
        self.counts.add(ended())
        self.counts.add(ended(completion_tokens=0, model_name="other"))
        self.assertEqual(
            self.of("tokens"),
            {("prompt", "m"): 10, ("completion", "m"): 5, ("prompt", "other"): 10},
        )

    def test_what_became_of_them(self) -> None:
        """Each failure is counted once, in the family of whose doing it was."""
        self.counts.add(ended(fate=Fate.CLIENT_LEFT, reason="during_reply"))
        self.counts.add(ended(fate=Fate.UPSTREAM, reason="upstream_timeout"))
        self.counts.add(ended(fate=Fate.REJECTED, reason="overloaded"))
        self.counts.add(ended())
        self.assertEqual(self.of("client_disconnects"), {("during_reply",): 1})
        self.assertEqual(self.of("upstream_errors"), {("upstream_timeout",): 1})
        self.assertEqual(self.of("rejected"), {("overloaded",): 1})

    def test_what_has_not_happened_is_zero(self) -> None:
        """A kind of error that has not happened is there with 0, so that its first is a rise."""
        rejected = dict(self.counts.snapshot()["rejected"])
        self.assertEqual(rejected["overloaded",], 0)
        disconnects = dict(self.counts.snapshot()["client_disconnects"])
        self.assertEqual(disconnects, {("before_reply",): 0, ("during_reply",): 0})

    def test_times(self) -> None:
        """Times are histograms by route; a request without a reply has no first byte."""
        self.counts.add(ended(first_byte_s=0.3, duration_s=3.0))
        self.counts.add(ended(first_byte_s=None, duration_s=1000.0))
        counts, total = self.of("time_to_first_byte_seconds")["/api/chat",]
        self.assertEqual((sum(counts), total), (1, 0.3))
        counts, total = self.of("request_duration_seconds")["/api/chat",]
        self.assertEqual(counts[DURATIONS_S.index(5.0)], 1)
        self.assertEqual(counts[-1], 1)
        self.assertEqual(total, 1003.0)

    def test_the_table_knows_what_is_counted(self) -> None:
        """Every family of a snapshot is in the table, with as many labels."""
        self.counts.add(ended())
        for name, samples in self.counts.snapshot().items():
            for labels, _value in samples:
                self.assertEqual(len(labels), len(BY_NAME[name].labels), name)


class Histograms(Case):
    def test_classes(self) -> None:
        """A value belongs to the class that ends with it, and beyond the last is one more."""
        histogram = Histogram((1.0, 2.0))
        for value in (0.0, 1.0, 1.5, 2.0, 2.1):
            histogram.add(value)
        self.assertEqual(histogram.sample(), ([2, 2, 1], 6.6))

    def test_a_sample_stays(self) -> None:
        """A sample that was taken does not change with what comes later."""
        histogram = Histogram((1.0,))
        sample = histogram.sample()
        histogram.add(0.5)
        self.assertEqual(sample, ([0, 0], 0.0))


class TheTable(Case):
    def test_histograms_have_classes(self) -> None:
        """Histograms, and nothing else, have classes, in rising order."""
        for family in FAMILIES:
            self.assertEqual(bool(family.classes), family.kind is Kind.HISTOGRAM, family.name)
            self.assertEqual(list(family.classes), sorted(set(family.classes)))

    def test_names(self) -> None:
        """Names are there once, plain, and leave the endings to the kinds."""
        self.assertEqual(len(BY_NAME), len(FAMILIES))
        for family in FAMILIES:
            self.assertRegex(family.name, r"\A[a-z_]+\Z")
            self.assertFalse(family.name.endswith(("_total", "_count", "_sum", "_bucket")))
