"""What measurements need: the processes, what they use, and the verdicts."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import Final, Self

from benchmarks.usage import Usage
from tests.processes import RunningProgram

_ROOT: Final = Path(__file__).absolute().parents[1]


class Upstream(RunningProgram):
    """The gateway that paces tokens."""

    def __init__(self) -> None:
        super().__init__([sys.executable, "-m", "benchmarks.upstream"], cwd=_ROOT)
        self.port = int(self.wait_for_line("stdout", r"port (\d+)")[1])
        self.usage = Usage(self.pid)


class Daemon(RunningProgram):
    """The daemon in front of it, as the console script, with all that it observes turned on."""

    def __init__(self, gateway_port: int, *flags: str) -> None:
        where = ("--host=127.0.0.1", "--port=0", f"--base-url=http://127.0.0.1:{gateway_port}")
        observing = ("--admin-listen=127.0.0.1:0", f"--access-log={os.devnull}")
        argv = [sys.executable, "-m", "benchmarks.serve", *where, *observing, *flags]
        super().__init__(argv, cwd=_ROOT)
        listening = self.wait_for_line("stderr", r"listening on http://127\.0\.0\.1:(\d+)")
        self.port = int(listening[1])
        self.usage = Usage(self.pid)

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

    def __init__(self, *flags: str) -> None:
        """Start both; the flags are the daemon's."""
        self.upstream = Upstream()
        try:
            self.daemon = Daemon(self.upstream.port, *flags)
        except BaseException:
            self.upstream.stop()
            raise

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
