"""The official client for Python."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import ollama
from reporting import plan, report

client = ollama.Client(host=plan()["url"])


def messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": asked["prompt"]}]


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": [model.model for model in client.list().models]}


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = client.show(asked["model"])
    return {
        "capabilities": shown.capabilities,
        "context": shown.modelinfo["openai.context_length"],
    }


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": client.chat(asked["model"], messages(asked)).message.content}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    chunks = client.chat(asked["model"], messages(asked), stream=True)
    return {"pieces": [text for chunk in chunks if (text := chunk.message.content)]}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    offered = [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": f"Tells of the {name}.",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        }
        for name in asked["tools"]
    ]
    talk = messages(asked)
    reply = client.chat(asked["model"], talk, tools=offered).message
    talk.append(reply.model_dump(exclude_none=True))
    calls = []
    for call in reply.tool_calls or ():
        name = call.function.name
        calls.append([name, call.function.arguments])
        talk.append({"role": "tool", "tool_name": name, "content": asked["tools"][name]})
    return {
        "calls": calls,
        "text": client.chat(asked["model"], talk, tools=offered).message.content,
    }


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = client.chat(asked["model"], messages(asked), format=asked["schema"])
    return {"value": json.loads(reply.message.content)}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = {"role": "user", "content": asked["prompt"], "images": [asked["png"]]}
    return {"text": client.chat(asked["model"], [message]).message.content}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = client.chat(asked["model"], messages(asked), think=True).message
    return {"thinking": message.thinking, "text": message.content}


def fill(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = client.generate(asked["model"], prompt=asked["prefix"], suffix=asked["suffix"])
    return {"text": reply.response}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"vectors": client.embed(asked["model"], asked["texts"]).embeddings}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        stream(asked)
    except ollama.ResponseError as error:
        return {"error": error.error}
    return {"error": None}


report(
    version("ollama"),
    {
        "list": list_,
        "show": show,
        "chat": chat,
        "stream": stream,
        "tools": tools,
        "structured": structured,
        "image": image,
        "thinking": thinking,
        "fill": fill,
        "embeddings": embeddings,
        "unknown": failing,
        "broken": failing,
    },
)
