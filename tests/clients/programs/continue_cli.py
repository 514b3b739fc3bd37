"""Continue's command-line agent ``cn``, which asks ``/v1/chat/completions``."""

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
    model = {
        "name": asked["model"],
        "provider": "ollama",
        "model": asked["model"],
        "apiBase": URL,
    }
    settings = {"name": "settings", "version": "1.0.0", "schema": "v1", "models": [model]}
    # What is JSON is YAML, too.
    path = run.file("config.yaml", json.dumps(settings))
    run.start("cn", ["-p", prompt or asked["prompt"], "--config", path, *words], {})
    return run


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": ask(asked).printed.strip()}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    ask(asked, run.prompt_for(asked), ["--allow", "Bash"], run)
    return {"calls": run.calls(), "text": run.printed.strip().splitlines()[-1]}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked)
    return {"error": run.printed + run.complained if run.status else None}


report(
    version_of("@continuedev/cli"),
    {
        "chat": chat,
        "tools": tools,
        "unknown": failing,
        "broken": failing,
    },
)
