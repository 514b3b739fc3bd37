"""
How the programs for Python take their plan and report.

Standard library only, for it runs in the clients' own environments.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: Takes what a scenario asks for, and returns what was seen.
Act = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def plan() -> Mapping[str, Any]:
    """Return the plan, whose file is the program's last argument."""
    return json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))


def report(version: str, acts: Mapping[str, Act]) -> None:
    """Do what the plan says, and report."""
    _say({"version": version})
    for name, asked in plan()["scenarios"].items():
        try:
            told = {"saw": acts[name](asked)}
        except Exception as error:  # noqa: BLE001 - it is reported, and the others are tried
            told = {"raised": f"{type(error).__name__}: {error}"}
        _say({"scenario": name, **told})


def _say(value: Mapping[str, object]) -> None:
    sys.stdout.write(f"\n{json.dumps(value)}\n")
    sys.stdout.flush()
