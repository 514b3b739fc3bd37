"""
``python -m release``: everything that is uploaded, made of the last commit, in ``dist/``.

Ends with 1, and says why, for a checkout with changes that are not committed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from release.bill import NAME
from release.distributions import build, check
from release.materials import make_bill
from release.source import ROOT, commit_time_s, copy_tracked_files, uncommitted_changes


def main() -> str | None:
    """Make the release; return what is wrong, or ``None``."""
    parser = argparse.ArgumentParser(prog="python -m release", description="Make a release.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder; dist/")
    out: Path = parser.parse_args().out.resolve()
    changes = uncommitted_changes()
    if changes:
        return "\n".join(["a release is made of a commit; these are in none:", *changes])
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{NAME}-*"):
        old.unlink()
    time_s = commit_time_s()
    with tempfile.TemporaryDirectory() as source:
        copy_tracked_files(Path(source))
        made = build(Path(source), out, time_s)
    check(made)
    bill = out / f"{NAME}-{made.version}.cdx.json"
    bill.write_text(make_bill(made.wheel, time_s), encoding="utf-8")
    for path in sorted(out.glob(f"{NAME}-*")):
        print(path)  # noqa: T201
    return None


if __name__ == "__main__":
    sys.exit(main())
