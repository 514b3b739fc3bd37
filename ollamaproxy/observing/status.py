"""A report as the document that the status page shows."""

from typing import Any, Final

from ollamaproxy.observing.families import Snapshot
from ollamaproxy.observing.history import curves
from ollamaproxy.observing.report import Plain, Report

#: Families of errors, in the order in which they are worth a look.
_ERRORS: Final = ("upstream_errors", "rejected", "client_disconnects")

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000


def status_document(report: Report, *, version: str, now_s: float, now_ns: int) -> dict[str, Any]:
    """
    Return the document: what JSON can hold, with ages instead of moments of this machine's clock.

    Args:
        report: Of one process or several.
        version: The daemon's.
        now_s: The report's moment, on the monotonic clock.
        now_ns: The same on the calendar, in nanoseconds since 1970.
    """
    counts = report.counts
    return {
        "version": version,
        "now_ms": now_ns // _NS_PER_MS,
        "uptime_s": (now_ns - report.started_ns) / _NS_PER_S,
        "obstacle": report.obstacle,
        "levels": {
            name: _total(counts, name)
            for name in (
                *("connections", "requests_in_flight"),
                *("requests_at_gateway", "requests_waiting"),
            )
        },
        "totals": {
            "requests": _total(counts, "requests"),
            "prompt_tokens": _total(counts, "tokens", "prompt"),
            "completion_tokens": _total(counts, "tokens", "completion"),
            "retries": _total(counts, "retries"),
            "failovers": _total(counts, "failovers"),
        },
        "errors": _errors(counts),
        "curves": curves(report.history, now_s),
        "running": [_running(it, now_s) for it in report.running],
        "gateways": [_gateway(it, now_s) for it in report.gateways],
        "recent": [_ended(it) for it in report.recent],
        "models": report.models,
    }


def _total(counts: Snapshot, name: str, first_label: str | None = None) -> float:
    return sum(
        float(value)
        for labels, value in counts.get(name, ())
        if first_label is None or labels[0] == first_label
    )


def _errors(counts: Snapshot) -> list[dict[str, Any]]:
    """Return the errors by kind, the most frequent of each family first."""
    return [
        {"family": name, "reason": labels[0], "count": count}
        for name in _ERRORS
        for labels, count in sorted(counts.get(name, ()), key=lambda sample: -sample[1])
        if count
    ]


def _running(request: Plain, now_s: float) -> dict[str, Any]:
    rest = {name: value for name, value in request.items() if name != "arrived_s"}
    return {**rest, "age_s": max(0.0, now_s - request["arrived_s"])}


def _gateway(gateway: Plain, now_s: float) -> dict[str, Any]:
    changed_s = gateway["changed_s"]
    return {
        "base_url": gateway["base_url"],
        "is_up": gateway["is_up"],
        "faults": gateway["faults"],
        "for_s": None if changed_s is None else max(0.0, now_s - changed_s),
    }


def _ended(request: Plain) -> dict[str, Any]:
    rest = {name: value for name, value in request.items() if name != "ended_ns"}
    return {**rest, "ended_ms": request["ended_ns"] // _NS_PER_MS}
