"""What the daemon was told: is it whole, and does it hold a trap?"""

from collections.abc import Iterable, Mapping
from typing import Final

from ollamaproxy.doctor.findings import Finding

SETTINGS: Final = "settings"


def settings_finding(origins: Mapping[str, str]) -> Finding:
    """
    Say where the settings come from.

    Args:
        origins: Of each that was given, by its name.
    """
    told = [
        name if origin == f"--{name}" else f"{name} ({origin})" for name, origin in origins.items()
    ]
    return Finding.ok(SETTINGS, f"given: {', '.join(told)}")


def warning_findings(warnings: Iterable[str]) -> list[Finding]:
    """
    Say what the daemon itself would warn of.

    Args:
        warnings: Each with a semicolon between what is and what to do, if it has both.
    """
    findings = []
    for warning in warnings:
        told, _semicolon, advice = warning.partition("; ")
        sentence = f"{advice[:1].upper()}{advice[1:]}." if advice else "See docs/callers.rst."
        findings.append(Finding.warning(SETTINGS, told, sentence))
    return findings


def bad_settings_finding(complaint: str) -> Finding:
    """Say that the daemon would not start with such settings."""
    return Finding.failed(SETTINGS, complaint, "Correct it, and run this once more.")
