"""What a process uses, from Linux's /proc."""

import os
from pathlib import Path
from typing import Final

MIB: Final = 1024 * 1024

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """The CPU time, the memory and the descriptors of a process that runs."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def cpu_s(self) -> float:
        """
        Return how long it has computed, in seconds: all its threads, in user and in kernel mode.

        It is the scheduler's own count, in nanoseconds; ``stat`` counts in hundredths of a second.
        """
        threads = (self._folder / "task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def memory_bytes(self) -> int:
        """Return how much memory it has in use."""
        return int((self._folder / "statm").read_text().split()[1]) * _PAGE_BYTES

    def forget_peak(self) -> None:
        """Have the peak be what is in use now."""
        (self._folder / "clear_refs").write_text("5")

    def peak_bytes(self) -> int:
        """Return how much memory it has had in use at most."""
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise LookupError("VmHWM")

    def descriptors(self) -> int:
        """Return how many files and sockets it has open."""
        return len(list((self._folder / "fd").iterdir()))
