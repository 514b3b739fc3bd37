"""
The program aider: what its command line prints, without colours.

It tries what fails nine times in one and a half minutes, so it is ended at the
second trial.
"""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reporting import plan, report

PROGRAM = Path(sys.executable).with_name("aider")
QUIET = (
    *("--yes", "--no-git", "--no-pretty", "--no-fancy-input", "--no-check-update"),
    *("--no-show-release-notes", "--no-show-model-warnings", "--analytics-disable"),
)

os.environ["OLLAMA_API_BASE"] = plan()["url"]
# Otherwise it fetches a list of models' prices from the internet.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from aider.coders import Coder  # noqa: E402 - LiteLLM looks at it while it is imported
from aider.io import InputOutput  # noqa: E402
from aider.models import Model  # noqa: E402


def printed(asked: Mapping[str, Any], message: str, *files: str) -> list[str]:
    """Return the lines that aider prints; all of them, or those before it tries again."""
    words = ("--model", f"ollama_chat/{asked['model']}", "--message", message)
    with subprocess.Popen(
        [PROGRAM, *QUIET, *words, *files],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        lines = list(until_tried_again(running))
        running.terminate()
    return lines


def until_tried_again(running: subprocess.Popen[str]) -> Iterator[str]:
    for line in running.stdout or ():
        if line.startswith("Retrying in"):
            return
        yield line.rstrip("\n")


def answer(lines: list[str]) -> list[str]:
    """Return the lines between the head and the count of tokens, without empty ones."""
    first = lines.index("Repo-map: disabled") + 1
    last = next(place for place, line in enumerate(lines) if line.startswith("Tokens: "))
    return [line for line in lines[first:last] if line]


def show(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    size = next(line for line in printed(asked, "/tokens") if "max context window" in line)
    return {"context": int(size.split()[0].replace(",", ""))}


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": "\n".join(answer(printed(asked, asked["prompt"])))}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # Nothing in what it prints parts one piece from the next, but its package tells.
    model = Model(f"ollama_chat/{asked['model']}")
    terminal = InputOutput(pretty=False, yes=True, fancy_input=False)
    coder = Coder.create(main_model=model, io=terminal, use_git=False)
    return {"pieces": [text for text in coder.run_stream(asked["prompt"]) if text]}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    # It sends pictures to those models only that it knows to see, or that this file says to.
    known = {f"ollama_chat/{asked['model']}": {"supports_vision": True}}
    Path(".aider.model.metadata.json").write_text(json.dumps(known), "utf-8")
    Path("picture.png").write_bytes(b64decode(asked["png"]))
    return {"text": answer(printed(asked, asked["prompt"], "picture.png"))[-1]}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    told = "\n".join(answer(printed(asked, asked["prompt"])))
    thoughts, _, text = told.partition("► **ANSWER**")
    thoughts = thoughts.partition("► **THINKING**")[2]
    return {"thinking": thoughts.strip("-\n"), "text": text.strip("\n")}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    lines = printed(asked, asked["prompt"])
    errors = [place for place, line in enumerate(lines) if "litellm." in line]
    return {"error": " ".join(lines[errors[0] :]) if errors else None}


report(
    version("aider-chat"),
    {
        "show": show,
        "chat": chat,
        "stream": stream,
        "image": image,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
