"""A picture of how the cost grows; needs matplotlib."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.growth import TOKENS_PER_S, Size

_DAEMON = "#0b62a4"
_GATEWAY = "#8a8a8a"


def draw(sizes: Sequence[Size], path: Path) -> None:
    """
    Write the picture, as what the path's suffix says.

    The same figures make the same bytes: an SVG has no date, no random names, and no release of
    matplotlib's in it.
    """
    mpl.rcParams.update({"svg.hashsalt": "ollamaproxy", "svg.fonttype": "none", "font.size": 10})
    figure = Figure(figsize=(9.0, 3.8), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)  # type: ignore[union-attr, call-arg]
    cpu, memory = figure.subplots(1, 2)
    streams = [size.streams for size in sizes]
    daemon_us = [size.daemon_us for size in sizes]
    gateway_us = [size.gateway_us for size in sizes]
    stream_kib = [size.stream_kib for size in sizes]
    _axes(cpu, streams, f"CPU time of a token, {TOKENS_PER_S:,} tokens/s in all", "microseconds")
    cpu.plot(streams, daemon_us, "o-", color=_DAEMON, label="ollamaproxy")
    cpu.plot(streams, gateway_us, "s--", color=_GATEWAY, label="the benchmark's gateway")
    cpu.legend(loc="lower right", frameon=False)
    _axes(memory, streams, "Memory of a stream", "KiB")
    memory.plot(streams, stream_kib, "o-", color=_DAEMON)
    for axes, values in ((cpu, daemon_us), (memory, stream_kib)):
        axes.set_ylim(0, max(values) * 1.25)
    unsaid = {"Date": None, "Creator": None} if path.suffix == ".svg" else {}
    figure.savefig(path, metadata=unsaid, dpi=150)


def _axes(axes: Axes, streams: Sequence[int], title: str, unit: str) -> None:
    axes.set_xscale("log")
    axes.set_xticks(streams, [f"{count:,}" for count in streams])
    axes.minorticks_off()
    axes.set_xlabel("streams at once")
    axes.set_ylabel(unit)
    axes.set_title(title, fontsize=11)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
