"""``/metrics``: the counts in the format of Prometheus or of OpenMetrics."""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_text
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ollamaproxy.admin.endpoint import AdminEndpoint
from ollamaproxy.admin.reports import Reports
from ollamaproxy.observing.families import FAMILIES, PREFIX, Family, Kind, Samples, Snapshot
from ollamaproxy.server.request import ProxyRequest

_OPENMETRICS: Final = b"application/openmetrics-text"
_OPENMETRICS_TYPE: Final = _OPENMETRICS + b"; version=1.0.0; charset=utf-8"
_TEXT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


class SnapshotCollector(Collector):
    """Hands the values of our families over to prometheus_client."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        """
        Prepare.

        Args:
            snapshot: Returns the values of now, of one process or of several.
        """
        self._snapshot = snapshot

    def describe(self) -> Iterator[Metric]:
        """Implement Collector: the names, for the registry, which need no values."""
        for family in FAMILIES:
            yield _metric(family, ())

    def collect(self) -> Iterator[Metric]:
        """Implement Collector."""
        snapshot = self._snapshot()
        for family in FAMILIES:
            yield _metric(family, snapshot.get(family.name, ()))


def _metric(family: Family, samples: Samples) -> Metric:
    name = PREFIX + family.name
    if family.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(name, family.meaning, labels=family.labels)
        for labels, value in samples:
            histogram.add_metric(labels, _buckets(family, value[0]), value[1])
        return histogram
    kind = CounterMetricFamily if family.kind is Kind.COUNTER else GaugeMetricFamily
    metric = kind(name, family.meaning, labels=family.labels)
    for labels, value in samples:
        metric.add_metric(labels, value)
    return metric


def _buckets(family: Family, counts: Sequence[int]) -> list[tuple[str, float]]:
    ends = (*map(floatToGoString, family.classes), "+Inf")
    return list(zip(ends, accumulate(counts), strict=True))


def make_registry(snapshot: Callable[[], Snapshot]) -> CollectorRegistry:
    """Return a registry of our own, with what is to be known of this process besides."""
    registry = CollectorRegistry()
    registry.register(SnapshotCollector(snapshot))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class Metrics(AdminEndpoint):
    """``GET /metrics``."""

    def __init__(self, reports: Reports) -> None:
        """
        Tell.

        Args:
            reports: Know the counts.
        """
        super().__init__()
        self._reports = reports
        self._snapshot: Snapshot = {}
        self._registry: Any = make_registry(lambda: self._snapshot)

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint: in OpenMetrics if the request's Accept says so."""
        self._snapshot = (await self._reports.fresh()).counts
        # choose_encoder of prometheus_client raises TypeError for "version=x".
        accepted = b",".join(request.requestHeaders.getRawHeaders(b"Accept", [])).split(b",")
        if any(it.partition(b";")[0].strip().lower() == _OPENMETRICS for it in accepted):
            request.send_whole(200, _OPENMETRICS_TYPE, openmetrics_text(self._registry))
        else:
            request.send_whole(200, _TEXT_TYPE, generate_latest(self._registry))
