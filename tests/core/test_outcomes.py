"""How outcomes are counted: whose doing, and why."""

import re
from pathlib import Path

import ollamaproxy
from ollamaproxy.observing.outcomes import REASONS, Fate, judge
from tests.case import Case


class Judging(Case):
    def test_each_fate(self) -> None:
        """An outcome is an answer, a client that left, the gateway's failure, or a refusal."""
        for outcome, status, has_begun, expected in (
            ("done", 200, True, (Fate.ANSWERED, "")),
            ("preflight", 204, False, (Fate.ANSWERED, "")),
            ("client_left", 499, False, (Fate.CLIENT_LEFT, "before_reply")),
            ("client_left", 200, True, (Fate.CLIENT_LEFT, "during_reply")),
            ("upstream_timeout", 504, False, (Fate.UPSTREAM, "upstream_timeout")),
            ("tool_call_garbled", 200, True, (Fate.UPSTREAM, "tool_call_garbled")),
            ("model_not_found", 404, False, (Fate.REJECTED, "model_not_found")),
            ("foreign_page", 403, False, (Fate.REJECTED, "foreign_page")),
            ("bug", 500, False, (Fate.REJECTED, "bug")),
        ):
            self.assertEqual(judge(outcome, status, has_begun=has_begun), expected)

    def test_the_parser_s_reasons(self) -> None:
        """Why the parser refused is told by its status; it has one outcome for all."""
        for status, reason in (
            (400, "malformed_request"),
            (405, "malformed_request"),
            (408, "too_slow"),
            (413, "body_too_long"),
            (431, "header_too_long"),
            (501, "not_supported"),
            (503, "too_busy"),
            (418, "other"),
        ):
            self.assertEqual(
                judge("parser_refused", status, has_begun=False), (Fate.REJECTED, reason)
            )

    def test_an_unknown_outcome_makes_no_new_count(self) -> None:
        """What nobody has foreseen is a refusal for another reason."""
        self.assertEqual(judge("surprise", 500, has_begun=False), (Fate.REJECTED, "other"))

    def test_all_outcomes_are_known(self) -> None:
        """Every outcome that is written anywhere in the daemon is one that is counted by name."""
        package = Path(ollamaproxy.__file__).parent
        written = {
            outcome
            for path in package.rglob("*.py")
            for outcome in re.findall(r'\boutcome = "(\w+)"', path.read_text("utf-8"))
        }
        self.assertGreater(len(written), 15)
        for outcome in written:
            self.assertNotEqual(judge(outcome, 400, has_begun=False)[1], "other", outcome)

    def test_the_reasons_that_there_are(self) -> None:
        """No reason is counted that is not in the table, or its first time would be no rise."""
        for fate, reasons in REASONS.items():
            for reason in reasons - {"other"}:
                if fate is Fate.UPSTREAM:
                    self.assertEqual(judge(reason, 502, has_begun=False), (fate, reason))
        for status in range(400, 600):
            fate, reason = judge("parser_refused", status, has_begun=False)
            self.assertIn(reason, REASONS[fate])
        for has_begun in (True, False):
            fate, reason = judge("client_left", 200, has_begun=has_begun)
            self.assertIn(reason, REASONS[fate])
