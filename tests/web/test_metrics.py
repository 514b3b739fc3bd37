"""``/metrics``: what a monitoring system reads, in memory."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as parse_text
from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused

from ollamaproxy.admin.metrics import SnapshotCollector
from ollamaproxy.observing.families import FAMILIES, PREFIX, Kind
from ollamaproxy.observing.joining import joined
from tests.web.admin import AdminCase
from tests.web.case import CHAT


class Metrics(AdminCase):
    def value(self, name: str, **labels: str) -> float | None:
        """Return one value, as a monitoring system reads it; ``None`` if it is not there."""
        families = parse_text(self.get("/metrics").body.decode())
        for family in families:
            for sample in family.samples:
                if sample.name == PREFIX + name and sample.labels == labels:
                    return float(sample.value)
        return None

    def finish(self) -> None:
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.gateway.end_stream()
        self.network.flush()

    def test_a_chat(self) -> None:
        """A chat is counted with route, method and status, its times and its tokens."""
        self.chat()
        self.network.wait(2)
        self.finish()
        route = {"route": "/api/chat"}
        self.assertEqual(self.value("requests_total", **route, method="POST", code="200"), 1)
        self.assertEqual(self.value("time_to_first_byte_seconds_count", **route), 1)
        self.assertEqual(self.value("time_to_first_byte_seconds_bucket", **route, le="1.0"), 0)
        self.assertEqual(self.value("time_to_first_byte_seconds_bucket", **route, le="2.5"), 1)
        self.assertEqual(self.value("request_duration_seconds_sum", **route), 2)
        self.assertEqual(self.value("tokens_total", kind="prompt", model="m"), 11)
        self.assertEqual(self.value("tokens_total", kind="completion", model="m"), 7)

    def test_levels(self) -> None:
        """What goes on right now is told while it does, and not any more afterwards."""
        client = self.chat()
        for name in ("requests_in_flight", "requests_at_gateway", "connections"):
            self.assertEqual(self.value(name), 1, name)
        client.leave()
        self.network.flush()
        for name in ("requests_in_flight", "requests_at_gateway", "connections"):
            self.assertEqual(self.value(name), 0, name)
        self.assertEqual(self.value("client_disconnects_total", phase="before_reply"), 1)

    def test_failures(self) -> None:
        """What the gateway did and what the daemon refused are counted apart, with reasons."""
        self.network.connecting = lambda: fail(TwistedRefused())
        self.chat()
        self.network.ask("/api/chat", b"{")
        self.assertEqual(self.value("upstream_errors_total", kind="upstream_unreachable"), 1)
        self.assertEqual(self.value("rejected_total", reason="bad_request"), 1)
        gateway = {"gateway": "http://gateway.test:4000"}
        self.assertEqual(self.value("gateway_up", **gateway), 0)
        self.assertEqual(self.value("gateway_faults_total", **gateway), 1)

    def test_gateway_connections(self) -> None:
        """New connections to the gateway and kept ones are told apart."""
        for _ in range(3):
            self.chat()
            self.finish()
        self.assertEqual(self.value("gateway_connections_total", state="new"), 1)
        self.assertEqual(self.value("gateway_connections_total", state="reused"), 2)

    def test_clients_make_up_no_labels(self) -> None:
        """Whatever clients make up, paths, methods or models, there are no more values for it."""
        self.chat()
        self.finish()
        self.network.get("/nowhere")
        self.network.ask("/api/chat", {**CHAT, "model": "made up"})
        self.finish()
        client = self.network.client()
        client.raw(b"BREW /coffee HTTP/1.1\r\nHost: a\r\n\r\n")
        self.network.flush()
        before = len(self.get("/metrics").body.splitlines())
        for number in range(20):
            self.network.get(f"/nowhere{number}/%ff")
            self.network.get(f"/api/{number}")
            self.network.ask("/api/chat", {**CHAT, "model": f"made up {number}"})
            self.finish()
            client = self.network.client()
            client.raw(f"BREW{number} /coffee HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            self.network.flush()
        self.assertEqual(len(self.get("/metrics").body.splitlines()), before)
        self.assertEqual(self.value("tokens_total", kind="prompt", model="other"), 21 * 11)

    def test_formats(self) -> None:
        """Prometheus' text is the default, OpenMetrics for who accepts it; nonsense is no harm."""
        self.chat()
        self.finish()
        openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8"
        for accept, content_type, parse in (
            (None, "text/plain; version=0.0.4; charset=utf-8", parse_text),
            ("text/html", "text/plain; version=0.0.4; charset=utf-8", parse_text),
            (openmetrics, openmetrics, parse_openmetrics),
            ("text/plain;q=0.1," + openmetrics, openmetrics, parse_openmetrics),
            ("application/openmetrics-text; version=nonsense", "", None),
            ("application/openmetrics-text; version=1.0.0\x80\xff; escaping=???", "", None),
            (";;;,,,=;", "", None),
        ):
            response = self.get("/metrics", f"Accept: {accept}\r\n" if accept else "")
            self.assertEqual(response.status, 200, accept)
            if parse is not None:
                self.assertTrue(response.headers["content-type"].startswith(content_type))
                names = {family.name for family in parse(response.body.decode())}
                self.assertLessEqual({PREFIX + family.name for family in FAMILIES}, names)
                self.assertIn("process_cpu_seconds", names)
                self.assertIn("python_gc_objects_collected", names)

    def test_every_family_has_a_value(self) -> None:
        """Each family of the table is fed by something: none is a promise only."""
        self.admin.lag.start()
        self.network.wait(1)
        self.admin.lag.stop()
        self.chat()
        self.finish()
        body = self.get("/metrics").body.decode()
        with_values = {it.name for it in parse_text(body) if it.samples}
        self.assertEqual({PREFIX + it.name for it in FAMILIES} - with_values, set())

    def test_of_several_processes(self) -> None:
        """The values of two processes, sent as JSON and joined, are served like one's."""
        self.chat()
        self.finish()
        sent = json.loads(json.dumps(self.admin.readings.counts()))
        told: dict[str, Any] = {}
        for metric in SnapshotCollector(lambda: joined([sent, sent])).collect():
            told[metric.name] = metric
        by_kind = {PREFIX + it.name: it.kind for it in FAMILIES}
        (requests,) = [it for it in told[PREFIX + "requests"].samples if it.value]
        self.assertEqual(requests.value, 2)
        times = told[PREFIX + "request_duration_seconds"].samples
        self.assertEqual([it.value for it in times if it.name.endswith("_count")], [2])
        self.assertEqual(by_kind[PREFIX + "build_info"], Kind.FACT)
        self.assertEqual([it.value for it in told[PREFIX + "build_info"].samples], [1])
        self.assertEqual([it.value for it in told[PREFIX + "gateway_up"].samples], [1])

    def test_they_are_documented(self) -> None:
        """Each family stands in the operator's manual, under its whole name and with its kind."""
        page = Path(__file__).parents[2] / "docs" / "operating" / "metrics.rst"
        manual = page.read_text("utf-8")
        rows = dict(re.findall(r"^``(\w+)`` +(counter|gauge|histogram) ", manual, re.MULTILINE))
        kinds = {Kind.COUNTER: "counter", Kind.HISTOGRAM: "histogram"}
        self.assertEqual(
            rows,
            {
                it.name + ("_total" if it.kind is Kind.COUNTER else ""): kinds.get(it.kind, "gauge")
                for it in FAMILIES
            },
        )
