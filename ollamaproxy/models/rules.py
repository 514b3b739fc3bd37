"""
What the operator decides about the models: names, choice, and what the gateway does not say.

Patterns are those of a shell (``*``, ``?``, ``[abc]``) over the whole name, without
regard to case: some gateways have none for it, so an excluded model could be
had by another spelling.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import translate
from typing import Any, Final

from attrs import evolve, field, frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.wire.model_facts import ModelFacts

#: What may be said of a model, and the facts that it makes.
_WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "chat": {"mode": "chat"},
    "embedding": {"mode": "embedding"},
    **{
        f"{prefix}{name}": {name: value}
        for name in ("tools", "vision", "thinking", "insert")
        for prefix, value in (("", True), ("no-", False))
    },
}
#: What may be said with a number.
_NUMBERS: Final[Mapping[str, str]] = {
    "context": "context_length",
    "output": "max_output_tokens",
    "dimensions": "embedding_length",
}


@frozen
class Pattern:
    """A pattern for names of models."""

    text: str
    _match: Callable[[str], object] = field(init=False, eq=False, repr=False)

    @_match.default
    def _compile(self) -> Callable[[str], object]:
        return re.compile(translate(self.text), re.IGNORECASE).match

    def matches(self, name: str) -> bool:
        """Whether a name is one of those meant."""
        return self._match(name) is not None


@frozen
class Alias:
    """A further name, for clients, and the gateway's model that it stands for."""

    name: str
    target: str


@frozen
class Override:
    """Facts that hold for the models of a pattern, whatever the gateway says."""

    pattern: Pattern
    facts: Mapping[str, Any]


def parse_pattern(text: str) -> Pattern:
    """
    Return a pattern.

    Raises:
        InvalidSetting: It is empty.
    """
    if not text.strip():
        raise InvalidSetting("a pattern for models is empty; * stands for all of them")
    return Pattern(text.strip())


def parse_alias(text: str) -> Alias:
    """
    Return the alias that ``NAME=MODEL`` stands for.

    Raises:
        InvalidSetting: It is not of that form.
    """
    name, _equals, target = (part.strip() for part in text.partition("="))
    if not name or not target:
        raise InvalidSetting(f"{text!r} is not of the form NAME=MODEL, such as llama3=azure/gpt-4o")
    return Alias(name, target)


def parse_override(text: str) -> Override:
    """
    Return the override that ``PATTERN=WORD,WORD,…`` stands for.

    Words are ``chat``, ``embedding``, ``tools``, ``vision``, ``thinking`` and ``insert``,
    the last four also with ``no-`` in front, and ``context=N``, ``output=N`` (both in
    tokens) and ``dimensions=N`` (numbers in a vector).

    Raises:
        InvalidSetting: It is not of that form.
    """
    pattern, _equals, words = text.partition("=")
    facts: dict[str, Any] = {}
    for word in filter(None, (word.strip().lower() for word in words.split(","))):
        facts.update(_facts_of(word, text))
    if not facts:
        raise InvalidSetting(
            f"{text!r} is not of the form PATTERN=WORDS, such as qwen*=tools,vision,context=32768"
        )
    return Override(parse_pattern(pattern), facts)


def _facts_of(word: str, whole: str) -> Mapping[str, Any]:
    if word in _WORDS:
        return _WORDS[word]
    name, _equals, number = word.partition("=")
    if name not in _NUMBERS:
        known = ", ".join((*_WORDS, *(f"{name}=N" for name in _NUMBERS)))
        raise InvalidSetting(f"{whole!r}: {word!r} is not one of {known}")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    if not is_number or int(number) < 1:
        raise InvalidSetting(f"{whole!r}: {name} is a whole number of 1 or more")
    return {_NUMBERS[name]: int(number)}


@frozen(kw_only=True)
class ModelRules:
    """
    All that is decided about the models.

    Attributes:
        aliases: Further names; they are listed first, and exist whatever is
            included or excluded.
        include: If there are any, only names that match one exist for clients.
        exclude: Names that match one do not exist for clients.
        overrides: What is known better than the gateway does; of several that
            match, the last counts.
        hide_wildcards: Do not list what only a wildcard of the gateway's
            covers.  It can still be asked for by name.
        default_model: Answers requests that name no model; ``None`` refuses them.
    """

    aliases: tuple[Alias, ...] = ()
    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    overrides: tuple[Override, ...] = ()
    hide_wildcards: bool = False
    default_model: str | None = None

    def allow(self, *spellings: str) -> bool:
        """Whether a name exists for clients: a spelling of it is included, and none excluded."""
        included = not self.include or _any_matches(self.include, spellings)
        return included and not _any_matches(self.exclude, spellings)

    def overridden(self, name: str, facts: ModelFacts) -> ModelFacts:
        """Return the facts of a name, with what is known better."""
        for override in self.overrides:
            if override.pattern.matches(name):
                facts = evolve(facts, **override.facts)
        return facts


def _any_matches(patterns: Iterable[Pattern], names: Iterable[str]) -> bool:
    return any(pattern.matches(name) for pattern in patterns for name in names)
