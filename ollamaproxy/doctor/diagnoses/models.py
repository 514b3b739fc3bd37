"""The models: which are there, whether one answers, and what an IDE will see of them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from ollamaproxy.doctor.diagnoses.interface import words
from ollamaproxy.doctor.facts import FirstToken
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.errors import (
    GatewayForbids,
    GatewayKeyRefused,
    ModelNotFound,
    ProxyError,
    UpstreamError,
    UpstreamTimeout,
)
from ollamaproxy.models.listing import Model, ModelList
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.translate.model_details import capabilities, context_length
from ollamaproxy.wire.model_lists import FactsByName

MODELS: Final = "models"
TOKEN: Final = "token"  # noqa: S105 - no password
DETAILS: Final = "details"

#: Kinds of models with an answer in text.
_CHATS: Final = "completion"
_TOOLS: Final = "tools"


def models_finding(told: FactsByName, models: ModelList, rules: ModelRules) -> Finding:
    """
    Say which models clients see, or why there are none.

    Args:
        told: What the gateway has.
        models: What is left of that after the operator's rules.
        rules: These.
    """
    count = len(models.published)
    if count:
        return _some(told, models, rules)
    if not told:
        return Finding.failed(
            MODELS,
            "the gateway lists none for this key",
            "Ask whoever runs the gateway to give the key (or its team) models.",
        )
    if models.leaves_none:
        return Finding.failed(
            MODELS,
            f"the gateway lists {len(told)}, and --include and --exclude leave none of them",
            f"Correct the patterns; the gateway's names are such as {_examples(told)}.",
        )
    if rules.hide_wildcards and any(facts.from_wildcard for facts in told.values()):
        return Finding.failed(
            MODELS,
            f"the gateway lists {len(told)}, all of them by wildcards, and --hide-wildcards"
            " hides those",
            "Leave --hide-wildcards out.",
        )
    return Finding.failed(
        MODELS,
        f"the gateway lists {len(told)}, and none chats or embeds: {_examples(told)}",
        "Ask whoever runs the gateway for such a model; if one of these is one, say so with"
        " --model-info NAME=chat.",
    )


def no_list_finding(error: UpstreamError) -> Finding:
    """Say that the gateway does not tell its models, which its API and its key would allow."""
    return Finding.failed(
        MODELS,
        f"the gateway does not tell them: {words(error.message)}",
        "Ask whoever runs the gateway; its log tells more.",
    )


def _some(told: FactsByName, models: ModelList, rules: ModelRules) -> Finding:
    seen = f"clients see {len(models.published)}{_others(told, models, rules)}"
    missing = sorted(models.missing_targets)
    if missing:
        return Finding.warning(
            MODELS,
            f"{seen}; it has none for the aliases {', '.join(missing)}",
            "Correct what stands behind the = of these --alias.",
        )
    default = rules.default_model
    if default is not None and models.find(default) is None:
        return Finding.warning(
            MODELS,
            f"{seen}; the default model {default} is none of them",
            f"Name one of them with --default-model, such as {models.published[0].name}.",
        )
    return Finding.ok(MODELS, seen)


def _others(told: FactsByName, models: ModelList, rules: ModelRules) -> str:
    """Return how many of the gateway's clients do not see, and why; empty if they see all."""
    seen = {model.target for model in models.published}
    left = Counter(_why_not(name, told, models, rules) for name in told if name not in seen)
    if not left:
        return ""
    why = ", ".join(f"{reason}: {count}" for reason, count in left.most_common())
    return f"; the gateway lists {len(told)} ({why})"


def _why_not(name: str, told: FactsByName, models: ModelList, rules: ModelRules) -> str:
    if "*" in name:
        return "wildcards"
    if any(alias.name == name for alias in rules.aliases):
        return "named like an alias"
    if not models.allows(name):
        return "excluded"
    if rules.hide_wildcards and told[name].from_wildcard:
        return "hidden"
    return "for neither chat nor embeddings"


def _examples(told: FactsByName) -> str:
    return ", ".join(list(told)[:3])


def model_to_ask(models: ModelList, wanted: str | None, default: str | None) -> Model | None:
    """
    Return the model that shall answer; ``None`` if none that is listed can.

    Args:
        models: That clients see.
        wanted: The one that was named, if one was; asked for even if it is
            not listed, unless the rules forbid it.
        default: The daemon's default model, if it has one.
    """
    if wanted is not None:
        return models.resolve(wanted)
    found = models.find(default) if default is not None else None
    if found is not None:
        return found
    # What a wildcard of the gateway's covers comes last there, and is least likely to work.
    chats = (model for model in models.published if _CHATS in capabilities(model))
    return next(chats, None)


def no_model_finding(wanted: str | None) -> Finding:
    """Say that there is no model to ask, ``wanted`` being the one that was named."""
    if wanted is None:
        return Finding.skipped(TOKEN, "no model chats; name one with --doctor-model to ask it")
    return Finding.failed(
        TOKEN,
        f"--include and --exclude do not let the model {wanted} exist",
        "Name another one with --doctor-model.",
    )


def token_finding(model: str, first: FirstToken | ProxyError) -> Finding:
    """
    Say whether a model answers.

    Args:
        model: As clients call it.
        first: What came first, or the error that came instead.
    """
    if isinstance(first, ProxyError):
        return Finding.failed(
            TOKEN, f"{model} did not answer: {words(first.message)}", _what_to_do(first)
        )
    by = f", through LiteLLM {first.litellm_version}" if first.litellm_version else ""
    how = "answered" if first.text else "answered without a text"
    return Finding.ok(
        TOKEN,
        f"{model} {how} after {first.took_s:.1f} s{by}; it cost a few tokens, which --no-token"
        " saves",
    )


def _what_to_do(error: ProxyError) -> str:
    if isinstance(error, ModelNotFound):
        return "The gateway lists it and does not have it: ask whoever runs it, or try another one."
    if isinstance(error, GatewayKeyRefused):
        return (
            "The gateway's list of models is open to everybody, and its models are not: set the"
            " key, or copy the whole of it again."
        )
    if isinstance(error, GatewayForbids):
        return "Ask whoever runs the gateway to let the key use this model, or try another one."
    if isinstance(error, UpstreamTimeout):
        return "Try once more with a longer --doctor-wait, or another model with --doctor-model."
    if error.status == 429:
        return "Wait a little, or ask whoever runs the gateway for a higher limit."
    return "Try another model with --doctor-model; if that works, this one is the gateway's matter."


@frozen
class ModelRow:
    """
    A model as an IDE will see it: the very values of ``/api/show``.

    Attributes:
        name: What clients call it.
        capabilities: Ollama's words.
        context_length: In tokens.
        is_guess: The gateway does not tell the length: it is a default.
    """

    name: str
    capabilities: tuple[str, ...]
    context_length: int
    is_guess: bool


def model_rows(models: Sequence[Model]) -> tuple[ModelRow, ...]:
    """Return a row for each model."""
    return tuple(
        ModelRow(
            model.name,
            tuple(capabilities(model)),
            context_length(model),
            model.facts.context_length is None,
        )
        for model in models
    )


def details_finding(rows: Sequence[ModelRow]) -> Finding:
    """Say whether there is enough for an IDE in what the models are said to do; at least one."""
    chats = [row for row in rows if _CHATS in row.capabilities]
    if not chats:
        return Finding.warning(
            DETAILS,
            "all models are for embedding, and none chats",
            "If one chats, say so with --model-info NAME=chat.",
        )
    if not any(_TOOLS in row.capabilities for row in chats):
        return Finding.warning(
            DETAILS,
            "no model that chats has tools, and editors hide such models from their agents",
            "If one has tools, say so with --model-info NAME=tools.",
        )
    guesses = sum(row.is_guess for row in rows)
    if guesses:
        return Finding.ok(
            DETAILS,
            f"as below; of {guesses} the gateway does not tell how much fits, so a default stands"
            " for it (*), and --model-info NAME=context=N would say it",
        )
    return Finding.ok(DETAILS, "as below, all of it as the gateway tells it")
