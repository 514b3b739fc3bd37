"""
What programs share whose clients take and return OpenAI's form.

``complete`` is what such a client has for a chat: it takes ``model``,
``messages`` and more by name, and returns a reply, or pieces with ``stream``.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

Complete = Callable[..., Any]


def messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": asked["prompt"]}]


def chat(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = complete(model=asked["model"], messages=messages(asked))
    return {"text": reply.choices[0].message.content}


def stream(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    chunks = complete(model=asked["model"], messages=messages(asked), stream=True)
    told = [choice.delta.content for chunk in chunks for choice in chunk.choices]
    return {"pieces": [text for text in told if text]}


def offered(names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what tools with these names are told of as."""
    return [
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
        for name in names
    ]


def tools(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = {"model": asked["model"], "tools": offered(asked["tools"])}
    talk: list[Any] = messages(asked)
    reply = complete(messages=talk, **told).choices[0].message
    talk.append(reply)
    calls = []
    for call in reply.tool_calls or ():
        name = call.function.name
        calls.append([name, json.loads(call.function.arguments)])
        result = {"role": "tool", "tool_call_id": call.id, "content": asked["tools"][name]}
        talk.append(result)
    return {
        "calls": calls,
        "text": complete(messages=talk, **told).choices[0].message.content,
    }


def structured(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    form = {"name": "size", "strict": True, "schema": asked["schema"]}
    reply = complete(
        model=asked["model"],
        messages=messages(asked),
        response_format={"type": "json_schema", "json_schema": form},
    )
    return {"value": json.loads(reply.choices[0].message.content)}


def image(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = [
        {"type": "text", "text": asked["prompt"]},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{asked['png']}"}},
    ]
    reply = complete(model=asked["model"], messages=[{"role": "user", "content": parts}])
    return {"text": reply.choices[0].message.content}


def thinking(complete: Complete, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = complete(model=asked["model"], messages=messages(asked), reasoning_effort="medium")
    message = reply.choices[0].message
    # No field of OpenAI's: gateways add it, and clients pass on what they do not know.
    return {"thinking": message.reasoning_content, "text": message.content}


def failing(
    complete: Complete, error: type[Exception], asked: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Stream; ``error`` is the client's own for whatever goes wrong."""
    try:
        stream(complete, asked)
    except error as raised:
        return {"error": str(raised)}
    return {"error": None}
