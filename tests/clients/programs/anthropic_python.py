"""Anthropic's own client for Python."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import anthropic
from reporting import plan, report

# A key it must have; nobody looks at it.
client = anthropic.Anthropic(base_url=plan()["url"], api_key="any")

MAX_TOKENS = 1000


def messages(asked: Mapping[str, Any]) -> list[Any]:
    return [{"role": "user", "content": asked["prompt"]}]


def ask(asked: Mapping[str, Any], talk: list[Any], **settings: Any) -> anthropic.types.Message:
    return client.messages.create(
        model=asked["model"], max_tokens=MAX_TOKENS, messages=talk, **settings
    )


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": [model.id for model in client.models.list()]}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": text_of(ask(asked, messages(asked)))}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    with client.messages.stream(
        model=asked["model"], max_tokens=MAX_TOKENS, messages=messages(asked)
    ) as answer:
        return {"pieces": list(answer.text_stream)}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    form = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    offered = [
        {"name": name, "description": f"Tells of the {name}.", "input_schema": form}
        for name in asked["tools"]
    ]
    talk = messages(asked)
    reply = ask(asked, talk, tools=offered)
    calls = [block for block in reply.content if block.type == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": asked["tools"][call.name]}
        for call in calls
    ]
    talk += [
        {"role": "assistant", "content": reply.content},
        {"role": "user", "content": results},
    ]
    return {
        "calls": [[call.name, call.input] for call in calls],
        "text": text_of(ask(asked, talk, tools=offered)),
    }


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    form = {"format": {"type": "json_schema", "schema": asked["schema"]}}
    return {"value": json.loads(text_of(ask(asked, messages(asked), output_config=form)))}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    source = {"type": "base64", "media_type": "image/png", "data": asked["png"]}
    parts = [{"type": "text", "text": asked["prompt"]}, {"type": "image", "source": source}]
    return {"text": text_of(ask(asked, [{"role": "user", "content": parts}]))}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # No more than this may be thought, and it is less than may be said in all.
    budget = {"type": "enabled", "budget_tokens": 1024}
    reply = client.messages.create(
        model=asked["model"], max_tokens=2048, messages=messages(asked), thinking=budget
    )
    thoughts = [block.thinking for block in reply.content if block.type == "thinking"]
    return {"thinking": "".join(thoughts), "text": text_of(reply)}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        stream(asked)
    except anthropic.APIError as error:
        return {"error": str(error)}
    return {"error": None}


report(
    version("anthropic"),
    {
        "list": list_,
        "chat": chat,
        "stream": stream,
        "tools": tools,
        "structured": structured,
        "image": image,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
