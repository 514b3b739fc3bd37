"""What the tables of ``speed.py`` say of what was measured; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.growth import Size
from benchmarks.starting import Start
from benchmarks.works import Compared, Work

WORK_HEAD: Final = (
    "work",
    "the daemon takes",
    "unit",
    "ratio",
    "adds to a token",
    "adds to the first",
)
GROWTH_HEAD: Final = ("streams", "the daemon takes", "the gateway", "ratio", "memory of a stream")


def work_rows(
    works: Sequence[Work],
    compared: Sequence[Compared],
    held: int,
    held_kib: float,
    start: Start,
) -> list[tuple[str, ...]]:
    """Return a row for each work, for streams that wait, and for a start."""
    rows = [_work_row(work, figures) for work, figures in zip(works, compared, strict=True)]
    rows.append((f"{held:,} streams that wait", f"{held_kib:.1f} KiB each", "", "", "", ""))
    unit = f"{start.unit_s * 1e3:.0f} ms"
    taken = f"{start.answered_s:.2f} s, {start.memory_mib:.0f} MiB"
    ratio = f"{start.answered_s / start.unit_s:.1f}"
    return [*rows, ("start until it answers", taken, unit, ratio, "", "")]


def _work_row(work: Work, figures: Compared) -> tuple[str, ...]:
    taken = f"{figures.daemon_us:,.0f} us a request"
    return (
        work.what,
        taken if work.is_short else f"{figures.daemon_us:.1f} us a token",
        f"{figures.unit_us:.1f} us",
        f"{figures.ratio:.2f}",
        # In a burst it is the time in queues, which says nothing of the daemon.
        _pair(figures.delays_ms) if work.is_paced else "",
        _pair(figures.firsts_ms),
    )


def _pair(values_ms: tuple[float, float]) -> str:
    # Hundredths are noise in what is large.
    told = [f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}" for value in values_ms]
    return " / ".join(told) + " ms"


def growth_rows(sizes: Iterable[Size]) -> list[tuple[str, ...]]:
    """Return a row for each number of streams."""
    return [
        (
            f"{size.streams:,}",
            f"{size.daemon_us:.0f} us a token",
            f"{size.gateway_us:.0f} us",
            f"{size.daemon_us / size.gateway_us:.2f}",
            f"{size.stream_kib:.1f} KiB",
        )
        for size in sizes
    ]
