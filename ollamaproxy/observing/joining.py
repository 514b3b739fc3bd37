"""One snapshot of those of several processes."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from ollamaproxy.observing.families import BY_NAME, Kind, Snapshot


def joined(snapshots: Iterable[Snapshot]) -> Snapshot:
    """
    Return what several processes have counted, as if it had been one.

    Args:
        snapshots: As they are, or as JSON gives them back.  A family that is
            not in the table is left out: a process of another release knows it.

    Raises:
        ValueError: Histograms of one family have different classes.
    """
    values: dict[str, dict[tuple[str, ...], Any]] = {}
    for snapshot in snapshots:
        for name, samples in snapshot.items():
            if name not in BY_NAME:
                continue
            join = _JOINS[BY_NAME[name].kind]
            of_family = values.setdefault(name, {})
            for labels, value in samples:
                key = tuple(labels)
                of_family[key] = join(of_family[key], value) if key in of_family else value
    return {name: list(of_family.items()) for name, of_family in values.items()}


def only_growing(snapshot: Snapshot) -> Snapshot:
    """Return what is still true of a process that has ended: what it has counted."""
    return {
        name: samples
        for name, samples in snapshot.items()
        if name in BY_NAME and BY_NAME[name].kind in {Kind.COUNTER, Kind.HISTOGRAM}
    }


def _sum(one: float, other: float) -> float:
    return one + other


def _sum_histograms(one: Sequence[Any], other: Sequence[Any]) -> tuple[list[int], float]:
    counts = [a + b for a, b in zip(one[0], other[0], strict=True)]
    return counts, one[1] + other[1]


_JOINS: Final[dict[Kind, Callable[[Any, Any], Any]]] = {
    Kind.COUNTER: _sum,
    Kind.HISTOGRAM: _sum_histograms,
    Kind.LEVEL: _sum,
    Kind.WORST: min,
    Kind.FACT: max,
}
