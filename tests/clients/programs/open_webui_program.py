"""
Open WebUI: a server that is started here, and asked as its own page in a browser asks it.

It is installed without what only serves models that run inside it.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import openai_form
from reporting import plan, report

PROGRAM = Path(sys.executable).with_name("open-webui")

with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]

os.environ |= {
    "OLLAMA_BASE_URL": plan()["url"],
    "DATA_DIR": str(Path("data").absolute()),
    "ENABLE_OPENAI_API": "False",
    "OFFLINE_MODE": "True",
    # Otherwise it loads a model of its own for embeddings.
    "RAG_EMBEDDING_ENGINE": "ollama",
    "WEBUI_AUTH": "False",
    "WEBUI_SECRET_KEY": "made-up",
}
client = httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=120, trust_env=False)


def wait_until_ready(server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        try:
            if client.get("/health").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server has ended")


def ask(method: str, path: str, body: Any = None) -> Any:
    reply = client.request(method, path, json=body)
    if reply.is_error:
        raise RuntimeError(reply.text)
    return reply.json()


def question(asked: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    content = settings.pop("content", asked["prompt"])
    return {
        "model": asked["model"],
        "messages": [{"role": "user", "content": content}],
        **settings,
    }


def message(asked: Mapping[str, Any], **settings: Any) -> Mapping[str, Any]:
    reply = ask("POST", "/api/chat/completions", question(asked, stream=False, **settings))
    return reply["choices"][0]["message"]


def events(asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    body = question(asked, stream=True)
    with client.stream("POST", "/api/chat/completions", json=body) as reply:
        if reply.is_error:
            raise RuntimeError(reply.read().decode())
        for line in reply.iter_lines():
            if line.startswith("data: {"):
                yield json.loads(line.removeprefix("data: "))


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": [model["id"] for model in ask("GET", "/api/models")["data"]]}


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"capabilities": ask("POST", "/ollama/api/show", asked)["capabilities"]}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": message(asked)["content"]}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = [event["choices"][0]["delta"].get("content") for event in events(asked)]
    return {"pieces": [text for text in told if text]}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = {"model": asked["model"], "tools": openai_form.offered(asked["tools"]), "stream": False}
    talk: list[Any] = openai_form.messages(asked)
    calls = []
    reply = ask("POST", "/api/chat/completions", {**told, "messages": talk})
    said = reply["choices"][0]["message"]
    talk.append(said)
    for call in said.get("tool_calls", ()):
        name = call["function"]["name"]
        calls.append([name, json.loads(call["function"]["arguments"])])
        result = {"role": "tool", "tool_call_id": call["id"], "content": asked["tools"][name]}
        talk.append(result)
    ended = ask("POST", "/api/chat/completions", {**told, "messages": talk})
    return {"calls": calls, "text": ended["choices"][0]["message"]["content"]}


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    form = {"name": "size", "schema": asked["schema"]}
    told = message(asked, response_format={"type": "json_schema", "json_schema": form})
    return {"value": json.loads(told["content"])}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    picture = {"url": f"data:image/png;base64,{asked['png']}"}
    parts = [
        {"type": "text", "text": asked["prompt"]},
        {"type": "image_url", "image_url": picture},
    ]
    return {"text": message(asked, content=parts)["content"]}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = message(asked)
    return {"thinking": told["reasoning_content"], "text": told["content"]}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    body = {"model": asked["model"], "input": asked["texts"]}
    return {"vectors": ask("POST", "/ollama/api/embed", body)["embeddings"]}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        told = [event["error"] for event in events(asked) if "error" in event]
    except RuntimeError as error:
        return {"error": str(error)}
    return {"error": json.dumps(told) if told else None}


with subprocess.Popen(
    [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(PORT)],
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
) as running:
    try:
        wait_until_ready(running)
        token = ask("POST", "/api/v1/auths/signin", {"email": "", "password": ""})["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        report(
            version("open-webui"),
            {
                "list": list_,
                "show": show,
                "chat": chat,
                "stream": stream,
                "tools": tools,
                "structured": structured,
                "image": image,
                "thinking": thinking,
                "embeddings": embeddings,
                "unknown": failing,
                "broken": failing,
            },
        )
    finally:
        running.terminate()
