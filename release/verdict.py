"""What pip-audit's report says, and what it does not say."""

import json
import re
from collections.abc import Iterable
from typing import Final

from attrs import frozen

#: The exit statuses; 2 is for a mistyped flag.
CLEAN: Final = 0
VULNERABLE: Final = 1
NOT_SEEN: Final = 3


@frozen(kw_only=True)
class Verdict:
    """
    What is known of some packages.

    Attributes:
        vulnerable: A line for each known vulnerability.
        not_seen: A line for each package that nobody could look at.
        seen: How many packages were looked at.
    """

    vulnerable: tuple[str, ...]
    not_seen: tuple[str, ...]
    seen: int

    @property
    def exit_status(self) -> int:
        """A vulnerability is told before anything else; what was not seen is never clean."""
        if self.vulnerable:
            return VULNERABLE
        return NOT_SEEN if self.not_seen else CLEAN

    @property
    def text(self) -> str:
        """Everything, a line each, and the sum last."""
        sums = [f"packages looked at: {self.seen}"]
        if self.vulnerable:
            sums.append(f"known vulnerabilities: {len(self.vulnerable)}")
        elif self.seen:
            sums.append("no vulnerability of theirs is known")
        if self.not_seen:
            sums.append(f"packages that COULD NOT BE LOOKED AT: {len(self.not_seen)}")
        return "\n".join([*self.vulnerable, *self.not_seen, "; ".join(sums)])


def _canonical(name: str) -> str:
    """Return a package's name as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def judge(report: str, packages: Iterable[tuple[str, str]], complaint: str) -> Verdict:
    """
    Read pip-audit's report.

    To pip-audit a package that its service does not know is no failure: it
    ends with 0, also where the service answers nothing but 404. And it prints
    no report at all if the service cannot be reached.

    Args:
        report: Its standard output, with ``--format json``; maybe empty.
        packages: Names and versions of what it was asked about.
        complaint: Why there is no report, if there is none.
    """
    try:
        rows = {_canonical(row["name"]): row for row in json.loads(report)["dependencies"]}
    except (ValueError, KeyError, TypeError):
        rows = {}
        missing = complaint or "pip-audit has not said why"
    else:
        missing = "pip-audit's report lacks it"
    vulnerable, not_seen, seen = [], [], 0
    for name, version in packages:
        row = rows.get(_canonical(name), {"skip_reason": missing})
        if row.get("version") != version:
            not_seen.append(f"{name} {version}: {row.get('skip_reason', 'another was looked at')}")
            continue
        seen += 1
        for found in row["vulns"]:
            mended = ", ".join(found["fix_versions"]) or "no version"
            known = "/".join([found["id"], *found["aliases"]])
            vulnerable.append(f"{name} {version}: {known}, mended in {mended}")
    return Verdict(vulnerable=tuple(vulnerable), not_seen=tuple(not_seen), seen=seen)
