"""What the doctor says: one finding for each thing that was looked at.  Pure."""

from enum import Enum
from typing import Self

from attrs import frozen


class Verdict(Enum):
    """
    How something was found.

    OK: As it should be.
    WARNING: It works, and something about it should be known.
    FAILED: The daemon cannot work like this.
    SKIPPED: Not looked at: something before it failed, or it does not apply.
    """

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Finding:
    """
    What was found.

    Attributes:
        verdict: How it is.
        check: What was looked at, in a word or two.
        told: What was seen, for a person; no full stop at its end.
        advice: One sentence that says what to change; empty if nothing.
        gateway: The gateway that it is about; empty if about none.
    """

    verdict: Verdict
    check: str
    told: str
    advice: str = ""
    gateway: str = ""

    @classmethod
    def ok(cls, check: str, told: str) -> Self:
        """Return that something is as it should be."""
        return cls(Verdict.OK, check, told)

    @classmethod
    def warning(cls, check: str, told: str, advice: str) -> Self:
        """Return that something works, but should be thought about."""
        return cls(Verdict.WARNING, check, told, advice)

    @classmethod
    def failed(cls, check: str, told: str, advice: str) -> Self:
        """Return that something is wrong."""
        return cls(Verdict.FAILED, check, told, advice)

    @classmethod
    def skipped(cls, check: str, told: str) -> Self:
        """Return that something was not looked at, and why."""
        return cls(Verdict.SKIPPED, check, told)
