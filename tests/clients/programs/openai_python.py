"""OpenAI's own client for Python."""

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import openai
import openai_form
from reporting import plan, report

# A key it must have; nobody looks at it.
client = openai.OpenAI(base_url=f"{plan()['url']}/v1", api_key="any")
complete = client.chat.completions.create


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": [model.id for model in client.models.list()]}


def fill(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = client.completions.create(
        model=asked["model"], prompt=asked["prefix"], suffix=asked["suffix"]
    )
    return {"text": reply.choices[0].text}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = client.embeddings.create(model=asked["model"], input=asked["texts"])
    return {"vectors": [entry.embedding for entry in reply.data]}


failing = partial(openai_form.failing, complete, openai.APIError)

report(
    version("openai"),
    {
        "list": list_,
        "chat": partial(openai_form.chat, complete),
        "stream": partial(openai_form.stream, complete),
        "tools": partial(openai_form.tools, complete),
        "structured": partial(openai_form.structured, complete),
        "image": partial(openai_form.image, complete),
        "thinking": partial(openai_form.thinking, complete),
        "fill": fill,
        "embeddings": embeddings,
        "unknown": failing,
        "broken": failing,
    },
)
