"""
The gateway's models in Ollama's terms: ``/api/tags``, ``/api/show`` and ``/api/ps``.

Every key that a typed client demands is there and not null.  What a gateway's
model does not have (files, a quantisation) is neutral, and what the gateway
does not say of one that it does have is a default:

=================  ============================================================
not known          then
=================  ============================================================
use                embedding if ``embed`` is in the name, else chat
tools              yes: nearly all models behind gateways have them, and editors
                   hide models without
vision, thinking,  no
insert
context length     32,768 tokens for chat, 2,048 for embedding
vector length      0
provider           ``llama``, as family and architecture
=================  ============================================================
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from ollamaproxy.models.listing import Model
from ollamaproxy.translate.stopwatch import NS_PER_S, timestamp
from ollamaproxy.wire.json_text import encode

DEFAULT_CONTEXT_LENGTH: Final = 32_768
DEFAULT_EMBEDDING_CONTEXT_LENGTH: Final = 2_048

#: When every model was last changed.  Clients compare it, and some servers
#: (vLLM) give the time of the request; this is what LiteLLM gives.
_CREATED_S: Final = 1_677_610_602
MODIFIED_AT: Final = timestamp(_CREATED_S * NS_PER_S)

_LICENSE: Final = "The terms of the model's provider apply."

#: Where a client looks for what a model can do: LiteLLM for "tools", Continue for ".Suffix".
_SYSTEM: Final = "{{- if .System }}{{ .System }}\n{{ end }}"
_TOOLS: Final = "{{- if .Tools }}{{ .Tools }}\n{{ end }}"
_PROMPT: Final = "{{ .Prompt }}"
_SUFFIX: Final = "{{- if .Suffix }}{{ .Suffix }}\n{{ end }}"

_NOT_IN_A_FAMILY: Final = re.compile(r"[^a-z0-9_-]+")


def capabilities(model: Model) -> list[str]:
    """Return Ollama's words for what a model can do; never others, for Koog knows only these."""
    facts = model.facts
    if _is_embedding(model):
        return ["embedding"]
    # A model for plain texts has no tools unless somebody says so.
    tools = facts.tools if facts.mode == "completion" else facts.tools is not False
    can = {
        "completion": True,
        "tools": tools,
        "insert": facts.insert,
        "vision": facts.vision,
        "thinking": facts.thinking,
    }
    return [word for word, does in can.items() if does]


def context_length(model: Model) -> int:
    """Return how many tokens fit, or the default."""
    default = DEFAULT_EMBEDDING_CONTEXT_LENGTH if _is_embedding(model) else DEFAULT_CONTEXT_LENGTH
    return model.facts.context_length or default


def _is_embedding(model: Model) -> bool:
    if model.facts.mode is None:
        return "embed" in f"{model.name} {model.target}".lower()
    return model.facts.mode == "embedding"


def digest(model: Model) -> str:
    """
    Return 64 hex digits for a model: others for another name, or when its capabilities change.

    llm-ollama keeps capabilities by digest, and takes models of one digest for one model.
    """
    told = encode([model.name, capabilities(model)])
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def tags(models: Iterable[Model]) -> bytes:
    """Return the body of ``GET /api/tags``."""
    return encode({"models": [_tags_entry(model) for model in models]}).encode("ascii")


def _tags_entry(model: Model) -> dict[str, Any]:
    details = _details(model) | {"context_length": context_length(model)}
    if model.facts.embedding_length is not None:
        details["embedding_length"] = model.facts.embedding_length
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": MODIFIED_AT,
        "size": 0,
        "digest": digest(model),
        "details": details,
        "capabilities": capabilities(model),
    }


def openai_entry(name: str) -> dict[str, Any]:
    """Return the entry of a model in ``GET /v1/models``; it tells no more than the name."""
    return {"id": name, "object": "model", "created": _CREATED_S, "owned_by": "library"}


@frozen
class RunningModel:
    """
    A model that is in use.

    Attributes:
        model: Which.
        expires_ns: Until when it is kept, in nanoseconds since 1970.
    """

    model: Model
    expires_ns: int


def running(models: Iterable[RunningModel]) -> bytes:
    """Return the body of ``GET /api/ps``."""
    return encode({"models": [_running_entry(running) for running in models]}).encode("ascii")


def _running_entry(running: RunningModel) -> dict[str, Any]:
    model = running.model
    return {
        "name": model.name,
        "model": model.name,
        "size": 0,
        "digest": digest(model),
        "details": _details(model),
        "expires_at": timestamp(running.expires_ns),
        "size_vram": 0,
        "context_length": context_length(model),
    }


def show(model: Model) -> bytes:
    """Return the body of ``POST /api/show``; it has no key for the name, as in Ollama."""
    template = _template(capabilities(model))
    parameters = {"num_ctx": context_length(model)}
    if model.facts.max_output_tokens is not None and not _is_embedding(model):
        parameters["num_predict"] = model.facts.max_output_tokens
    body = {
        "license": _LICENSE,
        "modelfile": _modelfile(model.name, template, parameters),
        # Continue reads num_ctx here.
        "parameters": "\n".join(f"{name:<30} {value}" for name, value in parameters.items()),
        "template": template,
        "details": _details(model),
        "model_info": _model_info(model),
        "capabilities": capabilities(model),
        "modified_at": MODIFIED_AT,
    }
    return encode(body).encode("ascii")


def _details(model: Model) -> dict[str, Any]:
    family = _family(model)
    # Enchanted and old Ollama clients know by the clip that a model sees.
    sees = "vision" in capabilities(model)
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family, "clip"] if sees else [family],
        "parameter_size": "",
        "quantization_level": "",
    }


def _family(model: Model) -> str:
    """Return one word for who made the model; no dots, for keys of ``model_info`` begin with it."""
    return _NOT_IN_A_FAMILY.sub("_", (model.facts.provider or "").lower()) or "llama"


def _model_info(model: Model) -> dict[str, Any]:
    """Koog demands both lengths; LlamaIndex and LiteLLM take the first key with context_length."""
    architecture = _family(model)
    info = {
        f"{architecture}.context_length": context_length(model),
        f"{architecture}.embedding_length": model.facts.embedding_length or 0,
        "general.architecture": architecture,
        "general.basename": model.name,  # VS Code Copilot shows it
        "general.parameter_count": 0,
    }
    return dict(sorted(info.items()))  # as Go writes a map


def _template(can: Iterable[str]) -> str:
    if "embedding" in can:
        return _PROMPT
    parts = (
        _SYSTEM,
        _TOOLS if "tools" in can else "",
        _PROMPT,
        _SUFFIX if "insert" in can else "",
    )
    return "".join(parts)


def _modelfile(name: str, template: str, parameters: dict[str, int]) -> str:
    lines = (
        '# Modelfile generated by "ollama show"',
        "# To build a new Modelfile based on this, replace FROM with:",
        f"# FROM {name}",
        "",
        f"FROM {name}",
        f'TEMPLATE """{template}"""',
        *(f"PARAMETER {parameter} {value}" for parameter, value in parameters.items()),
        f'LICENSE """{_LICENSE}"""',
    )
    return "\n".join(lines) + "\n"
