"""
``python -m release.audit``: is a vulnerability known in what is installed with the wheel?

Asks about exactly what the bill of materials in ``dist/`` names. Takes
pip-audit's own flags, as ``--vulnerability-service osv``. Ends with 0 if
nothing is known, with 1 if something is, and with 3 if nobody could look.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from release.bill import NAME, materials
from release.source import ROOT
from release.verdict import Verdict, judge


def audit(packages: Sequence[tuple[str, str]], flags: Sequence[str]) -> Verdict:
    """
    Ask pip-audit about packages, by name and version.

    Args:
        packages: Names and exact versions; what they depend on is not looked at.
        flags: pip-audit's own.

    Raises:
        FileNotFoundError: There is no pip-audit beside this Python.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as requirements:
        requirements.writelines(f"{name}=={version}\n" for name, version in packages)
        requirements.flush()
        tool = str(Path(sys.executable).with_name("pip-audit"))
        # These versions are there already: nothing needs to be resolved.
        which = ("--requirement", requirements.name, "--no-deps", "--disable-pip")
        how = ("--format", "json", "--progress-spinner", "off", *flags)
        done = subprocess.run([tool, *which, *how], capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    return judge(done.stdout, packages, lines[-1] if lines else "")


def main() -> int:
    """Audit what the bill in ``dist/`` names, and return the exit status."""
    bills = list((ROOT / "dist").glob(f"{NAME}-*.cdx.json"))
    if len(bills) != 1:
        print("there is no bill of materials in dist/: make dist", file=sys.stderr)  # noqa: T201
        return 2
    packages = materials(json.loads(bills[0].read_text(encoding="utf-8")))
    verdict = audit(packages, sys.argv[1:])
    print(f"{verdict.text} ({bills[0].name})")  # noqa: T201
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main())
