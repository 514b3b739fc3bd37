"""What the doctor says of the models, and how it writes things down."""

import json
from typing import Any

from ollamaproxy.doctor.diagnoses.models import (
    ModelRow,
    details_finding,
    model_rows,
    model_to_ask,
    models_finding,
    no_list_finding,
    no_model_finding,
    token_finding,
)
from ollamaproxy.doctor.facts import FirstToken
from ollamaproxy.doctor.findings import Finding, Verdict
from ollamaproxy.doctor.report import TextReport, is_well, summary, table, to_json
from ollamaproxy.errors import (
    GatewayForbids,
    GatewayKeyRefused,
    ModelNotFound,
    UpstreamGarbled,
    UpstreamRefused,
    UpstreamTimeout,
)
from ollamaproxy.models.listing import Model, ModelList
from ollamaproxy.models.rules import Alias, ModelRules, Pattern
from ollamaproxy.translate.model_details import show
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from tests.case import Case
from tests.core.test_doctor_diagnoses import FindingCase

CHAT = ModelFacts(mode="chat")
VECTORS = ModelFacts(mode="embedding")
PICTURES = ModelFacts(mode="image_generation")
COVERED = ModelFacts(mode="chat", from_wildcard=True)


def found(told: dict[str, ModelFacts], **rules: Any) -> Finding:
    made = ModelRules(**rules)
    return models_finding(told, ModelList(told, made), made)


class Lists(FindingCase):
    def test_some(self) -> None:
        """It is told how many clients see, and how many the gateway has if those are others."""
        self.assert_found(found({"a": CHAT}), Verdict.OK, "clients see 1")
        both = {"a": CHAT, "b": CHAT}
        fewer = found(both, exclude=(Pattern("b"),))
        self.assert_found(fewer, Verdict.OK, "clients see 1; the gateway lists 2 (excluded: 1)")

    def test_others(self) -> None:
        """Why clients do not see all of the gateway's is told: patterns, wildcards, kinds."""
        told = {"a": CHAT, "b:latest": CHAT, "c": CHAT, "x/*": CHAT, "x/y": COVERED}
        told |= {"p": PICTURES, "q": PICTURES}
        rules = {"exclude": (Pattern("b"),), "aliases": (Alias("c", "a"),), "hide_wildcards": True}
        self.assert_found(
            found(told, **rules),
            Verdict.OK,
            "clients see 2; the gateway lists 7 (for neither chat nor embeddings: 2, "
            "excluded: 1, named like an alias: 1, wildcards: 1, hidden: 1)",
        )

    def test_none(self) -> None:
        """Why there are none is told: the key, the patterns, the wildcards, or their kinds."""
        for told, rules, words, advice in (
            ({}, {}, "lists none for this key", "give the key"),
            ({"a": CHAT}, {"include": (Pattern("b"),)}, "--include and --exclude", "such as a."),
            ({"a": CHAT}, {"exclude": (Pattern("*"),)}, "--include and --exclude", "such as a."),
            ({"a": COVERED}, {"hide_wildcards": True}, "by wildcards", "Leave --hide-wildcards"),
            ({"a": PICTURES}, {"hide_wildcards": True}, "none chats or embeds: a", "--model-info"),
            ({"a": PICTURES}, {}, "none chats or embeds: a", "--model-info"),
            ({"a": PICTURES}, {"exclude": (Pattern("b"),)}, "none chats or embeds", "--model-info"),
        ):
            self.assert_found(found(told, **rules), Verdict.FAILED, words, advice)

    def test_slips(self) -> None:
        """An alias of nothing and a default model that is not there are warnings."""
        alias = found({"a": CHAT}, aliases=(Alias("x", "y"),))
        self.assert_found(alias, Verdict.WARNING, "none for the aliases x", "--alias")
        default = found({"a": CHAT}, default_model="b")
        self.assert_found(default, Verdict.WARNING, "default model b is none", "such as a.")
        self.assert_found(found({"a": CHAT}, default_model="A"), Verdict.OK, "clients see 1")

    def test_not_told(self) -> None:
        """A gateway that does not tell is repeated without keys."""
        error = UpstreamGarbled("not a list, sk-abc")
        self.assert_found(
            no_list_finding(error), Verdict.FAILED, '"not a list, ***"', "runs the gateway"
        )


class Choice(Case):
    def test_which(self) -> None:
        """The model named, else the default one, else the first that chats and is configured."""
        told = {"v": VECTORS, "w": COVERED, "a": CHAT, "b": CHAT}
        models = ModelList(told, ModelRules(exclude=(Pattern("x"),)))
        for wanted, default, chosen in (
            ("b", "a", "b"),
            ("new", None, "new"),
            ("x", None, None),
            (None, "b", "b"),
            (None, "gone", "a"),
            (None, None, "a"),
        ):
            model = model_to_ask(models, wanted, default)
            self.assertEqual(model.name if model is not None else None, chosen)
        self.assertIsNone(model_to_ask(ModelList({"v": VECTORS}, ModelRules()), None, None))


class Tokens(FindingCase):
    def test_answers(self) -> None:
        """An answer is told with its time and its price, also one without a text."""
        first = token_finding("m", FirstToken(took_s=0.34, text="Hi", litellm_version="1.2.3"))
        self.assert_found(
            first, Verdict.OK, "m answered after 0.3 s, through LiteLLM 1.2.3; it cost"
        )
        empty = token_finding("m", FirstToken(took_s=2, text=""))
        self.assert_found(empty, Verdict.OK, "m answered without a text after 2.0 s; it cost")

    def test_errors(self) -> None:
        """What can be done depends on what went wrong."""
        for error, advice in (
            (ModelNotFound("x"), "does not have it"),
            (GatewayForbids("x", 502), "let the key use this model"),
            (GatewayKeyRefused("x", 502), "open to everybody"),
            (UpstreamTimeout("x"), "--doctor-wait"),
            (UpstreamRefused("x", 429), "higher limit"),
            (UpstreamRefused("x", 500), "--doctor-model"),
        ):
            finding = token_finding("m", error)
            self.assert_found(finding, Verdict.FAILED, 'm did not answer: "x"', advice)

    def test_nobody_to_ask(self) -> None:
        """No model that chats is no fault; one that is forbidden was named in vain."""
        self.assert_found(no_model_finding(None), Verdict.SKIPPED, "no model chats")
        self.assert_found(no_model_finding("x"), Verdict.FAILED, "the model x", "--doctor-model")


class Details(FindingCase):
    def test_rows(self) -> None:
        """Capabilities and context are the very values that /api/show has."""
        for facts in (UNKNOWN_MODEL, VECTORS, ModelFacts(vision=True, context_length=7)):
            model = Model("m", "t", facts)
            (row,) = model_rows([model])
            shown = json.loads(show(model))
            self.assertEqual(list(row.capabilities), shown["capabilities"])
            self.assertEqual(row.context_length, shown["model_info"]["llama.context_length"])
            self.assertEqual(row.is_guess, facts.context_length is None)

    def test_enough(self) -> None:
        """Editors want a model that chats and has tools; lengths that are guesses are told."""
        known = ModelFacts(mode="chat", context_length=7)
        for facts, verdict, told, advice in (
            (known, Verdict.OK, "all of it as the gateway tells it", ""),
            (CHAT, Verdict.OK, "of 1 the gateway does not tell how much fits", ""),
            (VECTORS, Verdict.WARNING, "none chats", "--model-info NAME=chat"),
            (ModelFacts(tools=False), Verdict.WARNING, "has tools", "--model-info NAME=tools"),
        ):
            finding = details_finding(model_rows([Model("m", "m", facts)]))
            self.assert_found(finding, verdict, told, advice)


OK = Finding.ok("name", "h is 10.0.0.1")
WARNING = Finding.warning("models", "few", "Ask for more.")
FAILED = Finding.failed("key", "it is " + "long " * 30 + "text", "Copy it.")
SKIPPED = Finding.skipped("certificate", "http:// has none")


class Reports(Case):
    def test_lines(self) -> None:
        """A finding is a line of verdict, check and words, and what does not fit is indented."""
        report = TextReport(coloured=False)
        self.assertEqual(report.lines(OK), ["ok       name          h is 10.0.0.1"])
        first, *others = report.lines(FAILED)
        self.assertTrue(first.startswith("failed   key           it is long long"))
        self.assertEqual(others[-1], " " * 23 + "Copy it.")
        for line in (first, *others):
            self.assertLess(len(line), 100)
            self.assertTrue(line.isascii())
        self.assertEqual(report.lines(Finding.ok("x", "")), ["ok       x             "])

    def test_headings(self) -> None:
        """Each gateway has a heading, and so has what is behind them."""
        report = TextReport(coloured=False)
        told = [
            line
            for gateway in ("", "http://a", "http://a", "http://b", "")
            for line in report.lines(Finding(Verdict.OK, "c", "t", gateway=gateway))
        ]
        headings = [line for line in told if line and not line.startswith("ok")]
        self.assertEqual(headings, ["Gateway http://a", "Gateway http://b", "This daemon"])

    def test_colours(self) -> None:
        """Colours are around the verdict alone."""
        (line,) = TextReport(coloured=True).lines(OK)
        self.assertEqual(line, "\x1b[32mok      \x1b[0m name          h is 10.0.0.1")

    def test_strangers(self) -> None:
        """What others have named does nothing to a terminal."""
        hostile = Finding.failed("x", "issued by \x1b[2J\x07 me", "Ask \x9b him.")
        self.assertEqual(
            TextReport(coloured=False).lines(hostile),
            ["failed   x             issued by ?[2J? me", " " * 23 + "Ask ? him."],
        )
        _, row = table([ModelRow("a\x1b[31mb", (), 7, False)])
        self.assertIn("a?[31mb", row)

    def test_table(self) -> None:
        """The table has a row for each model, guesses are marked, and it ends somewhere."""
        self.assertEqual(table([]), [])
        rows = [
            ModelRow("m", ("completion", "tools"), 8192, False),
            ModelRow("long-name", (), 7, True),
        ]
        self.assertEqual(
            table(rows),
            [
                "  model      capabilities       context",
                "  m          completion, tools  8192",
                "  long-name                     7*",
            ],
        )
        lines = table(rows * 15)
        self.assertEqual((len(lines), lines[-1]), (27, "  and 5 more (--json has all)"))

    def test_summary(self) -> None:
        """The last line says whether all is well; only what failed is an error."""
        for findings, text, well in (
            ([OK], "All is well.", True),
            ([OK, WARNING], "All is there that the daemon needs; warnings: 1.", True),
            ([OK, WARNING, FAILED], "1 of 3 checks failed.", False),
            ([OK, FAILED, SKIPPED, SKIPPED], "1 of 2 checks failed; 2 more were skipped.", False),
            ([OK, SKIPPED], f"All is well; not looked at: {SKIPPED.check}.", True),
        ):
            self.assertEqual(summary(findings), text)
            self.assertEqual(is_well(findings), well)

    def test_json(self) -> None:
        """A program gets all of it as one object."""
        row = ModelRow("m", ("completion",), 7, False)
        told = json.loads(to_json([WARNING], [row]))
        self.assertEqual(
            told,
            {
                "ok": True,
                "findings": [
                    {
                        "verdict": "warning",
                        "check": "models",
                        "told": "few",
                        "advice": "Ask for more.",
                        "gateway": "",
                    }
                ],
                "models": [
                    {
                        "name": "m",
                        "capabilities": ["completion"],
                        "context_length": 7,
                        "context_length_is_default": False,
                    }
                ],
            },
        )
