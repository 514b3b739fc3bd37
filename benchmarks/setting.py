"""What both measurements need: the processes, what they use, and the verdicts."""

import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from tests.processes import RunningProgram

_ROOT: Final = Path(__file__).absolute().parents[1]
_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")

MIB: Final = 1024 * 1024


class Upstream(RunningProgram):
    """The gateway that paces tokens."""

    def __init__(self) -> None:
        super().__init__([sys.executable, "-m", "benchmarks.upstream"], cwd=_ROOT)
        self.port = int(self.wait_for_line("stdout", r"port (\d+)")[1])


class Daemon(RunningProgram):
    """The daemon in front of it."""

    def __init__(self, gateway_port: int, limits: Mapping[str, int]) -> None:
        arguments = [str(gateway_port), json.dumps(limits)]
        super().__init__([sys.executable, "-m", "benchmarks.serve", *arguments], cwd=_ROOT)
        listening = self.wait_for_line("stderr", r"listening on http://127\.0\.0\.1:(\d+)")
        self.port = int(listening[1])
        self._proc = Path(f"/proc/{self._process.pid}")

    def cpu_s(self) -> float:
        """Return how long it has computed, in seconds."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def memory_bytes(self) -> int:
        """Return how much memory it has in use."""
        return int((self._proc / "statm").read_text().split()[1]) * _PAGE_BYTES

    def descriptors(self) -> int:
        """Return how many files and sockets it has open."""
        return len(list((self._proc / "fd").iterdir()))

    def scheduled(self) -> int:
        """Return how many calls its reactor has scheduled."""
        before = len(self.stderr)
        self.send_signal(signal.SIGUSR2)
        with self._changed:
            self._changed.wait_for(lambda: len(self.stderr) > before, 10)
        found = [re.match(r"scheduled (\d+)", line) for line in self.stderr[before:]]
        return next((int(match[1]) for match in found if match), -1)


class Setting:
    """The daemon and its gateway, until the end of the block."""

    def __init__(self, **limits: int) -> None:
        self.upstream = Upstream()
        self.daemon = Daemon(self.upstream.port, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.daemon.stop()
        self.upstream.stop()


class Verdicts:
    """
    Prints a line for each promise.

    Attributes:
        all_held: No promise was broken.
    """

    def __init__(self) -> None:
        self.all_held = True

    def tell(self, promise: str, measured: str, *, held: bool) -> None:
        """Print one line."""
        self.all_held = self.all_held and held
        sys.stdout.write(f"{promise} | {measured} | {'held' if held else 'NOT HELD'}\n")
        sys.stdout.flush()


def percentile(values: list[float], part: float) -> float:
    """Return what so large a part of the values does not exceed; NaN if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]
