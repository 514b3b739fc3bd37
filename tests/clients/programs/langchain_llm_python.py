"""LangChain's package for Ollama, for Python: models that go on with a text."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from langchain_ollama import OllamaLLM
from reporting import plan, report

URL = plan()["url"]


def model_of(asked: Mapping[str, Any]) -> OllamaLLM:
    return OllamaLLM(model=asked["model"], base_url=URL)


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": model_of(asked).invoke(asked["prompt"])}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"pieces": [text for text in model_of(asked).stream(asked["prompt"]) if text]}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        stream(asked)
    except Exception as error:  # noqa: BLE001 - it documents none of its own
        return {"error": str(error)}
    return {"error": None}


report(
    version("langchain-ollama"),
    {
        "chat": chat,
        "stream": stream,
        "unknown": failing,
        "broken": failing,
    },
)
