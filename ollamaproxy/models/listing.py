"""
The models that clients see, and how a name that a client sends finds one.

In this order: the name itself, without ``:latest``, with ``:latest``, the same
without regard to case, and what a wildcard of the gateway's covers.

Source: Ollama takes ``x`` for ``x:latest`` and ignores case (types/model/name.go).
"""

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import evolve, frozen

from ollamaproxy.models.rules import ModelRules, Pattern
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from ollamaproxy.wire.model_lists import FactsByName

_LATEST: Final = ":latest"

#: Characters of the longest name.  Ollama's own have 350 + 80 + 80 + 80 at most.
MAX_NAME: Final = 600

#: The uses, in LiteLLM's words, for which Ollama has an endpoint.
_LISTED_MODES: Final = frozenset({None, "chat", "completion", "responses", "embedding"})


@frozen
class Model:
    """
    One model.

    Attributes:
        name: What ``/api/tags`` calls it.
        target: What the gateway calls it.
        facts: What is known of it.
    """

    name: str
    target: str
    facts: ModelFacts = UNKNOWN_MODEL


class ModelList:
    """
    The gateway's models after the operator's rules.

    Attributes:
        published: What ``/api/tags`` lists: aliases, then the gateway's own in
            its order, then what its wildcards cover, by name, for of those it
            changes the order at every start.
        missing_targets: The aliases whose model the gateway does not have.
        leaves_none: The patterns exclude all that the gateway has, and there is no alias.
        doubts: Sentences on what of the rules the operator can hardly have meant.
    """

    def __init__(self, gateway: FactsByName, rules: ModelRules) -> None:
        """
        Apply the rules.

        Args:
            gateway: What the gateway has; a name with a ``*`` is a wildcard.
            rules: The operator's.
        """
        self._rules = rules
        wildcards = {name: facts for name, facts in gateway.items() if "*" in name}
        self._wildcards = [(Pattern(name), facts) for name, facts in wildcards.items()]
        own = {
            name: Model(name, name, rules.overridden(name, facts))
            for name, facts in gateway.items()
            if name not in wildcards
        }
        self._all = _Names(own.values())
        found = {alias: self._own(alias.target) for alias in rules.aliases}
        aliased = [
            Model(alias.name, model.target, rules.overridden(alias.name, model.facts))
            for alias, model in found.items()
            if model is not None
        ]
        missing = [alias for alias, model in found.items() if model is None]
        self.missing_targets = frozenset(alias.name for alias in missing)
        self._unlisted_aliases = _Names(
            Model(alias.name, alias.target, rules.overridden(alias.name, UNKNOWN_MODEL))
            for alias in missing
        )
        shadowed = {model.name for model in aliased}
        allowed = [
            model
            for model in own.values()
            if self.allows(model.name) and model.name not in shadowed
        ]
        self._names = _Names([*aliased, *allowed])
        self.published = (
            *filter(_is_usable, aliased),
            *(model for model in allowed if not model.facts.from_wildcard and _is_usable(model)),
            *sorted(
                (model for model in allowed if self._is_shown_wildcard(model)),
                key=lambda model: model.name,
            ),
        )

        # What a wildcard covers can be asked for by a name that is included.
        self.leaves_none = bool(own) and not (allowed or aliased or wildcards)
        self.doubts = tuple(self._doubts()) if gateway else ()

    def _doubts(self) -> Iterator[str]:
        for alias in sorted(self.missing_targets):
            yield f"alias {alias}: the gateway lists no model for it"
        default = self._rules.default_model
        if default is not None and not (self.find(default) or self._unlisted_aliases.find(default)):
            yield f"default-model {default}: the gateway lists no such model, or it is excluded"
        if self.leaves_none:
            yield "include and exclude leave none of the gateway's models for clients"

    def _is_shown_wildcard(self, model: Model) -> bool:
        return model.facts.from_wildcard and _is_usable(model) and not self._rules.hide_wildcards

    def find(self, name: str) -> Model | None:
        """Return the model of a name that a client sent, or ``None``: none is known."""
        name = name.strip()
        found = self._names.find(name)
        if found is not None:
            return found
        covered = self._covered(_bare(name))
        return covered if covered is not None and self.allows(name) else None

    def resolve(self, name: str) -> Model | None:
        """
        Return what to ask the gateway for when a client sends a name.

        A gateway may have models that it does not list, so what is not found
        is asked for by its own name.  ``None`` if the operator does not want
        that model to exist.
        """
        name = name.strip()
        found = self.find(name) or self._unlisted_aliases.find(name)
        if found is not None:
            return found
        bare = _bare(name)
        if not self.allows(name):
            return None
        return Model(bare, bare, self._rules.overridden(bare, UNKNOWN_MODEL))

    def allows(self, name: str) -> bool:
        """Whether the operator wants a name to exist, which ``:latest`` may end or not."""
        bare = _bare(name)
        return self._rules.allow(bare, bare + _LATEST)

    def _own(self, target: str) -> Model | None:
        """Return a model by the gateway's name, whether clients may have it under that or not."""
        return self._all.find(target) or self._covered(target)

    def _covered(self, name: str) -> Model | None:
        """Return the model that a wildcard makes of a name, if one covers it."""
        for pattern, facts in self._wildcards:
            if pattern.matches(name) and name and "*" not in name:
                known = self._rules.overridden(name, evolve(facts, from_wildcard=True))
                return Model(name, name, known)
        return None


class _Names:
    """Models by all the spellings of their names; of models with the same one the first counts."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._exact: dict[str, Model] = {}
        self._folded: dict[str, Model] = {}
        for model in models:
            self._exact.setdefault(model.name, model)
            self._folded.setdefault(model.name.casefold(), model)

    def find(self, name: str) -> Model | None:
        for spelling in _spellings(name):
            if spelling in self._exact:
                return self._exact[spelling]
        for spelling in _spellings(name.casefold()):
            if spelling in self._folded:
                return self._folded[spelling]
        return None


def _spellings(name: str) -> Iterator[str]:
    yield name
    if name.endswith(_LATEST):
        yield name.removesuffix(_LATEST)
    else:
        yield name + _LATEST


def _bare(name: str) -> str:
    """Return a name without ``:latest``, which is Ollama's and means nothing to a gateway."""
    while len(name) > len(_LATEST) and name.lower().endswith(_LATEST):
        name = name[: -len(_LATEST)]
    return name


def _is_usable(model: Model) -> bool:
    """Whether there is anything that a client of Ollama's could do with it."""
    return model.facts.mode in _LISTED_MODES
