"""Reads the daemon's parts off, and makes a report of it."""

import platform
from collections.abc import Callable, Sequence
from typing import Any

from attrs import field, frozen

import twisted
from ollamaproxy import __version__
from ollamaproxy.admin.lag import LagMeter
from ollamaproxy.assembly import Assembly
from ollamaproxy.clocks import Clocks
from ollamaproxy.models.listing import Model, ModelList
from ollamaproxy.observing.families import Snapshot
from ollamaproxy.observing.names import method_name, readable
from ollamaproxy.observing.observer import Observer
from ollamaproxy.observing.report import MAX_RUNNING, Report
from ollamaproxy.readiness import Readiness
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.server.site import ProxySite
from ollamaproxy.translate.model_details import capabilities, context_length


class _ListedModels:
    """The models as JSON can hold them; there may be many, and they rarely change."""

    def __init__(self) -> None:
        self._known: ModelList | None = None
        self._plain: list[dict[str, Any]] = []

    def to_plain(self, known: ModelList) -> list[dict[str, Any]]:
        if known is not self._known:
            self._known, self._plain = known, [_model_to_plain(it) for it in known.published]
        return self._plain


def _model_to_plain(model: Model) -> dict[str, Any]:
    return {
        "name": readable(model.name),
        "target": readable(model.target),
        "capabilities": capabilities(model),
        "context_length": context_length(model),
    }


@frozen(kw_only=True)
class Readings:
    """
    The parts that are read off; nothing is done to them.

    Attributes:
        observer: Has seen the requests that have ended.
        site: Has those that run.
        assembly: Returns the parts that answer now.
        lag: Knows how late the event loop is.
        readiness: Knows whether the daemon wants requests.
        clocks: All of them.
        started_ns: When the daemon started, in nanoseconds since 1970.
    """

    observer: Observer
    site: ProxySite
    assembly: Callable[[], Assembly]
    lag: LagMeter
    readiness: Readiness
    clocks: Clocks
    started_ns: int
    _listed: _ListedModels = field(factory=_ListedModels, init=False)

    def collect(self) -> Report:
        """Return what there is to say now."""
        return Report(
            counts=self.counts(),
            history=self.observer.history(),
            recent=self.observer.recent(),
            running=self._running(),
            gateways=[
                {
                    "base_url": gateway.base_url,
                    "is_up": gateway.is_up,
                    "faults": gateway.faults,
                    "changed_s": gateway.changed_s,
                }
                for gateway in self.assembly().failover.gateways
            ],
            models=self._models(),
            obstacle=self.readiness.obstacle(),
            started_ns=self.started_ns,
        )

    def counts(self) -> Snapshot:
        """Return the values of all families."""
        assembly = self.assembly()
        admission, gateways = assembly.workings.admission, assembly.failover.gateways
        versions = (__version__, platform.python_version(), twisted.__version__)
        return {
            **self.observer.counts(),
            **self.lag.counts(),
            "requests_in_flight": _one(sum(1 for _ in self.site.running)),
            "requests_at_gateway": _one(admission.in_flight),
            "requests_waiting": _one(admission.waiting),
            "connections": _one(self.site.connections),
            "retries": _one(assembly.retrying.retries),
            "failovers": _one(assembly.failover.failovers),
            "gateway_faults": [((it.base_url,), it.faults) for it in gateways],
            "gateway_up": [((it.base_url,), int(it.is_up)) for it in gateways],
            "gateway_connections": [
                (("new",), assembly.pool.new),
                (("reused",), assembly.pool.reused),
            ],
            "ready": _one(int(self.readiness.obstacle() is None)),
            "build_info": [(versions, 1)],
        }

    def _running(self) -> list[dict[str, Any]]:
        requests = sorted(self.site.running, key=lambda request: request.arrived_s)
        return [self._running_to_plain(request) for request in requests[:MAX_RUNNING]]

    def _running_to_plain(self, request: ProxyRequest) -> dict[str, Any]:
        method, path, _version = request.request_line
        return {
            "method": method_name(method),
            "route": self.observer.route(path.partition(b"?")[0]),
            "client": request.client_host,
            "caller": request.caller.name,
            "model": readable(request.model),
            "arrived_s": request.arrived_s,
            "has_begun": bool(request.startedWriting),
        }

    def _models(self) -> list[dict[str, Any]] | None:
        known = self.assembly().workings.realms.own.catalogue.known
        return None if known is None else self._listed.to_plain(known)


def _one(value: float) -> Sequence[tuple[Sequence[str], float]]:
    """Return the samples of a family without labels."""
    return [((), value)]
