"""What the daemon was told: is it whole, and does it hold a trap?"""

from collections.abc import Sequence
from typing import Final

from ollamaproxy.doctor.findings import Finding

SETTINGS: Final = "settings"


def settings_findings(sources: Sequence[str], warnings: Sequence[str]) -> list[Finding]:
    """
    Say what the settings are made of, and what is to be thought about.

    Args:
        sources: Where each that was given comes from, such as
            ``--port (command line)``.
        warnings: What the daemon itself would warn of.
    """
    told = ", ".join(sources) if sources else "all as by default"
    doubts = [
        Finding.warning(SETTINGS, warning, "See the section on it in README.rst.")
        for warning in warnings
    ]
    return [Finding.ok(SETTINGS, told), *doubts]


def bad_settings_finding(complaint: str) -> Finding:
    """Say that the daemon would not start with such settings."""
    return Finding.failed(SETTINGS, complaint, "Correct it, and run this once more.")
