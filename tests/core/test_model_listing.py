"""The models that clients see, and the names by which they find them."""

from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.models.discovered import marked, merge
from ollamaproxy.models.listing import Model, ModelList
from ollamaproxy.models.rules import ModelRules, Pattern, parse_alias, parse_override
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from tests.case import Case

CHAT = ModelFacts(mode="chat")
IMAGES = ModelFacts(mode="image_generation")
COVERED = ModelFacts(from_wildcard=True)

FactsByName = Mapping[str, ModelFacts]


def unknown(names: str) -> FactsByName:
    return dict.fromkeys(names.split(), UNKNOWN_MODEL)


def rules(
    aliases: str = "",
    include: str = "",
    exclude: str = "",
    overrides: str = "",
    *,
    hide: bool = False,
) -> ModelRules:
    return ModelRules(
        aliases=tuple(map(parse_alias, aliases.split())),
        include=tuple(map(Pattern, include.split())),
        exclude=tuple(map(Pattern, exclude.split())),
        overrides=tuple(map(parse_override, overrides.split())),
        hide_wildcards=hide,
    )


def models(gateway: str | FactsByName, its_rules: ModelRules | None = None) -> ModelList:
    facts = unknown(gateway) if isinstance(gateway, str) else gateway
    return ModelList(facts, its_rules or rules())


def published(listing: ModelList) -> str:
    return " ".join(model.name for model in listing.published)


def folded(name: str) -> str:
    return name.casefold().removesuffix(":latest")


class Names(Case):
    def found(self, listing: ModelList, name: str) -> str | None:
        model = listing.find(name)
        return None if model is None else model.name

    def test_order(self) -> None:
        """A name is looked up as it is, without or with ``:latest``, then without its case."""
        for gateway, name, found in (
            ("x", "x", "x"),
            ("x", "x:latest", "x"),
            ("x:latest", "x", "x:latest"),
            ("x:latest", "x:latest", "x:latest"),
            ("x:latest x", "x", "x"),
            ("x x:latest", "x:latest", "x:latest"),
            ("x:latest X", "x", "x:latest"),
            ("x X", "X", "X"),
            ("X x:latest", "X:latest", "X"),
            ("Llama3", "lLAMA3", "Llama3"),
            ("Llama3", "llama3:LATEST", "Llama3"),
            ("Llama3:Latest", "LLAMA3", "Llama3:Latest"),
            ("Abc aBc", "abc", "Abc"),
            ("Straße", "STRASSE", "Straße"),
            ("STRASSE", "straße", "STRASSE"),
            ("x", "x:7b", None),
            ("x:7b", "x", None),
            ("x:7b", "x:7b:latest", "x:7b"),
            ("x", "x:latest:latest", None),
            ("x", "", None),
            ("a/b:c/d", "A/B:c/d", "a/b:c/d"),
            ("azure/x", "x", None),
            ("x", " x\n", "x"),
            ("x", "\tx:latest ", "x"),
            ("x", "x :latest", None),
        ):
            self.assertEqual(self.found(models(gateway), name), found, (gateway, name))

    def test_not_listed(self) -> None:
        """What the gateway does not list is asked for by its own name, without ``:latest``."""
        listing = models("x", rules(overrides="y=tools"))
        self.assertIsNone(listing.find("y"))
        for name in ("y", "y:latest", " y "):
            expected = Model("y", "y", ModelFacts(tools=True))
            self.assertEqual(listing.resolve(name), expected, name)
        self.assertEqual(listing.resolve("Z/z:7b"), Model("Z/z:7b", "Z/z:7b"))
        self.assertEqual(listing.resolve(":latest"), Model(":latest", ":latest"))

    def test_resolve_finds(self) -> None:
        """What is found is resolved to just that."""
        listing = models({"x": CHAT})
        for name in ("x", "X:latest"):
            self.assertEqual(listing.resolve(name), Model("x", "x", CHAT), name)

    @settings(deadline=None, max_examples=300)
    @given(
        st.dictionaries(
            st.text(st.sampled_from("aB:/é") | st.characters()).map(str.strip).filter(bool)
            | st.sampled_from(("a", "A", "a:latest", "a:b", "a/b", "openai/*", "openai/x")),
            st.sampled_from((UNKNOWN_MODEL, CHAT, IMAGES, COVERED)),
        ),
        st.sampled_from(("", "a=B b:latest=openai/y", "A=a zz=none")),
    )
    def test_published_is_found(self, gateway: FactsByName, aliases: str) -> None:
        """What is published is found by its name, with ``:latest`` added, and in capitals."""
        listing = models(gateway, rules(aliases))
        names = {*gateway, *(model.name for model in listing.published)}
        for model in listing.published:
            name, capitals = model.name, model.name.upper()
            self.assertEqual(listing.find(name), model)
            if f"{name}:latest" not in names:
                self.assertEqual(listing.find(f"{name}:latest"), model)
            # Some letters are others in capitals, and some names differ by nothing else.
            alike = [other for other in names if folded(other) == folded(name)]
            if alike == [name] and folded(capitals) == folded(name):
                self.assertEqual(listing.find(capitals), model)


UNLISTED = "the gateway lists no such model, or it is excluded"


class Doubts(Case):
    def test_nothing(self) -> None:
        """There is none about rules that do what one may mean by them."""
        for gateway, its_rules in (
            # A gateway without models is no fault of the rules.
            ("", ModelRules(default_model="a", include=(Pattern("a"),))),
            ("openai/*", rules(include="openai/x")),  # which can be asked for
            ({"a": IMAGES}, rules(exclude="z")),
            ("a", rules("a=a x=a", include="x")),
            ("a b", rules("x=a", include="a", exclude="b")),
            ("a", ModelRules(default_model="A:latest")),
            ("openai/*", ModelRules(default_model="openai/x")),
            ({**unknown("a"), "b": IMAGES}, rules()),
        ):
            self.assertEqual(models(gateway, its_rules).doubts, ())

    def test_each(self) -> None:
        """Aliases without a model, a default that nobody has, and rules that leave nothing."""
        for its_rules, doubt in (
            (rules("z=gone a=b"), "alias z: the gateway lists no model for it"),
            (
                ModelRules(default_model="z", aliases=(parse_alias("z=gone"),)),
                "alias z: the gateway lists no model for it",
            ),
            (ModelRules(default_model="c"), f"default-model c: {UNLISTED}"),
            (
                ModelRules(default_model="b", exclude=(Pattern("b"),)),
                f"default-model b: {UNLISTED}",
            ),
            (
                rules(include="c"),
                "include and exclude leave none of the gateway's models for clients",
            ),
        ):
            self.assertEqual(models("b d", its_rules).doubts, (doubt,))


class Aliases(Case):
    def test_published(self) -> None:
        """Aliases are listed first, in the operator's order, and the gateway's names after them."""
        listing = models("z a b", rules("y=a x=a"))
        self.assertEqual(published(listing), "y x z a b")
        self.assertEqual(listing.missing_targets, frozenset())

    def test_facts(self) -> None:
        """An alias has its target's facts, and what is known better of either name."""
        gateway = {"big": ModelFacts(mode="chat", context_length=4)}
        listing = models(
            gateway, rules("a=big", overrides="big=tools,context=8 a=context=9,no-tools")
        )
        facts = ModelFacts(mode="chat", tools=False, context_length=9)
        self.assertEqual(listing.find("A:latest"), Model("a", "big", facts))
        self.assertEqual(listing.resolve("a"), Model("a", "big", facts))

    def test_targets(self) -> None:
        """A target is found as a client's name is, and is asked for by the gateway's spelling."""
        for gateway, alias, target in (
            ("Big", "a=big", "Big"),
            ("big", "a=big:latest", "big"),
            ("big:latest", "a=big", "big:latest"),
            ("openai/*", "a=openai/Big", "openai/Big"),
        ):
            found = models(gateway, rules(alias)).find("a")
            self.assertEqual(found and found.target, target, alias)

    def test_missing_target(self) -> None:
        """An alias without a target is not listed, but the gateway is asked for the target."""
        listing = models("x", rules("a=gone b=x c=b"))
        self.assertEqual(published(listing), "b x")
        self.assertEqual(listing.missing_targets, {"a", "c"})
        self.assertIsNone(listing.find("a"))
        for name in ("a", "a:latest", " a"):
            self.assertEqual(listing.resolve(name), Model("a", "gone"), name)

    def test_excluded_target(self) -> None:
        """An alias exists whatever becomes of its target's and its own name."""
        for its_rules in (
            rules("a=big", exclude="big"),
            rules("a=big", exclude="*"),
            rules("a=big", include="other"),
        ):
            listing = models("big", its_rules)
            self.assertEqual(published(listing), "a")
            self.assertEqual(listing.resolve("a"), Model("a", "big"))
            self.assertIsNone(listing.resolve("big"))

    def test_missing_and_excluded(self) -> None:
        """An alias is resolved without the gateway's list, too, whatever is excluded."""
        listing = models("", rules("a=big", exclude="*"))
        self.assertEqual(listing.resolve("a"), Model("a", "big"))

    def test_shadowing(self) -> None:
        """An alias that is called like a model of the gateway's takes its place, usable or not."""
        listing = models({"m": CHAT, "big": IMAGES, "n": CHAT}, rules("m=big"))
        self.assertEqual(published(listing), "n")
        self.assertEqual(listing.find("m"), Model("m", "big", IMAGES))

    def test_case(self) -> None:
        """An alias that differs by case from a gateway's name is found by all other spellings."""
        listing = models("gpt big", rules("GPT=big"))
        self.assertEqual(published(listing), "GPT gpt big")
        for name, target in (("gpt", "gpt"), ("GPT", "big"), ("Gpt", "big")):
            found = listing.find(name)
            self.assertEqual(found and found.target, target, name)

    def test_without_its_model(self) -> None:
        """An alias whose model is not listed is asked for by it, in any spelling."""
        listing = models("m", rules("X:latest=gone m=gone"))
        self.assertEqual(published(listing), "m")
        for name in ("X:latest", "X", "x", "x:latest"):
            self.assertIsNone(listing.find(name), name)
            self.assertEqual(listing.resolve(name), Model("X:latest", "gone"), name)

    def test_latest_is_no_way_around(self) -> None:
        """What is excluded is excluded with ``:latest``, in capitals and repeated, too."""
        listing = ModelList(
            {"x": CHAT, "y:latest": CHAT, "openai/*": CHAT},
            ModelRules(
                exclude=(Pattern("x"), Pattern("y:latest"), Pattern("openai/z")),
            ),
        )
        for name in ("x:LATEST", "x:latest:latest", "y", "y:latest", "openai/z:LATEST"):
            self.assertIsNone(listing.find(name), name)
            self.assertIsNone(listing.resolve(name), name)

    def test_itself(self) -> None:
        """An alias may be called like its own target."""
        listing = models("a m", rules("m=m"))
        self.assertEqual(listing.published, (Model("m", "m"), Model("a", "a")))

    def test_not_shadowed(self) -> None:
        """A model of the gateway's that an alias hides can have an alias of another name."""
        listing = models("m big", rules("m=big old=m"))
        targets = [(model.name, model.target) for model in listing.published]
        self.assertEqual(targets, [("m", "big"), ("old", "m"), ("big", "big")])


class Choice(Case):
    def test_chosen(self) -> None:
        """What is not included, or is excluded, is neither listed nor found nor asked for."""
        for its_rules in (rules(include="GPT*"), rules(exclude="o?"), rules("", "*", "O3")):
            listing = models("gpt-4 o3", its_rules)
            self.assertEqual(published(listing), "gpt-4")
            for name in ("o3", "o3:latest", "O3"):
                self.assertIsNone(listing.find(name), name)
                self.assertIsNone(listing.resolve(name), name)

    def test_not_listed(self) -> None:
        """The choice is also among names that the gateway does not list."""
        listing = models("", rules(include="gpt*", exclude="gpt-4"))
        for name, exists in (
            ("gpt-5", True),
            ("gpt-4", False),
            ("gpt-4:latest", False),
            ("o3", False),
        ):
            self.assertEqual(listing.resolve(name) is not None, exists, name)

    def test_modes(self) -> None:
        """What Ollama has no endpoint for is not listed, but found."""
        for mode, listed in (
            *((mode, True) for mode in (None, "chat", "completion", "responses", "embedding")),
            *((mode, False) for mode in ("image_generation", "audio_speech", "rerank", "?")),
        ):
            for facts in (ModelFacts(mode=mode), ModelFacts(mode=mode, from_wildcard=True)):
                listing = models({"m": facts})
                self.assertEqual(published(listing), "m" if listed else "", mode)
                self.assertEqual(listing.find("m"), Model("m", "m", facts), mode)

    def test_mode_overridden(self) -> None:
        """The operator decides what a model is good for."""
        listing = models({"m": IMAGES}, rules(overrides="m=chat"))
        self.assertEqual(listing.published, (Model("m", "m", CHAT),))


class Wildcards(Case):
    def test_found(self) -> None:
        """Whatever a wildcard covers is found, with its facts, and itself it is not listed."""
        gateway = {"openai/*": ModelFacts(tools=True), "openai/x": CHAT, "y": CHAT}
        listing = models(gateway, rules(overrides="openai/n*=vision"))
        self.assertEqual(published(listing), "openai/x y")
        expected = ModelFacts(tools=True, vision=True, from_wildcard=True)
        for name in ("openai/new", "openai/new:latest", " openai/new"):
            model = Model("openai/new", "openai/new", expected)
            self.assertEqual(listing.find(name), model, name)
            self.assertEqual(listing.resolve(name), model, name)
        self.assertEqual(listing.find("OPENAI/X"), Model("openai/x", "openai/x", CHAT))
        self.assertIsNone(listing.find("azure/new"))

    def test_first(self) -> None:
        """Of wildcards that cover a name the gateway's first counts."""
        listing = models({"a/b*": CHAT, "a/*": ModelFacts(mode="embedding")})
        for name, mode in (("a/bc", "chat"), ("a/c", "embedding")):
            found = listing.find(name)
            self.assertEqual(found and found.facts.mode, mode, name)

    def test_excluded(self) -> None:
        """What is excluded does not exist for a wildcard either."""
        listing = models("openai/*", rules(exclude="*-4"))
        self.assertIsNone(listing.find("openai/gpt-4"))
        self.assertIsNone(listing.resolve("openai/gpt-4"))
        self.assertIsNotNone(listing.find("openai/gpt-5"))

    def test_sorted(self) -> None:
        """What a wildcard expands to is listed at the end, by name."""
        gateway = {"w/b": COVERED, "z": CHAT, "w/a": COVERED, "w/i": IMAGES, "y": CHAT}
        self.assertEqual(published(models(gateway, rules("x=w/b"))), "x z y w/a w/b")

    def test_hidden(self) -> None:
        """What a wildcard expands to may be hidden: it is found, and its alias is listed."""
        gateway = {"w/a": COVERED, "z": CHAT, "w/*": UNKNOWN_MODEL}
        listing = models(gateway, rules("x=w/a", hide=True))
        self.assertEqual(published(listing), "x z")
        for name in ("w/a", "w/b"):
            self.assertEqual(listing.find(name), Model(name, name, COVERED), name)


class Discovered(Case):
    def test_merge(self) -> None:
        """All names are there, the list's first, with what was told, completed by the list."""
        told = {"b": ModelFacts(mode="chat"), "d": IMAGES, "a": ModelFacts(tools=False)}
        listed = {"a": ModelFacts(tools=True, context_length=1), "c": CHAT, "b": UNKNOWN_MODEL}
        self.assertEqual(
            list(merge(told, listed).items()),
            [
                ("a", ModelFacts(tools=False, context_length=1)),
                ("c", CHAT),
                ("b", CHAT),
                ("d", IMAGES),
            ],
        )
        self.assertEqual(merge({}, {}), {})

    def test_merge_wildcards(self) -> None:
        """What is only listed and covered by a wildcard of either list is an expansion."""
        for told, listed, expansions in (
            ("w/a", "w/a w/b x", ""),
            ("w/a", "w/* w/a W/b x", "w/* W/b"),
            ("w/* w/a", "w/a w/b x", "w/b"),
        ):
            merged = merge(unknown(told), unknown(listed))
            covered = [name for name, facts in merged.items() if facts.from_wildcard]
            self.assertEqual(covered, expansions.split(), (told, listed))

    def test_merge_keeps(self) -> None:
        """An expansion that was told of stays one when it is listed as well."""
        self.assertEqual(merge({"w/a": COVERED}, {"w/a": CHAT})["w/a"].from_wildcard, True)

    def test_marked(self) -> None:
        """What a listed wildcard covers is marked, and else everything is as it was told."""
        told = {"w/a": CHAT, "x": IMAGES}
        self.assertEqual(marked(told, unknown("w/a x")), told)
        covered = ModelFacts(mode="chat", from_wildcard=True)
        self.assertEqual(marked(told, unknown("w/a W/* y")), {"w/a": covered, "x": IMAGES})
