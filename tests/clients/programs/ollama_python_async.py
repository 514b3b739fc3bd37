"""The official client for Python, with asyncio: everything at once, in one client."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any

import ollama
import openai_form
from reporting import plan, report

client = ollama.AsyncClient(host=plan()["url"])


def messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": asked["prompt"]}]


async def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": [model.model for model in (await client.list()).models]}


async def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = await client.show(asked["model"])
    return {
        "capabilities": shown.capabilities,
        "context": shown.modelinfo["openai.context_length"],
    }


async def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": (await client.chat(asked["model"], messages(asked))).message.content}


async def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    chunks = await client.chat(asked["model"], messages(asked), stream=True)
    return {"pieces": [text async for chunk in chunks if (text := chunk.message.content)]}


async def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    offered = openai_form.offered(asked["tools"])
    talk = messages(asked)
    reply = (await client.chat(asked["model"], talk, tools=offered)).message
    talk.append(reply.model_dump(exclude_none=True))
    calls = []
    for call in reply.tool_calls or ():
        name = call.function.name
        calls.append([name, call.function.arguments])
        talk.append({"role": "tool", "tool_name": name, "content": asked["tools"][name]})
    ended = await client.chat(asked["model"], talk, tools=offered)
    return {"calls": calls, "text": ended.message.content}


async def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = await client.chat(asked["model"], messages(asked), format=asked["schema"])
    return {"value": json.loads(reply.message.content)}


async def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = {"role": "user", "content": asked["prompt"], "images": [asked["png"]]}
    return {"text": (await client.chat(asked["model"], [message])).message.content}


async def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    message = (await client.chat(asked["model"], messages(asked), think=True)).message
    return {"thinking": message.thinking, "text": message.content}


async def fill(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = await client.generate(asked["model"], prompt=asked["prefix"], suffix=asked["suffix"])
    return {"text": reply.response}


async def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"vectors": (await client.embed(asked["model"], asked["texts"])).embeddings}


async def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        await stream(asked)
    except ollama.ResponseError as error:
        return {"error": error.error}
    return {"error": None}


ACTS: Mapping[str, Callable[[Mapping[str, Any]], Coroutine[Any, Any, Mapping[str, Any]]]] = {
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
}


async def all_at_once() -> Mapping[str, Mapping[str, Any] | BaseException]:
    scenarios = plan()["scenarios"]
    acts = [ACTS[name](asked) for name, asked in scenarios.items()]
    return dict(zip(scenarios, await asyncio.gather(*acts, return_exceptions=True), strict=True))


outcomes = asyncio.run(all_at_once())


def outcome(name: str, _asked: Mapping[str, Any]) -> Mapping[str, Any]:
    result = outcomes[name]
    if isinstance(result, BaseException):
        raise result
    return result


report(version("ollama"), {name: partial(outcome, name) for name in ACTS})
