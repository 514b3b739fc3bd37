"""The gateway's model list to Ollama's."""

import hashlib
from collections.abc import Iterable
from typing import Any

from ollamaproxy.translate.stopwatch import NS_PER_S, timestamp
from ollamaproxy.wire.json_text import encode
from ollamaproxy.wire.openai import ModelEntry


def tags(models: Iterable[ModelEntry]) -> bytes:
    """
    Return the body of ``GET /api/tags``.

    Every key that a typed client might demand is there and not null; what a
    gateway's model does not have (files, a quantisation) is neutral.
    """
    return encode({"models": [_entry(model) for model in models]}).encode("ascii")


def _entry(model: ModelEntry) -> dict[str, Any]:
    return {
        "name": model.id,
        "model": model.id,
        "modified_at": timestamp(model.created * NS_PER_S),
        "size": 0,
        # 64 hex digits: the ollama program cuts it to 12, llm-ollama groups models by it.
        "digest": hashlib.sha256(model.id.encode("utf-8", "surrogatepass")).hexdigest(),
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "",
            "quantization_level": "",
        },
    }
