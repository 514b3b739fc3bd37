"""Findings, written down: for a person as they come, and for a program at the end.  Pure."""

import json
from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from attrs import asdict

from ollamaproxy.doctor.diagnoses.models import ModelRow
from ollamaproxy.doctor.findings import Finding, Verdict

_WIDTH: Final = 98
_INDENT: Final = 23  # behind the verdict and the check

#: As terminals number their colours.
_COLOURS: Final = {
    Verdict.OK: "32",
    Verdict.WARNING: "33",
    Verdict.FAILED: "31",
    Verdict.SKIPPED: "2",
}

#: Of a gateway with wildcards there may be hundreds.
_MAX_ROWS: Final = 25


class TextReport:
    """Writes findings for a person."""

    def __init__(self, *, coloured: bool) -> None:
        """
        Begin.

        Args:
            coloured: Whether the verdicts have colours; they have words in any case.
        """
        self._coloured = coloured
        self._gateway = ""

    def lines(self, finding: Finding) -> list[str]:
        """Return the lines of a finding; in front of a gateway's first one, its address."""
        heading = []
        if finding.gateway != self._gateway:
            self._gateway = finding.gateway
            about = f"Gateway {_printable(finding.gateway)}" if finding.gateway else "This daemon"
            heading = ["", about]
        told, advice = _wrapped(finding.told), _wrapped(finding.advice)
        first = f"{self._verdict(finding.verdict)} {finding.check:<12}  {''.join(told[:1])}"
        return [*heading, first, *(" " * _INDENT + line for line in (*told[1:], *advice))]

    def _verdict(self, verdict: Verdict) -> str:
        word = f"{verdict.value:<8}"
        return f"\x1b[{_COLOURS[verdict]}m{word}\x1b[0m" if self._coloured else word


def _wrapped(text: str) -> list[str]:
    return wrap(_printable(text), _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False)


def _printable(text: str) -> str:
    """
    Return a text that does nothing to a terminal.

    Names in certificates and of models are whatever somebody else has chosen.
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def table(rows: Sequence[ModelRow]) -> list[str]:
    """Return the lines of a table of models; of a great many, the first."""
    shown = rows[:_MAX_ROWS]
    if not shown:
        return []
    names = [_printable(row.name) for row in shown]
    width = max(len("model"), *map(len, names))
    words = max(len("capabilities"), *(len(_capabilities(row)) for row in shown))
    lines = [f"{'model':<{width}}  {'capabilities':<{words}}  context"]
    for name, row in zip(names, shown, strict=True):
        mark = "*" if row.is_guess else ""
        lines.append(f"{name:<{width}}  {_capabilities(row):<{words}}  {row.context_length}{mark}")
    if len(rows) > len(shown):
        lines.append(f"and {len(rows) - len(shown)} more (--json has all)")
    return ["  " + line for line in lines]


def _capabilities(row: ModelRow) -> str:
    return ", ".join(row.capabilities)


def summary(findings: Sequence[Finding]) -> str:
    """Return one line about all of it; what was skipped is not among what was checked."""
    skipped = sum(finding.verdict is Verdict.SKIPPED for finding in findings)
    failed = sum(finding.verdict is Verdict.FAILED for finding in findings)
    warnings = sum(finding.verdict is Verdict.WARNING for finding in findings)
    if failed:
        more = f"; {skipped} more were skipped" if skipped else ""
        return f"{failed} of {len(findings) - skipped} checks failed{more}."
    if warnings:
        return f"All is there that the daemon needs; warnings: {warnings}."
    # With several gateways there is one of a name for each.
    unseen = dict.fromkeys(it.check for it in findings if it.verdict is Verdict.SKIPPED)
    return f"All is well; not looked at: {', '.join(unseen)}." if unseen else "All is well."


def to_json(findings: Sequence[Finding], rows: Sequence[ModelRow]) -> str:
    """Return everything as one JSON object; ``ok`` is whether nothing failed."""
    return json.dumps(
        {
            "ok": is_well(findings),
            "findings": [
                {**asdict(finding), "verdict": finding.verdict.value} for finding in findings
            ],
            "models": [
                {
                    "name": row.name,
                    "capabilities": list(row.capabilities),
                    "context_length": row.context_length,
                    "context_length_is_default": row.is_guess,
                }
                for row in rows
            ],
        },
        indent=2,
    )


def is_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)
