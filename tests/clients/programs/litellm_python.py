"""LiteLLM's package as a client; a word before the plan is the prefix of the models' names."""

import os
import sys
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

from reporting import plan, report

PREFIX = sys.argv[1]
os.environ["OLLAMA_API_BASE"] = plan()["url"]
# Otherwise it fetches a list of models' prices from the internet.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402 - it looks at the environment while it is imported
import openai  # noqa: E402
import openai_form  # noqa: E402


def complete(*, model: str, **settings: Any) -> Any:
    return litellm.completion(model=f"{PREFIX}/{model}", **settings)


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # Its one name for this provider, whatever the prefix, which it puts before all names.
    told = litellm.get_valid_models(check_provider_endpoint=True, custom_llm_provider="ollama")
    return {"models": [name.removeprefix("ollama/") for name in told]}


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"context": litellm.get_model_info(f"{PREFIX}/{asked['model']}")["max_input_tokens"]}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = litellm.embedding(model=f"ollama/{asked['model']}", input=asked["texts"])
    return {"vectors": [entry["embedding"] for entry in reply.data]}


# All errors of its own are made from OpenAI's.
failing = partial(openai_form.failing, complete, openai.APIError)

report(
    version("litellm"),
    {
        "list": list_,
        "show": show,
        "chat": partial(openai_form.chat, complete),
        "stream": partial(openai_form.stream, complete),
        "tools": partial(openai_form.tools, complete),
        "structured": partial(openai_form.structured, complete),
        "image": partial(openai_form.image, complete),
        "thinking": partial(openai_form.thinking, complete),
        "embeddings": embeddings,
        "unknown": failing,
        "broken": failing,
    },
)
