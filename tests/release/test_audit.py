"""The audit finds what is known, and never takes silence for good news."""

import json
from typing import Any

import pytest

from release.verdict import CLEAN, NOT_SEEN, VULNERABLE, judge
from tests.case import Case
from tests.processes import free_port
from tests.release.advisories import ADVISORY, Advisories
from tests.release.made import require

pytestmark = pytest.mark.live

PACKAGES = [("Twisted", "26.10.0"), ("zope.interface", "8.7")]


def report(*rows: dict[str, Any]) -> str:
    """Return what pip-audit prints."""
    return json.dumps({"dependencies": rows, "fixes": []})


def clean(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": []}


def skipped(name: str) -> dict[str, Any]:
    return {"name": name, "skip_reason": "not found on the index"}


def flaw(number: int, *versions: str) -> dict[str, Any]:
    names = {"id": f"PYSEC-{number}", "aliases": [f"CVE-{number}"]}
    return {**names, "fix_versions": versions, "description": "Bad."}


class Verdicts(Case):
    def test_nothing_known(self) -> None:
        """All were looked at, whatever the spelling of their names, and nothing is known."""
        rows = (clean("twisted", "26.10.0"), clean("zope-interface", "8.7"))
        verdict = judge(report(*rows), PACKAGES, "")
        self.assertEqual(verdict.exit_status, CLEAN)
        self.assertEqual(verdict.text, "packages looked at: 2; no vulnerability of theirs is known")

    def test_vulnerable(self) -> None:
        """Each vulnerability is told with all its names, and where it is mended."""
        bad = {**clean("twisted", "26.10.0"), "vulns": [flaw(1, "26.11", "27.1"), flaw(2)]}
        verdict = judge(report(bad, clean("zope-interface", "8.7")), PACKAGES, "")
        self.assertEqual(verdict.exit_status, VULNERABLE)
        self.assertEqual(
            verdict.text.splitlines(),
            [
                "Twisted 26.10.0: PYSEC-1/CVE-1, mended in 26.11, 27.1",
                "Twisted 26.10.0: PYSEC-2/CVE-2, mended in no version",
                "packages looked at: 2; known vulnerabilities: 2",
            ],
        )

    def test_not_seen(self) -> None:
        """A package that the service does not know is not a package without vulnerabilities."""
        verdict = judge(report(skipped("twisted"), clean("zope.interface", "8.7")), PACKAGES, "")
        self.assertEqual(verdict.exit_status, NOT_SEEN)
        self.assertEqual(
            verdict.text.splitlines(),
            [
                "Twisted 26.10.0: not found on the index",
                "packages looked at: 1; no vulnerability of theirs is known; "
                "packages that COULD NOT BE LOOKED AT: 1",
            ],
        )

    def test_vulnerable_and_not_seen(self) -> None:
        """What is known to be bad counts for more than what was not seen; both are told."""
        bad = {**clean("twisted", "26.10.0"), "vulns": [flaw(1)]}
        verdict = judge(report(bad, skipped("zope-interface")), PACKAGES, "")
        self.assertEqual(verdict.exit_status, VULNERABLE)
        self.assertEqual(len(verdict.not_seen), 1)

    def test_missing_and_other_versions(self) -> None:
        """Neither is a package seen that the report lacks, or has in another version."""
        verdict = judge(report(clean("twisted", "26.9.0")), PACKAGES, "")
        self.assertEqual(verdict.exit_status, NOT_SEEN)
        self.assertEqual(
            verdict.not_seen,
            (
                "Twisted 26.10.0: another was looked at",
                "zope.interface 8.7: pip-audit's report lacks it",
            ),
        )

    def test_no_report(self) -> None:
        """Without a report nothing was seen, and the reason is told for each."""
        for text in ("", "<html>", "[]", "{}"):
            verdict = judge(text, PACKAGES, "no such host")
            self.assertEqual((verdict.exit_status, verdict.seen), (NOT_SEEN, 0))
            self.assertEqual(verdict.not_seen[0], "Twisted 26.10.0: no such host")


class PipAudit(Case):
    """The real pip-audit, in front of a service of the test's."""

    def setUp(self) -> None:
        super().setUp()
        require("pip_audit")

    def flags(self, url: str) -> list[str]:
        return ["--vulnerability-service", "osv", "--osv-url", url]

    def test_finds_a_vulnerability(self) -> None:
        """It asks about exactly the packages that it was given, and tells of the bad one."""
        # Only some have pip-audit, and what asks it.
        from release.audit import audit  # noqa: PLC0415

        with Advisories({"treq": [ADVISORY]}) as service:
            verdict = audit([*PACKAGES, ("treq", "26.7.0")], self.flags(service.url))
        self.assertEqual(
            sorted(service.asked),
            [("treq", "26.7.0"), ("twisted", "26.10.0"), ("zope-interface", "8.7")],
        )
        self.assertEqual(verdict.exit_status, VULNERABLE)
        self.assertEqual(
            verdict.vulnerable, ("treq 26.7.0: PYSEC-2026-1/CVE-2026-1000, mended in 26.8",)
        )
        self.assertEqual(verdict.seen, 3)

    def test_finds_nothing(self) -> None:
        """Of packages that the service knows nothing bad of, nothing bad is known."""
        from release.audit import audit  # noqa: PLC0415 - see above

        with Advisories({}) as service:
            verdict = audit(PACKAGES, self.flags(service.url))
        self.assertEqual((verdict.exit_status, verdict.seen), (CLEAN, 2))

    def test_reaches_nobody(self) -> None:
        """A service that cannot be reached is told of, and nothing counts as seen."""
        from release.audit import audit  # noqa: PLC0415 - see above

        verdict = audit(PACKAGES, self.flags(f"http://127.0.0.1:{free_port()}/"))
        self.assertEqual((verdict.exit_status, verdict.seen), (NOT_SEEN, 0))
        self.assertIn("127.0.0.1", verdict.not_seen[0])
