"""
What LiteLLM knows of its models: ``GET /v1/model/info``.

One entry for each deployment, so a name that several serve comes several times.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.json_text import decode


@frozen(kw_only=True)
class ModelFacts:
    """
    What is known of a model; ``None`` is not known.

    Attributes:
        mode: ``chat``, ``embedding``, ``completion`` and so on.
        tools: Whether it calls tools.
        thinking: Whether it thinks.
        efforts: The words beyond low, medium and high that its
            ``reasoning_effort`` takes: of ``none``, ``minimal``, ``xhigh``, ``max``.
    """

    mode: str | None = None
    tools: bool | None = None
    thinking: bool | None = None
    efforts: frozenset[str] = frozenset()


UNKNOWN_MODEL = ModelFacts()


def decode_model_info(body: bytes) -> Mapping[str, ModelFacts]:
    """
    Return the facts by the models' public names.

    Of a name with several deployments the first counts: a gateway balances
    between equals.

    Raises:
        UpstreamGarbled: It is not such a list.
    """
    facts: dict[str, ModelFacts] = {}
    try:
        for entry in decode(body)["data"]:
            info = entry.get("model_info") or {}
            facts.setdefault(entry["model_name"], _facts(info))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UpstreamGarbled("the gateway's /v1/model/info is not a list of models") from error
    return facts


def _facts(info: Mapping[str, Any]) -> ModelFacts:
    mode = info.get("mode")
    return ModelFacts(
        mode=mode if isinstance(mode, str) else None,
        tools=_flag(info.get("supports_function_calling")),
        thinking=_flag(info.get("supports_reasoning")),
        efforts=frozenset(
            word
            for word in ("none", "minimal", "xhigh", "max")
            if info.get(f"supports_{word}_reasoning_effort") is True
        ),
    )


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
