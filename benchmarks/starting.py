"""How long the console script takes until it answers, and how much memory it has then."""

import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Final

from attrs import frozen

from benchmarks.usage import MIB, Usage
from benchmarks.works import Broken
from tests.processes import RunningProgram

#: The script that setuptools puts beside the interpreter of an environment.
_SCRIPT: Final = Path(sys.executable).with_name("ollamaproxy")


@frozen
class Start:
    """
    What a start takes.

    Attributes:
        answered_s: From the process's start to an answer, in seconds.
        unit_s: The same interpreter, started and ended with nothing to do.
        memory_mib: What is resident after the answer.
    """

    answered_s: float
    unit_s: float
    memory_mib: float


def measure(times: int) -> Start:
    """
    Start it so many times, and return the median of each figure.

    Raises:
        Broken: The version is not to be had.
    """
    starts = [_start() for _ in range(times)]
    return Start(
        median(start.answered_s for start in starts),
        median(start.unit_s for start in starts),
        median(start.memory_mib for start in starts),
    )


def _start() -> Start:
    begun_s = time.monotonic()
    subprocess.run([sys.executable, "-c", ""], check=True)
    unit_s = time.monotonic() - begun_s
    # Nobody is at that address, and nobody asks.
    argv = [str(_SCRIPT), "--host=127.0.0.1", "--port=0", "--base-url=http://127.0.0.1:9"]
    begun_s = time.monotonic()
    with RunningProgram(argv) as program:
        listening = program.wait_for_line("stderr", r"listening on http://127\.0\.0\.1:(\d+)")
        connection = HTTPConnection("127.0.0.1", int(listening[1]), timeout=10)
        try:
            connection.request("GET", "/api/version")
            status = connection.getresponse().status
        finally:
            connection.close()
        answered_s = time.monotonic() - begun_s
        memory_mib = Usage(program.pid).memory_bytes() / MIB
    if status != 200:
        raise Broken(f"a daemon that has just started answers with {status}")
    return Start(answered_s, unit_s, memory_mib)
