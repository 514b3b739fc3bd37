"""On which machine, and with what, was it measured?"""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import twisted


def processor(cpuinfo: str) -> str:
    """Return what the text of ``/proc/cpuinfo`` says the processor is called."""
    named = (line.partition(":") for line in cpuinfo.splitlines())
    models = [value.strip() for name, _colon, value in named if name.strip() == "model name"]
    # Not all architectures have such a line.
    return models[0] if models else platform.machine()


def description() -> str:
    """Return a sentence: the date, the machine, Python and Twisted."""
    name = processor(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    cores = len(os.sched_getaffinity(0))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {cores} core{'s' * (cores != 1)} of {name}, "
        f"Linux {platform.release()}, Python {platform.python_version()}, "
        f"Twisted {twisted.__version__}."
    )
