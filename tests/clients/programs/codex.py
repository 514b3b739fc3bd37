"""Codex, which asks Ollama's own routes for its models and ``/v1/responses`` for answers."""

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
    run.start(
        "codex",
        [
            *("exec", "--json", "--skip-git-repo-check", "--oss", "--local-provider", "ollama"),
            *("-m", asked["model"], *words, prompt or asked["prompt"]),
        ],
        {"CODEX_OSS_BASE_URL": f"{URL}/v1"},
    )
    return run


def items(run: Run, kind: str) -> list[str]:
    told = [event["item"] for event in run.events if event["type"] == "item.completed"]
    return [item["text"] for item in told if item["type"] == kind]


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    [text] = items(ask(asked), "agent_message")
    return {"text": text}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    # Its sandbox needs a kernel that allows it; what runs here is ours.
    free = "--dangerously-bypass-approvals-and-sandbox"
    ask(asked, run.prompt_for(asked), [free], run)
    return {"calls": run.calls(), "text": items(run, "agent_message")[-1]}


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    schema = run.file("schema.json", json.dumps(asked["schema"]))
    [text] = items(ask(asked, words=["--output-schema", schema], run=run), "agent_message")
    return {"value": json.loads(text)}


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    [text] = items(
        ask(asked, words=["-i", run.picture(asked["png"]), "--"], run=run), "agent_message"
    )
    return {"text": text}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked)
    return {
        "thinking": "".join(items(run, "reasoning")),
        "text": "".join(items(run, "agent_message")),
    }


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked)
    errors = [event["message"] for event in run.events if event["type"] == "error"]
    if errors:
        return {"error": errors[-1]}
    return {"error": run.printed + run.complained if run.status else None}


report(
    version_of("@openai/codex"),
    {
        "chat": chat,
        "tools": tools,
        "structured": structured,
        "image": image,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
