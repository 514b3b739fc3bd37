"""Agents for the command line, most of which speak OpenAI's or Anthropic's protocols."""

from typing import Final

from tests.clients.rules.answers import (
    EVENTS,
    JSON,
    event_types,
    every_event,
    first_call_event,
    last_event,
    reaches_model,
    reply,
)
from tests.clients.rules.heads import media_type, status
from tests.clients.rules.row import row, step
from tests.clients.rules.table.bodies import HELLO, TOOLS, TYPED, chat
from tests.clients.rules.values import (
    absent,
    array,
    equals,
    integer,
    listed,
    mapping,
    text,
    version_at_least,
    words,
)
from tests.clients.rules.wire import Call, Chunked

_CLAUDE: Final = {
    **TYPED,
    "Authorization": "Bearer any-token",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,made-up-2026-11-01",
    "x-app": "cli",
}
_QUESTION: Final = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "Hello?"}],
}
_CODEX: Final = {
    "model": "coder",
    "instructions": "You are a coding agent." * 1000,
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [{"type": "input_text", "text": "Ask before you write."}],
        },
        _QUESTION,
    ],
    "tools": [
        {
            "type": "function",
            "name": "shell",
            "description": "Runs a command.",
            "strict": False,
            "parameters": {"type": "object", "properties": {"command": {"type": "string"}}},
        },
        {"type": "namespace", "name": "mcp", "description": "More.", "tools": []},
        {"type": "web_search", "external_web_access": False},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0192-made-up",
    "client_metadata": {"x": "y"},
}
_RESPONSE: Final = (
    *("response.created", "response.output_item.added", "response.output_text.done"),
    *("response.output_item.done", "response.completed"),
)
_MESSAGE: Final = (
    *("message_start", "content_block_start", "content_block_stop"),
    *("message_delta", "message_stop"),
)
_STREAM: Final = (status(200), media_type("text/event-stream"))

AGENTS: Final = (
    row(
        "Codex",
        "looks for its model under the very name that it was given",
        step(Call("GET /v1/models"), *JSON, reply(listed("data/*/id", "coder"))),
        step(Call("GET /api/version"), *JSON, reply(version_at_least("version", "0.13.4"))),
        step(Call("GET /api/tags"), *JSON, reply(listed("models/*/name", "coder"))),
    ),
    row(
        "Codex, GitHub Copilot CLI",
        "asks in OpenAI's newer protocol, with a developer's messages and tools of its own kinds",
        step(
            Call("POST /v1/responses", _CODEX, {**TYPED, "Accept": "text/event-stream"}),
            *(*_STREAM, event_types(*_RESPONSE)),
            last_event(integer("response/usage/input_tokens"), words("response/id")),
        ),
    ),
    row(
        "Claude Code",
        "looks by HEAD for a server, and asks in Anthropic's protocol, of 80 KB and more",
        step(Call("HEAD /", headers={"Authorization": "Bearer any-token"}), status(200)),
        step(
            Call(
                "POST /v1/messages?beta=true",
                Chunked(
                    {
                        "model": "chat-model",
                        "max_tokens": 32000,
                        "stream": True,
                        "system": [
                            {
                                "type": "text",
                                "text": "You are an agent. " * 4500,
                                "cache_control": {"type": "ephemeral"},
                            }
                        ],
                        "messages": [
                            {"role": "user", "content": [{"type": "text", "text": "Hello?"}]},
                            {"role": "system", "content": "Answer briefly."},
                        ],
                        "tools": [
                            {
                                "name": "Bash",
                                "description": "Runs a command.",
                                "input_schema": {"type": "object", "properties": {}},
                            }
                        ],
                        "thinking": {"type": "adaptive"},
                        "output_config": {"effort": "medium"},
                        "context_management": {"edits": []},
                        "metadata": {"user_id": "user_made_up"},
                    }
                ),
                _CLAUDE,
            ),
            *(*_STREAM, event_types(*_MESSAGE)),
        ),
    ),
    row(
        "Claude Code",
        "counts tokens, and tells of itself: any answer will do, if it comes at once",
        step(
            Call(
                "POST /v1/messages/count_tokens?beta=true",
                {"model": "chat-model", "messages": HELLO},
                _CLAUDE,
            ),
            status(200, 404),
        ),
        step(Call("POST /api/event_logging/batch", {"events": []}, _CLAUDE), status(404)),
    ),
    row(
        "opencode",
        "asks for a title at the same time, and chats as an OpenAI client without a key",
        step(
            Call(
                "POST /v1/chat/completions",
                chat(
                    "chat-model",
                    [
                        {"role": "system", "content": "You are an agent."},
                        {"role": "system", "content": "Answer briefly."},
                        *HELLO,
                    ],
                    max_tokens=32000,
                    stream_options={"include_usage": True},
                    reasoning_effort="medium",
                    tools=TOOLS,
                ),
                {**TYPED, "x-session-id": "ses_made_up"},
            ),
            *EVENTS,
            every_event(array("choices")),
            last_event(integer("usage/total_tokens")),
            at_once=2,
            times=2,
        ),
    ),
    row(
        "opencode, Goose",
        "puts calls together by their ``index``",
        step(
            Call(
                "POST /v1/chat/completions",
                chat("tool-model", tools=TOOLS, stream_options={"include_usage": True}),
                TYPED,
            ),
            *EVENTS,
            first_call_event(integer("choices/0/delta/tool_calls/*/index")),
            last_event(integer("usage/total_tokens")),
        ),
    ),
    row(
        "Goose",
        "puts Ollama's options into what is OpenAI's, where the model must not see them",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
        step(
            Call(
                "POST /v1/chat/completions",
                chat(
                    "fake/echo",
                    options={"num_ctx": 32768},
                    stream_options={"include_usage": True},
                    tools=TOOLS,
                ),
                TYPED,
            ),
            *EVENTS,
            reaches_model(
                absent("options"),
                equals("stream_options/include_usage", True),
                equals("tools/1/function/name", "clock"),
            ),
        ),
    ),
    row(
        "Continue (cn)",
        "shows a key that was not set, and asks models of some names in the newer protocol",
        step(
            Call(
                "POST /v1/chat/completions",
                chat("chat-model"),
                {**TYPED, "Authorization": "Bearer"},
            ),
            *(*EVENTS, every_event(array("choices"))),
        ),
        step(
            Call(
                "POST /v1/responses",
                {"model": "coder", "input": [_QUESTION], "stream": True},
                {**TYPED, "Authorization": "Bearer"},
            ),
            *(*_STREAM, event_types(*_RESPONSE)),
        ),
    ),
    row(
        "Claude Code",
        "gets a whole message where it asks for no stream",
        step(
            Call(
                "POST /v1/messages",
                {"model": "mock-text", "max_tokens": 100, "messages": HELLO},
                _CLAUDE,
            ),
            *JSON,
            reply(text("content/0/text"), mapping("usage"), equals("role", "assistant")),
        ),
    ),
)
