"""All that one process has to say of itself, as plain values, and one report of several."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from attrs import asdict, frozen

from ollamaproxy.observing.ended import EndedRequest
from ollamaproxy.observing.families import Snapshot
from ollamaproxy.observing.history import added
from ollamaproxy.observing.joining import joined

#: The last requests of which a report tells, one by one.
MAX_RECENT: Final = 50
#: The running requests of which it tells; how many there are is in its counts.
MAX_RUNNING: Final = 200

Plain = Mapping[str, Any]


@frozen(kw_only=True)
class Report:
    """
    What one process, or several, has seen and is doing.

    All values are such as JSON has.  Moments ending in ``_s`` are on the
    monotonic clock, in seconds; those ending in ``_ns`` on the calendar.

    Attributes:
        counts: The values of all families.
        history: The last ten minutes, see :mod:`~ollamaproxy.observing.history`.
        recent: The last requests, newest first, see :func:`ended_to_plain`.
        running: ``method``, ``route``, ``client``, ``caller``, ``model``,
            ``arrived_s`` and ``has_begun`` (its reply) of each, oldest first.
        gateways: ``base_url``, ``is_up``, ``faults`` and ``changed_s`` of each,
            in the operator's order; the last is ``None`` if it was always up.
        models: ``name``, ``target``, ``capabilities`` and ``context_length`` of
            each; ``None`` if the gateway has not told them yet.
        obstacle: Why the daemon does not want to be sent requests; ``None`` if it does.
        started_ns: When it started.
    """

    counts: Snapshot
    history: Sequence[Sequence[Any]]
    recent: Sequence[Plain]
    running: Sequence[Plain]
    gateways: Sequence[Plain]
    models: Sequence[Plain] | None
    obstacle: str | None
    started_ns: int

    def to_plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self, recurse=False)

    @classmethod
    def from_plain(cls, plain: Plain) -> Self:
        """Return what :meth:`to_plain` was called on."""
        return cls(**plain)


def empty_report(started_ns: int) -> Report:
    """Return the report of a process of which nothing is known but when it started."""
    return Report(
        counts={},
        history=(),
        recent=(),
        running=(),
        gateways=(),
        models=None,
        obstacle=None,
        started_ns=started_ns,
    )


def joined_reports(reports: Sequence[Report]) -> Report:
    """Return one report of several processes; there is at least one."""
    recent = sorted(
        (it for report in reports for it in report.recent),
        key=lambda it: it["ended_ns"],
        reverse=True,
    )
    running = sorted(
        (it for report in reports for it in report.running), key=lambda it: it["arrived_s"]
    )
    return Report(
        counts=joined(report.counts for report in reports),
        history=added(report.history for report in reports),
        recent=recent[:MAX_RECENT],
        running=running[:MAX_RUNNING],
        gateways=_joined_gateways(it for report in reports for it in report.gateways),
        models=next((it.models for it in reports if it.models is not None), None),
        obstacle=next((it.obstacle for it in reports if it.obstacle is not None), None),
        started_ns=min(report.started_ns for report in reports),
    )


def _joined_gateways(gateways: Iterable[Plain]) -> list[Plain]:
    """Return each gateway once: down if one process says so, since the last change of its state."""
    known: dict[str, dict[str, Any]] = {}
    for gateway in gateways:
        one = known.get(gateway["base_url"])
        if one is None:
            known[gateway["base_url"]] = dict(gateway)
            continue
        if one["is_up"] == gateway["is_up"]:
            changes = (one["changed_s"], gateway["changed_s"])
            one["changed_s"] = max((it for it in changes if it is not None), default=None)
        elif one["is_up"]:
            one["is_up"], one["changed_s"] = gateway["is_up"], gateway["changed_s"]
        one["faults"] += gateway["faults"]
    return list(known.values())


def ended_to_plain(request: EndedRequest) -> dict[str, Any]:
    """Return a request as JSON can hold it: its attributes by name, the fate as its word."""
    return {**asdict(request, recurse=False), "fate": request.fate.value}
