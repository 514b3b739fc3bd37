"""
Ollama's own command line, as users type it.

Its first argument is the command's file.  A model is pulled, used, found among
those in use and stopped on the way.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reporting import plan, report

#: What moves the cursor, and nothing else: it draws while it waits.
DRAWING = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]|[\u2800-\u28ff]")


def call(*words: str) -> str:
    """Return what a command prints; raise ValueError with what it complains of if it fails."""
    done = subprocess.run(
        [sys.argv[1], *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "OLLAMA_HOST": plan()["url"]},
        check=False,
    )
    if done.returncode:
        raise ValueError(DRAWING.sub("", done.stderr).strip())
    return done.stdout


def run(asked: Mapping[str, Any], *words: str) -> str:
    """Return the answer to a prompt, without the line ends behind it."""
    return call("run", asked["model"], *words, asked["prompt"]).rstrip("\n")


def names(command: str) -> list[str]:
    """Return the first column of a table, without its heading."""
    return [line.split()[0] for line in call(command).splitlines()[1:]]


def list_(_asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"models": names("list")}


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    shown = call("show", asked["model"])
    sections = dict(re.findall(r"^  (\w.*)\n((?:    .+\n)*)", shown, re.MULTILINE))
    length = re.search(r"context length +(\d+)", sections["Model"])
    return {"capabilities": sections["Capabilities"].split(), "context": int(length[1])}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    model = asked["model"]
    call("pull", model)
    text = run(asked)
    if model not in names("ps"):
        raise ValueError(f"{model} is not in use after it was")
    call("stop", model)
    if model in names("ps"):
        raise ValueError(f"{model} is in use although it was stopped")
    return {"text": text}


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"value": json.loads(run(asked, "--format", json.dumps(asked["schema"])))}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The picture's file stands in the prompt."""
    picture = Path("dot.png")
    picture.write_bytes(base64.b64decode(asked["png"]))
    return {"text": run({**asked, "prompt": f"./{picture} {asked['prompt']}"})}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = re.fullmatch(r"Thinking\.\.\.\n(.*)\n\.\.\.done thinking\.\n\n(.*)", run(asked))
    return {"thinking": told[1], "text": told[2]}


def embeddings(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    texts = [{"model": asked["model"], "prompt": text} for text in asked["texts"]]
    return {"vectors": [json.loads(run(text)) for text in texts]}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        run(asked)
    except ValueError as error:
        return {"error": str(error)}
    return {"error": None}


if __name__ == "__main__":
    version = re.search(r"version is (\S+)", call("--version").splitlines()[-1])
    report(
        version[1],
        {
            "list": list_,
            "show": show,
            "chat": chat,
            "structured": structured,
            "image": image,
            "thinking": thinking,
            "embeddings": embeddings,
            "unknown": failing,
            "broken": failing,
        },
    )
