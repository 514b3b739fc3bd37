"""
What two servers tell of their models beside OpenAI's protocol.

=======================  ====================================================================
``GET /api/v0/models``   LM Studio: kind and context length of each model
``GET /props``           llama.cpp's server: of the one model that it runs
=======================  ====================================================================

Source: the manuals and sources of LM Studio 0.3 to 0.4 and llama.cpp.
"""

from collections.abc import Mapping
from typing import Any

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.json_text import decode
from ollamaproxy.wire.model_facts import ModelFacts
from ollamaproxy.wire.model_lists import FactsByName, count, flag


def decode_lm_studio(body: bytes) -> FactsByName:
    """
    Return the facts of LM Studio's own model list.

    Raises:
        UpstreamGarbled: It is not such a list.
    """
    try:
        return {entry["id"]: _lm_studio(entry) for entry in decode(body)["data"]}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UpstreamGarbled("the server's /api/v0/models is not a list of models") from error


def _lm_studio(entry: Mapping[str, Any]) -> ModelFacts:
    kind = entry.get("type")
    can = entry.get("capabilities")
    return ModelFacts(
        mode={"embeddings": "embedding", "llm": "chat", "vlm": "chat"}.get(str(kind)),
        vision=kind == "vlm" if kind in {"llm", "vlm"} else None,
        tools="tool_use" in can if isinstance(can, list) else None,
        context_length=count(entry.get("loaded_context_length"))
        or count(entry.get("max_context_length")),
    )


def decode_llama_cpp(body: bytes) -> ModelFacts:
    """
    Return the facts of the model that a llama.cpp server runs.

    Raises:
        UpstreamGarbled: It is not such an object.
    """
    try:
        props = decode(body)
        settings = props.get("default_generation_settings") or {}
        caps = props.get("chat_template_caps") or {}
        return ModelFacts(
            vision=flag((props.get("modalities") or {}).get("vision")),
            tools=flag(caps.get("supports_tools")),
            context_length=count(settings.get("n_ctx")),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise UpstreamGarbled("the server's /props is not llama.cpp's") from error
