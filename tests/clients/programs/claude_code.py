"""Claude Code, which asks ``/v1/messages``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from agents import Run, version_of
from reporting import plan, report

URL = plan()["url"]


def ask(
    asked: Mapping[str, Any], prompt: str | None = None, words: Sequence[str] = (), run: Run | None = None
) -> Run:
    run = run or Run()
    run.start(
        "claude",
        [
            *("-p", prompt or asked["prompt"], "--model", asked["model"]),
            *("--output-format", "stream-json", "--verbose", "--include-partial-messages"),
            *words,
        ],
        {
            "ANTHROPIC_BASE_URL": URL,
            "ANTHROPIC_AUTH_TOKEN": "nobody",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
    )
    return run


def result(run: Run) -> Mapping[str, Any]:
    [ended] = [event for event in run.events if event["type"] == "result"]
    return ended


def deltas(run: Run, kind: str, name: str) -> list[str]:
    told = [event["event"] for event in run.events if event["type"] == "stream_event"]
    pieces = [event["delta"] for event in told if event["type"] == "content_block_delta"]
    return [piece[name] for piece in pieces if piece["type"] == kind and piece[name]]


def chat(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"text": result(ask(asked))["result"]}


def stream(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"pieces": deltas(ask(asked), "text_delta", "text")}


def tools(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = Run()
    ask(asked, run.prompt_for(asked), ["--allowed-tools", "Bash"], run)
    return {"calls": run.calls(), "text": result(run)["result"]}


def structured(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked, words=["--json-schema", json.dumps(asked["schema"])])
    return {"value": result(run)["structured_output"]}


def thinking(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    run = ask(asked)
    thoughts = deltas(run, "thinking_delta", "thinking")
    return {"thinking": "".join(thoughts), "text": result(run)["result"]}


def failing(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    ended = result(ask(asked))
    return {"error": ended["result"] if ended["is_error"] else None}


report(
    version_of("@anthropic-ai/claude-code"),
    {
        "chat": chat,
        "stream": stream,
        "tools": tools,
        "structured": structured,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
