"""
Slow clients: slowhttptest's six hundred connections that send almost nothing (B2).

Sends slow heads (-H) and slow bodies (-B) to a daemon with its default
deadlines, half a minute each at most, and asks for its version meanwhile.
Prints one line for each, and exits with 1 if a promise is not held.
"""

import re
import shutil
import sys
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from typing import Final

from benchmarks.setting import Setting, Verdicts
from tests.processes import RunningProgram

CONNECTIONS: Final = 600
PER_S: Final = 200
#: The daemon's own deadline for a head, and how long a body may be too slow.
DEADLINE_S: Final = 10.0
#: The last connection is opened late; the tool looks once a second, and reports every five.
LATEST_S: Final = CONNECTIONS / PER_S + DEADLINE_S + 3
LONGEST_S: Final = 30
PAUSE_S: Final = 0.25

TESTS: Final = (("slow heads", ("-H",)), ("slow bodies", ("-B",)))


def attack(port: int, kind: Sequence[str]) -> RunningProgram:
    """Start slowhttptest."""
    numbers = ("-c", str(CONNECTIONS), "-r", str(PER_S), "-l", str(LONGEST_S))
    # Something every two seconds, ten letters at most; POST for bodies.
    pace = ("-i", "2", "-x", "10", "-p", "3", "-v", "1")
    url = f"http://127.0.0.1:{port}/api/chat"
    return RunningProgram(["slowhttptest", *kind, *numbers, *pace, "-u", url])


def answered_s(port: int) -> float:
    """Ask for the daemon's version; return how long that took, in seconds, or infinity."""
    begun_s = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/version")
        good = connection.getresponse().status == 200
    except OSError:
        good = False
    finally:
        connection.close()
    return time.monotonic() - begun_s if good else float("inf")


def told(program: RunningProgram, pattern: str) -> list[str]:
    """Return what slowhttptest's lines, without their colours, say after a word."""
    lines = (re.sub(r"\x1b\[[0-9;]*m", "", line) for line in program.stdout)
    return [match[1] for line in lines if (match := re.search(pattern, line))]


def measure(verdicts: Verdicts, what: str, kind: Sequence[str]) -> None:
    """Attack a new daemon."""
    with Setting() as setting:
        idle = setting.daemon.usage.descriptors()
        most, slowest_s, begun_s = idle, 0.0, time.monotonic()
        with attack(setting.daemon.port, kind) as attacker:
            while attacker.is_running and time.monotonic() - begun_s < LONGEST_S + 5:
                slowest_s = max(slowest_s, answered_s(setting.daemon.port))
                most = max(most, setting.daemon.usage.descriptors())
                time.sleep(PAUSE_S)
            took_s = time.monotonic() - begun_s
        left = setting.daemon.usage.descriptors() - idle
    unavailable = "NO" in told(attacker, r"^service available:\s+(\w+)")
    ended = told(attacker, r"^Exit status:\s+(.*)")
    verdicts.tell(
        f"B2 {CONNECTIONS} {what}: all closed {DEADLINE_S:g} s after they began, service available",
        f"{most - idle} open at most, {left} left after {took_s:.1f} s, of which the last was "
        f"opened at {CONNECTIONS / PER_S:g} s; others answered in {slowest_s * 1000:.0f} ms "
        f"at most; slowhttptest says: {' '.join(ended)}",
        held=left <= 0
        and most - idle > CONNECTIONS // 2
        and took_s <= LATEST_S + 5
        and not unavailable
        and slowest_s < 3,
    )


def main() -> int:
    """Measure everything; return the exit status."""
    if shutil.which("slowhttptest") is None:
        sys.stdout.write("slowhttptest is missing (Debian has it under that name): skipped\n")
        return 0
    verdicts = Verdicts()
    for what, kind in TESTS:
        measure(verdicts, what, kind)
    return 0 if verdicts.all_held else 1


if __name__ == "__main__":
    sys.exit(main())
