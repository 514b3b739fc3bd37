"""Claude Code, which asks ``/v1/messages``."""

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
    told: str = "",
) -> Run:
    run = run or Run()
    question = [] if told else [prompt or asked["prompt"]]
    run.start(
        "claude",
        [
            *("-p", *question, "--model", asked["model"]),
            *("--output-format", "stream-json", "--verbose", "--include-partial-messages"),
            *words,
        ],
        {
            "ANTHROPIC_BASE_URL": URL,
            "ANTHROPIC_AUTH_TOKEN": "nobody",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "CLAUDE_CODE_MAX_RETRIES": "1",
        },
        told,
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


def image(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": asked["png"]},
    }
    content = [picture, {"type": "text", "text": asked["prompt"]}]
    told = {"type": "user", "message": {"role": "user", "content": content}}
    run = ask(asked, words=["--input-format", "stream-json"], told=json.dumps(told) + "\n")
    return {"text": result(run)["result"]}


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
        "image": image,
        "thinking": thinking,
        "unknown": failing,
        "broken": failing,
    },
)
