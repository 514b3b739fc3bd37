"""opencode, which asks ``/v1/chat/completions`` and takes the models' names from its settings."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agents import Run, version_of
from reporting import plan, report

URL = plan()["url"]


def ask(
    asked: Mapping[str, Any],
    prompt: str | None = None,
    words: Sequence[str] = (),
    run: Run | None = None,
) -> Run:
    run = run or Run()
    model = {"modalities": {"input": ["text", "image"], "output": ["text"]}, "attachment": True}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"{URL}/v1"},
        "models": {asked["model"]: model},
    }
    settings = {"provider": {"ollama": provider}, "permission": {"bash": "allow"}}
    run.start(
        "opencode",
        [
            *("run", "--format", "json", "-m", f"ollama/{asked['model']}"),
            # It puts quotation marks around a word with blanks.
            *(*(prompt or asked["prompt"]).split(), *words),
        ],
        {
            "OPENCODE_CONFIG": run.file("opencode.json", json.dumps(settings)),
            # What it would have from the internet.
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
        },
    )
    return run


def parts(run: Run, kind: str) -> list[str]:
    return [event["part"]["text"] for event in run.events if event["type"] == kind]


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    [text] = parts(ask(asked), "text")
    return {"text": text}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    ask(asked, run.prompt_for(asked), run=run)
    return {"calls": run.calls(), "text": parts(run, "text")[-1]}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    [text] = parts(ask(asked, words=["-f", run.picture(asked["png"])], run=run), "text")
    return {"text": text}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked, words=["--thinking"])
    return {"thinking": "".join(parts(run, "reasoning")), "text": "".join(parts(run, "text"))}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked)
    errors = [json.dumps(event["error"]) for event in run.events if event["type"] == "error"]
    return {"error": errors[-1] if errors else None}


report(
    version_of("opencode-ai"),
    {
        "chat": chat,
        "tools": tools,
        "image": image,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
