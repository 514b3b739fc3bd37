"""What the operator may decide about models, and what becomes of it."""

from collections.abc import Callable

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.models.rules import (
    Alias,
    ModelRules,
    Override,
    Pattern,
    parse_alias,
    parse_override,
    parse_pattern,
)
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from tests.case import Case

#: A pattern, names that it means, and names that it does not.
PATTERNS = (
    ("m", ("m", "M"), ("", "mm", "m:latest", "a/m", "m\n")),
    ("*", ("", "m", "a/b:c", "a\nb"), ()),
    ("GPT-4*", ("gpt-4", "GPT-4o", "gpt-4/x"), ("gpt-3", "a/gpt-4")),
    ("openai/*", ("openai/gpt-4", "openai/", "OpenAI/x/y"), ("openai", "azure/openai/x")),
    ("*embed*", ("embed", "text-EMBEDding-3"), ("text-em-bed",)),
    ("m?", ("m1", "mm"), ("m", "m12")),
    ("m[123]", ("m1", "m3"), ("m", "m4", "m[123]")),
    ("m[!1-3]", ("m4", "m!"), ("m1", "m2")),
    ("m.5", ("m.5",), ("m15",)),
    ("a+(b)|^$\\d", ("A+(B)|^$\\D",), ("aab", "a+(b)|^$5")),
    ("m[", ("m[",), ("m",)),
)

#: What is said of a model, and the facts that it makes of nothing.
WORDS = (
    ("chat", ModelFacts(mode="chat")),
    ("embedding", ModelFacts(mode="embedding")),
    ("tools", ModelFacts(tools=True)),
    ("no-tools", ModelFacts(tools=False)),
    ("vision", ModelFacts(vision=True)),
    ("no-vision", ModelFacts(vision=False)),
    ("thinking", ModelFacts(thinking=True)),
    ("no-thinking", ModelFacts(thinking=False)),
    ("insert", ModelFacts(insert=True)),
    ("no-insert", ModelFacts(insert=False)),
    ("context=32768", ModelFacts(context_length=32768)),
    ("output=1", ModelFacts(max_output_tokens=1)),
    ("dimensions=999999999", ModelFacts(embedding_length=999_999_999)),
    ("tools,no-vision,context=9", ModelFacts(tools=True, vision=False, context_length=9)),
    (" Tools , ,NO-VISION,", ModelFacts(tools=True, vision=False)),
    ("tools,no-tools,context=1,context=2", ModelFacts(tools=False, context_length=2)),
    ("context=007", ModelFacts(context_length=7)),
)

KNOWN = (
    "chat, embedding, tools, no-tools, vision, no-vision, thinking, no-thinking, insert, "
    "no-insert, context=N, output=N, dimensions=N"
)
NO_FORM = " is not of the form PATTERN=WORDS, such as qwen*=tools,vision,context=32768"
EMPTY = "a pattern for models is empty; * stands for all of them"

#: What is said of no model, and why not.
BAD_OVERRIDES = (
    ("", "''" + NO_FORM),
    ("m", "'m'" + NO_FORM),
    ("m=", "'m='" + NO_FORM),
    ("m= , ,", "'m= , ,'" + NO_FORM),
    ("tools,vision", "'tools,vision'" + NO_FORM),
    ("=tools", EMPTY),
    (" =tools", EMPTY),
    ("m=tool", f"'m=tool': 'tool' is not one of {KNOWN}"),
    ("m=tools,No-Chat", f"'m=tools,No-Chat': 'no-chat' is not one of {KNOWN}"),
    ("m=tools=yes", f"'m=tools=yes': 'tools=yes' is not one of {KNOWN}"),
    ("m==tools", f"'m==tools': '=tools' is not one of {KNOWN}"),
    *(
        (
            f"m={name}{number}",
            f"'m={name}{number}': {name} is a whole number of 1 or more",
        )
        for name in ("context", "output", "dimensions")
        for number in (
            "",
            "=",
            "=0",
            "=-1",
            "=+1",
            "=1.0",
            "=1e3",
            "=32k",
            "=³",
            "=٣",
            "=1=1",
            "=1_0",
        )
    ),
    (
        "m=context=1234567890",
        "'m=context=1234567890': context is a whole number of 1 or more",
    ),
)


class Forms(Case):
    def complaint(self, parse: Callable[[str], object], text: str) -> str | None:
        try:
            parse(text)
        except InvalidSetting as error:
            return str(error)
        return None

    def test_pattern(self) -> None:
        """A pattern is what is written, without the blanks around it."""
        self.assertEqual(parse_pattern(" gpt-4 * \n"), Pattern("gpt-4 *"))

    def test_empty_pattern(self) -> None:
        """A pattern of blanks is none."""
        for text in ("", " ", "\t\n"):
            self.assertEqual(self.complaint(parse_pattern, text), EMPTY, repr(text))

    def test_alias(self) -> None:
        """An alias is a name, the first equals sign and a model, without the blanks around."""
        for text, alias in (
            ("llama3=azure/gpt-4o", Alias("llama3", "azure/gpt-4o")),
            (" llama3:latest = azure/gpt 4o ", Alias("llama3:latest", "azure/gpt 4o")),
            ("a=b=c", Alias("a", "b=c")),
        ):
            self.assertEqual(parse_alias(text), alias, text)

    def test_bad_alias(self) -> None:
        """An alias has both its sides."""
        for text in ("", "=", "a", "a=", "=b", " = b", "a = "):
            self.assertEqual(
                self.complaint(parse_alias, text),
                f"{text!r} is not of the form NAME=MODEL, such as llama3=azure/gpt-4o",
            )

    def test_override(self) -> None:
        """Each word makes its fact, in any case and between blanks; the last one counts."""
        for words, facts in WORDS:
            override = parse_override(f" m* ={words}")
            self.assertEqual(override.pattern, Pattern("m*"), words)
            rules = ModelRules(overrides=(override,))
            self.assertEqual(rules.overridden("mm", UNKNOWN_MODEL), facts, words)

    def test_bad_override(self) -> None:
        """What says nothing, an unknown word or no number is refused, with what would do."""
        for text, told in BAD_OVERRIDES:
            self.assertEqual(self.complaint(parse_override, text), told, text)

    def test_equal(self) -> None:
        """Rules that say the same are equal, so that settings can be compared."""
        self.assertEqual(parse_override("m=tools"), Override(Pattern("m"), {"tools": True}))
        self.assertNotEqual(Pattern("m"), Pattern("M"))

    @settings(deadline=None, max_examples=300)
    @given(st.text(st.sampled_from("ab=,*?[]!-^&~|\\ 1") | st.characters()))
    def test_anything(self, text: str) -> None:
        """Any text is a rule or an InvalidSetting, and nothing worse."""
        for parse in (parse_pattern, parse_alias, parse_override):
            self.complaint(parse, text)
            self.complaint(parse, text + "=tools")


class Patterns(Case):
    def test_matches(self) -> None:
        """A pattern is a shell's, over the whole name, without regard to case."""
        for text, meant, others in PATTERNS:
            for name in meant:
                self.assertTrue(Pattern(text).matches(name), (text, name))
            for name in others:
                self.assertFalse(Pattern(text).matches(name), (text, name))


class Rules(Case):
    def test_no_rules(self) -> None:
        """Without rules every name exists and its facts are the gateway's."""
        facts = ModelFacts(tools=False)
        self.assertTrue(ModelRules().allow("m"))
        self.assertIs(ModelRules().overridden("m", facts), facts)

    def test_allow(self) -> None:
        """A name exists if it is among the included, should there be any, and not excluded."""
        for include, exclude, exist in (
            ("", "", "gpt-4 gpt-4o o3"),
            ("gpt*", "", "gpt-4 gpt-4o"),
            ("O3 gpt-4", "", "gpt-4 o3"),
            ("", "gpt*", "o3"),
            ("", "O3 *4", "gpt-4o"),
            ("gpt*", "gpt-4", "gpt-4o"),
            ("gpt-4", "gpt*", ""),
            ("*", "*", ""),
            ("x", "", ""),
        ):
            rules = ModelRules(
                include=tuple(map(Pattern, include.split())),
                exclude=tuple(map(Pattern, exclude.split())),
            )
            allowed = [name for name in ("gpt-4", "gpt-4o", "o3") if rules.allow(name)]
            self.assertEqual(allowed, exist.split(), (include, exclude))

    def test_overridden(self) -> None:
        """All overrides of a name apply, of contradictory ones the last; other facts are kept."""
        overrides = tuple(
            map(parse_override, ("*=tools,context=8", "qwen*=no-tools", "GPT*=vision", "x=insert"))
        )
        rules = ModelRules(overrides=overrides)
        facts = ModelFacts(mode="chat", tools=None, vision=False, context_length=4, provider="p")
        for name, tools, vision in (
            ("qwen", False, False),
            ("gpt-4", True, True),
            ("other", True, False),
        ):
            known = evolve(facts, tools=tools, vision=vision, context_length=8)
            self.assertEqual(rules.overridden(name, facts), known, name)
