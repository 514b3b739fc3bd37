"""Reports of several processes as one, and the document that the status page shows."""

import json
from typing import Any

from attrs import evolve

from ollamaproxy.observing.counts import Counts
from ollamaproxy.observing.joining import joined
from ollamaproxy.observing.outcomes import Fate
from ollamaproxy.observing.report import MAX_RECENT, Report, ended_to_plain, joined_reports
from ollamaproxy.observing.status import status_document
from tests.case import Case
from tests.core.observed import ended

UP = {"base_url": "http://a", "is_up": True, "faults": 0, "changed_s": None}
RUNNING = {
    "method": "POST",
    "route": "/api/chat",
    "client": "10.0.0.1",
    "caller": "alice",
    "model": "m",
    "arrived_s": 90.0,
    "has_begun": False,
}
EMPTY = Report(
    counts={},
    history=[],
    recent=[],
    running=[],
    gateways=[UP],
    models=None,
    obstacle=None,
    started_ns=1_000_000_000,
)


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


class Joining(Case):
    def test_counters_and_levels(self) -> None:
        """Counters and levels of several processes are added, label by label."""
        self.assertEqual(
            joined(
                [
                    {"requests": [(("/", "GET", "200"), 2)], "connections": [((), 3)]},
                    {"requests": [(("/", "GET", "200"), 5), (("/", "GET", "404"), 1)]},
                    {"connections": [((), 4)]},
                ]
            ),
            {
                "requests": [(("/", "GET", "200"), 7), (("/", "GET", "404"), 1)],
                "connections": [((), 7)],
            },
        )

    def test_states(self) -> None:
        """A gateway is up if all processes say so, and a version is no number to be added."""
        down = {"gateway_up": [(("a",), 0)], "build_info": [(("1",), 1)]}
        up = {"gateway_up": [(("a",), 1)], "build_info": [(("1",), 1)]}
        for both in ([down, up], [up, down]):
            self.assertEqual(
                joined(both), {"gateway_up": [(("a",), 0)], "build_info": [(("1",), 1)]}
            )

    def test_as_if_it_had_been_one(self) -> None:
        """What two processes have counted, sent as JSON, is what one would have counted."""
        one, other, all_of_it = Counts(), Counts(), Counts()
        requests = [
            ended(),
            ended(route="/api/generate", duration_s=0.01, first_byte_s=None),
            ended(fate=Fate.UPSTREAM, reason="upstream_timeout", status=504),
            ended(model_name="n", duration_s=90.0),
        ]
        for number, request in enumerate(requests):
            (one if number % 2 else other).add(request)
            all_of_it.add(request)
        both = joined([through_json(one.snapshot()), through_json(other.snapshot())])
        for name, samples in all_of_it.snapshot().items():
            self.assertEqual(
                {tuple(labels): through_json(value) for labels, value in both[name]},
                {tuple(labels): through_json(value) for labels, value in samples},
                name,
            )

    def test_of_another_release(self) -> None:
        """A family that is not in the table is left out."""
        self.assertEqual(joined([{"from_the_future": [((), 1)]}]), {})

    def test_histograms_of_other_classes(self) -> None:
        """Histograms whose classes differ cannot be added, and are not added by halves."""
        with self.assertRaises(ValueError):
            joined(
                [{"reactor_lag_seconds": [((), [[1, 2], 0.1])]}] * 1
                + [{"reactor_lag_seconds": [((), [[1, 2, 3], 0.1])]}]
            )


class Reports(Case):
    def test_through_json(self) -> None:
        """A report survives being sent as JSON to another process."""
        report = evolve(EMPTY, running=[RUNNING], recent=[ended_to_plain(ended())])
        self.assertEqual(Report.from_plain(through_json(report.to_plain())), report)

    def test_one_alone(self) -> None:
        """One report alone is itself."""
        self.assertEqual(joined_reports([EMPTY]), EMPTY)

    def test_requests_are_merged_by_time(self) -> None:
        """The newest requests of all come first, and of the running ones the oldest."""
        one, other = (
            evolve(
                EMPTY,
                recent=[ended_to_plain(ended(ended_ns=100 - 2 * i - odd)) for i in range(40)],
                running=[{**RUNNING, "arrived_s": 2.0 * i + odd} for i in range(3)],
            )
            for odd in (0, 1)
        )
        both = joined_reports([one, other])
        self.assertEqual([it["ended_ns"] for it in both.recent], list(range(100, 50, -1)))
        self.assertEqual(len(both.recent), MAX_RECENT)
        self.assertEqual([it["arrived_s"] for it in both.running], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0])

    def test_gateways(self) -> None:
        """A gateway is there once: down if one says so, since its last change, with all faults."""
        down = {**UP, "is_up": False, "faults": 2, "changed_s": 50.0}
        for states, expected in (
            ([UP, down], down),
            ([down, UP], down),
            ([down, {**down, "changed_s": 60.0}], {**down, "faults": 4, "changed_s": 60.0}),
            ([UP, {**UP, "changed_s": 7.0}], {**UP, "changed_s": 7.0}),
        ):
            reports = [evolve(EMPTY, gateways=[state]) for state in states]
            self.assertEqual(joined_reports(reports).gateways, [expected])

    def test_the_rest(self) -> None:
        """Models are those of a process that knows them; one that is not ready counts for all."""
        knows = evolve(EMPTY, models=[{"name": "m"}], started_ns=7)
        stops = evolve(EMPTY, obstacle="it stops")
        both = joined_reports([EMPTY, knows, stops])
        self.assertEqual(both.models, [{"name": "m"}])
        self.assertEqual(both.obstacle, "it stops")
        self.assertEqual(both.started_ns, 7)


class TheDocument(Case):
    def of(self, **parts: Any) -> dict[str, Any]:
        document = status_document(
            evolve(EMPTY, **parts), version="1.2.3", now_s=100.0, now_ns=61_000_000_000
        )
        self.assertEqual(through_json(document), document)
        return document

    def test_ages(self) -> None:
        """Moments of this machine's clock are told as ages, which mean something in a browser."""
        down = {**UP, "is_up": False, "changed_s": 70.0}
        document = self.of(running=[RUNNING], gateways=[down])
        self.assertEqual(document["uptime_s"], 60.0)
        self.assertEqual(document["running"][0]["age_s"], 10.0)
        self.assertNotIn("arrived_s", document["running"][0])
        self.assertEqual(document["gateways"][0]["for_s"], 30.0)
        self.assertIsNone(self.of()["gateways"][0]["for_s"])

    def test_totals(self) -> None:
        """Totals are over all labels, tokens by their kind."""
        document = self.of(
            counts={
                "requests": [(("/", "GET", "200"), 2), (("/", "GET", "404"), 1)],
                "tokens": [(("prompt", "m"), 5), (("prompt", "n"), 6), (("completion", "m"), 7)],
                "requests_waiting": [((), 4)],
            }
        )
        self.assertEqual(document["totals"]["requests"], 3)
        self.assertEqual(document["totals"]["prompt_tokens"], 11)
        self.assertEqual(document["totals"]["completion_tokens"], 7)
        self.assertEqual(document["levels"]["requests_waiting"], 4)

    def test_errors(self) -> None:
        """The gateway's errors come first, the most frequent in front, and none that never was."""
        counts = {
            "client_disconnects": [(("before_reply",), 9)],
            "upstream_errors": [(("a",), 1), (("b",), 0), (("c",), 3)],
            "rejected": [(("d",), 2)],
        }
        told = [
            (it["family"], it["reason"], it["count"]) for it in self.of(counts=counts)["errors"]
        ]
        self.assertEqual(
            told,
            [
                ("upstream_errors", "c", 3),
                ("upstream_errors", "a", 1),
                ("rejected", "d", 2),
                ("client_disconnects", "before_reply", 9),
            ],
        )

    def test_requests(self) -> None:
        """A request is told with the milliseconds of its end, which a browser understands."""
        recent = [ended_to_plain(ended(ended_ns=1_795_521_600_123_456_789))]
        shown = self.of(recent=recent)["recent"][0]
        self.assertEqual(shown["ended_ms"], 1_795_521_600_123)
        self.assertEqual(shown["fate"], "answered")
        self.assertNotIn("ended_ns", shown)
