"""
The model lists of gateways, as facts by the models' names.

=========================  =====================================================================
``GET /v1/model/info``     LiteLLM: one entry for each deployment, with all that it knows
``GET /model_group/info``  LiteLLM: one entry for each name; what it does not know is ``false``
``GET /v1/models``         every OpenAI-compatible server: the names, and what each adds
=========================  =====================================================================

Source: measured on LiteLLM 1.80 and 1.106; the manuals and sources of vLLM,
llama.cpp and OpenRouter.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import evolve

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.json_text import decode
from ollamaproxy.wire.model_facts import ModelFacts

#: What several say of their models, by their names, in the gateway's order.
FactsByName = Mapping[str, ModelFacts]

#: Where ``/v1/models`` may tell the context length; the first that is there counts.
_CONTEXT_LENGTHS: Final = (
    ("max_input_tokens",),  # LiteLLM
    ("max_model_len",),  # vLLM
    ("context_length",),  # OpenRouter
    ("max_context_length",),  # LM Studio
    ("meta", "n_ctx"),  # llama.cpp: what it was loaded with
    ("meta", "n_ctx_train"),  # llama.cpp: what it was made for
)
#: Servers that name themselves as the owners of their models; others name
#: anybody, LiteLLM always OpenAI.
_SERVERS: Final = frozenset({"vllm", "llamacpp"})
#: What every client can read.
_MAX_COUNT: Final = 2**53
_OUTPUT_LIMITS: Final = (("max_output_tokens",), ("top_provider", "max_completion_tokens"))


def decode_model_info(body: bytes) -> FactsByName:
    """
    Return the facts of LiteLLM's ``/v1/model/info``.

    A name with several deployments has the facts of the first: a gateway
    balances between equals.  LiteLLM expands a wildcard into models that share
    one deployment's id but not its model, by which they are recognised: an
    alias shares both.

    Raises:
        UpstreamGarbled: It is not such a list.
    """
    return _decode("/v1/model/info", body, _model_info)


def _model_info(entries: Iterable[Mapping[str, Any]]) -> FactsByName:
    read = [
        (
            entry["model_name"],
            (entry.get("model_info") or {}),
            (entry.get("litellm_params") or {}).get("model"),
        )
        for entry in entries
    ]
    models_of_id: dict[Any, set[Any]] = {}
    for _name, info, model in read:
        models_of_id.setdefault(info.get("id"), set()).add(model)
    facts: dict[str, ModelFacts] = {}
    for name, info, _model in read:
        if text(name) is None:
            continue
        shared = info.get("id") is not None and len(models_of_id[info["id"]]) > 1
        found = evolve(_litellm_facts(info), from_wildcard=shared)
        known = facts.get(name)
        facts[name] = found if known is None else _of_two_deployments(known, found)
    return facts


def _of_two_deployments(first: ModelFacts, second: ModelFacts) -> ModelFacts:
    merged = first.completed_by(second)
    return evolve(merged, from_wildcard=first.from_wildcard and second.from_wildcard)


def decode_model_groups(body: bytes) -> FactsByName:
    """
    Return the facts of LiteLLM's ``/model_group/info``.

    ``false`` may also mean that LiteLLM does not know, so it is not a fact.

    Raises:
        UpstreamGarbled: It is not such a list.
    """
    return _decode("/model_group/info", body, _model_groups)


def _model_groups(entries: Iterable[Mapping[str, Any]]) -> FactsByName:
    facts: dict[str, ModelFacts] = {}
    for entry in entries:
        said = {key: None if value is False else value for key, value in entry.items()}
        providers = said.get("providers") or [None]
        name = entry["model_group"]
        if text(name) is not None:
            facts.setdefault(name, _litellm_facts({**said, "litellm_provider": providers[0]}))
    return facts


def _litellm_facts(info: Mapping[str, Any]) -> ModelFacts:
    """Return the facts under LiteLLM's own names."""
    return ModelFacts(
        mode=text(info.get("mode")),
        tools=flag(info.get("supports_function_calling")),
        vision=flag(info.get("supports_vision")),
        thinking=flag(info.get("supports_reasoning")),
        insert=_among("suffix", info.get("supported_openai_params")) or None,
        efforts=frozenset(
            word
            for word in ("none", "minimal", "xhigh", "max")
            if info.get(f"supports_{word}_reasoning_effort") is True
            or _among(word, info.get("supported_reasoning_efforts"))
        ),
        context_length=count(info.get("max_input_tokens")),
        max_output_tokens=count(info.get("max_output_tokens")),
        embedding_length=count(info.get("output_vector_size")),
        provider=text(info.get("litellm_provider")),
    )


def decode_models(body: bytes) -> FactsByName:
    """
    Return what ``/v1/models`` tells, each name once, in the server's order.

    Raises:
        UpstreamGarbled: It is not a model list.
    """
    return _decode("/v1/models", body, _models)


def _models(entries: Iterable[Mapping[str, Any]]) -> FactsByName:
    facts: dict[str, ModelFacts] = {}
    for entry in entries:
        name = entry["id"]
        if isinstance(name, str) and name:
            facts.setdefault(name, _listed(entry))
    return facts


def _listed(entry: Mapping[str, Any]) -> ModelFacts:
    owner = text(entry.get("owned_by"))
    inputs = _under(entry, ("architecture", "input_modalities"))
    parameters = entry.get("supported_parameters")
    return ModelFacts(
        mode=text(entry.get("mode")),
        tools=_among("tools", parameters),
        vision=_among("image", inputs),
        thinking=_among("reasoning", parameters),
        context_length=_first_count(entry, _CONTEXT_LENGTHS),
        max_output_tokens=_first_count(entry, _OUTPUT_LIMITS),
        provider=owner if owner in _SERVERS else None,
    )


def _decode(
    path: str, body: bytes, read: Callable[[Iterable[Mapping[str, Any]]], FactsByName]
) -> FactsByName:
    try:
        return read(decode(body)["data"] or ())
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UpstreamGarbled(f"the gateway's {path} is not a list of models") from error


def flag(value: Any) -> bool | None:
    """Return a yes or no; anything else is not known."""
    return value if isinstance(value, bool) else None


def text(value: Any) -> str | None:
    """Return a text with something in it; anything else is not known."""
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int | None:
    """Return a number of tokens, which LiteLLM may print as ``4096.0``; 0 is not known."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return int(value) if is_number and 1 <= value < _MAX_COUNT else None


def _first_count(entry: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> int | None:
    return next(filter(None, (count(_under(entry, path)) for path in paths)), None)


def _under(entry: Mapping[str, Any], path: Iterable[str]) -> Any:
    """Return what stands under nested keys, or ``None`` where there is no such object."""
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _among(word: str, words: Any) -> bool | None:
    return word in words if isinstance(words, list) else None
