"""
How fast is the daemon?  Prints two tables, in reStructuredText.

Each work is done directly, between this program's clients and its gateway, and
through the daemon, in turn, in several rounds; medians count.  --short does
everything once and so little of it that the figures mean nothing: it says
whether the benchmark works.  The exit status is 1 if something did not work,
such as a lost token, whatever time it took.
"""

import argparse
import asyncio
import gc
import importlib.util
import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks import growth, starting
from benchmarks.figures import between, simple_table
from benchmarks.machine import description
from benchmarks.setting import Setting
from benchmarks.tables import GROWTH_HEAD, WORK_HEAD, growth_rows, work_rows
from benchmarks.works import WORKS, Broken, Compared, Work, compare, middle, shortened
from tests.processes import ProgramMisbehaved

#: The lines of README.rst between which the tables are.
MARKS: Final = (".. The tables of make speed-results begin here.", ".. They end here.")


@frozen(kw_only=True)
class Extent:
    """
    How much is measured.

    Attributes:
        works: What is done directly and through the daemon.
        rounds: How often.
        starts: How often the daemon is started.
        held: How many streams wait at once.
        streams: The numbers of streams whose cost is compared.
        windows, window_s: How often, and how long each time, their CPU time is looked at.
    """

    works: Sequence[Work]
    rounds: int
    starts: int
    held: int
    streams: Sequence[int]
    windows: int
    window_s: float


FULL: Final = Extent(
    works=WORKS,
    rounds=3,
    starts=5,
    held=3000,
    streams=growth.STREAMS,
    windows=3,
    window_s=2.0,
)
SHORT: Final = Extent(
    works=tuple(map(shortened, WORKS)),
    rounds=1,
    starts=1,
    held=30,
    streams=(1, 10),
    windows=1,
    window_s=0.5,
)


async def works(extent: Extent) -> list[Compared]:
    """Do all works in turn, round after round, and return the medians."""
    rounds: list[list[Compared]] = [[] for _ in extent.works]
    with Setting(f"--max-in-flight={growth.STREAMS[-1]}") as setting:
        await growth.warmed_up(setting)
        for _ in range(extent.rounds):
            for work, done in zip(extent.works, rounds, strict=True):
                done.append(await compare(setting, work))
    return [middle(done) for done in rounds]


async def measure(extent: Extent, report: Callable[[str], None]) -> list[growth.Size]:
    """Measure everything, report each table as soon as it is there; return what the plot shows."""
    compared = await works(extent)
    held_kib = await growth.held_kib(extent.held)
    start = starting.measure(extent.starts)
    rows = work_rows(extent.works, compared, extent.held, held_kib, start)
    report(description() + "\n")
    report(simple_table(WORK_HEAD, rows))
    sizes = await growth.measure(extent.streams, extent.windows, extent.window_s)
    report(simple_table(GROWTH_HEAD, growth_rows(sizes)))
    return sizes


def main(argv: Sequence[str]) -> int:
    """Measure; return the exit status."""
    chosen = parse(argv)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # A collection in the clients would look like a delay of the daemon's.
    gc.disable()
    paragraphs: list[str] = []

    def report(text: str) -> None:
        paragraphs.append(text)
        print(text, flush=True)  # noqa: T201

    try:
        sizes = asyncio.run(measure(SHORT if chosen.short else FULL, report))
    except (Broken, ProgramMisbehaved, OSError) as error:
        print(f"it does not work: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if chosen.short:
        print("It works. So little was measured that the figures mean nothing.")  # noqa: T201
    if chosen.plot is not None:
        from benchmarks.plot import draw  # noqa: PLC0415 - needs what not everybody has

        draw(sizes, chosen.plot)
    if chosen.readme is not None:
        text = chosen.readme.read_text(encoding="utf-8")
        chosen.readme.write_text(between(text, *MARKS, "\n".join(paragraphs)), encoding="utf-8")
    return 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return what is asked for; what cannot be had ends the program now, not after minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--short", action="store_true", help="only see whether all of it works")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="of a picture of the growth")
    parser.add_argument(
        "--readme", type=Path, metavar="PATH", help="of a text to put the tables in"
    )
    chosen = parser.parse_args(argv)
    if chosen.plot is not None and importlib.util.find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: .venv/bin/pip install -e '.[bench]'")
    if chosen.plot is not None and not chosen.plot.absolute().parent.is_dir():
        parser.error(f"--plot {chosen.plot}: there is no such folder")
    if chosen.readme is not None:
        try:
            between(chosen.readme.read_text(encoding="utf-8"), *MARKS, "")
        except (OSError, ValueError) as error:
            parser.error(f"--readme {chosen.readme}: {error}")
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
