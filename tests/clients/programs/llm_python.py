"""Simon Willison's ``llm`` with the plugin ``llm-ollama``: its command line, and its package."""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reporting import plan, report

os.environ["OLLAMA_HOST"] = plan()["url"]
# Where it keeps its log and what it knows of the models.
os.environ["LLM_USER_PATH"] = str(Path("llm").absolute())

import llm

PROGRAM = Path(sys.executable).with_name("llm")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False)


def said(*words: str) -> str:
    ended = run(*words)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return ended.stdout


def model_of(asked: Mapping[str, Any]) -> llm.Model:
    return llm.get_model(f"ollama/{asked['model']}")


def table() -> dict[str, list[str]]:
    """Return what ``llm ollama models`` prints: the models' names, and what they can do."""
    rows = [line.split(maxsplit=2) for line in said("ollama", "models").splitlines()]
    # The first line is the heading.
    return {name: capabilities.strip().split(", ") for name, _, capabilities in rows[1:]}


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": list(table())}


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"capabilities": table()[asked["model"]]}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # The program ends what it prints with a line's end.
    told = said("prompt", "--no-stream", "-m", f"ollama/{asked['model']}", asked["prompt"])
    return {"text": told.removesuffix("\n")}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"pieces": list(model_of(asked).prompt(asked["prompt"]))}


def tool(name: str, result: str) -> llm.Tool:
    def call(city: str) -> str:
        return result

    return llm.Tool.function(call, name=name, description=f"Tells of the {name}.")


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    calls = []

    def before(_tool: llm.Tool | None, call: llm.ToolCall) -> None:
        calls.append([call.name, call.arguments])

    offered = [tool(name, result) for name, result in asked["tools"].items()]
    chain = model_of(asked).chain(asked["prompt"], tools=offered, before_call=before)
    return {"text": chain.text(), "calls": calls}


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    schema = json.dumps(asked["schema"])
    model = f"ollama/{asked['model']}"
    return {"value": json.loads(said("prompt", "-m", model, "--schema", schema, asked["prompt"]))}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    Path("picture.png").write_bytes(b64decode(asked["png"]))
    model = f"ollama/{asked['model']}"
    told = said("prompt", "-m", model, "-a", "picture.png", asked["prompt"])
    return {"text": told.removesuffix("\n")}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    response = model_of(asked).prompt(asked["prompt"], think=True)
    events = list(response.stream_events())
    thoughts = [event.chunk for event in events if event.type == "reasoning"]
    return {"thinking": "".join(thoughts), "text": response.text()}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    model = llm.get_embedding_model(f"ollama/{asked['model']}")
    return {"vectors": list(model.embed_multi(asked["texts"]))}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    ended = run("prompt", "-m", f"ollama/{asked['model']}", asked["prompt"])
    return {"error": ended.stderr if ended.returncode else None}


report(
    version("llm-ollama"),
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
