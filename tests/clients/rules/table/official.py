"""Ollama's own program and libraries."""

from typing import Final

from tests.clients.rules.answers import (
    JSON,
    LINES,
    ascii_only,
    breaks_off,
    call_line,
    clean_lines,
    every_line,
    last_line,
    reaches_model,
    refuses,
    reply,
    says,
    thoughts_first,
)
from tests.clients.rules.heads import body, exact_type, status
from tests.clients.rules.row import Daemon, row, step
from tests.clients.rules.table.bodies import (
    HELLO,
    LARGE_PNG,
    TOOLS,
    TYPED,
    called,
    calling,
    chat,
    result,
)
from tests.clients.rules.values import (
    absent,
    array,
    boolean,
    date,
    equals,
    integer,
    mapping,
    matching,
    no_null,
    same,
    text,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING

_GO: Final = {
    "User-Agent": "ollama/0.32.15 (amd64 linux) Go/go1.26.0",
    "Accept": "application/x-ndjson",
    "Content-Type": "application/json",
}
_PYTHON: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "ollama-python/0.6.3 (x86_64 linux) Python/3.11",
    "Authorization": "Bearer any-key",
}
_JS: Final = {**TYPED, "Accept": "application/json", "User-Agent": "ollama-js/0.6.4"}
_HEX: Final = ("[0-9a-f]{64}", "is 64 hexadecimal digits")
_COUNTS: Final = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)
#: Go writes all of a request's fields, whatever is in them.
_GO_EMPTY: Final = {"suffix": "", "system": "", "template": "", "options": None, "format": ""}

OFFICIAL: Final = (
    row(
        "ollama (the program)",
        "looks by HEAD whether there is a server, and lists the models with their digests",
        step(Call("HEAD /", headers=_GO), status(200)),
        step(
            Call("GET /api/tags", headers=_GO),
            *JSON,
            reply(matching("models/*/digest", *_HEX), date("models/*/modified_at"), no_null()),
        ),
        step(Call("GET /api/ps", headers=_GO), *JSON, reply(array("models"))),
    ),
    row(
        "ollama (the program)",
        "runs a model: asks what it can do, loads it with no messages, and chats",
        step(Call("HEAD /", headers=_GO), status(200)),
        step(
            Call("POST /api/show", {"model": "", "name": "chat-model", "system": ""}, _GO),
            *(*JSON, reply(array("capabilities"), mapping("details"))),
        ),
        step(
            Call(
                "POST /api/generate",
                {"model": "chat-model", "prompt": "", "keep_alive": None, **_GO_EMPTY},
                _GO,
            ),
            *(*JSON, reply(equals("done", True), equals("done_reason", "load"))),
        ),
        step(
            Call(
                "POST /api/chat",
                chat("chat-model", stream=None, options={}, think=None, format=""),
                _GO,
            ),
            *(*LINES, every_line(mapping("message")), says(GREETING)),
        ),
        step(
            Call("POST /api/generate", {"model": "chat-model", "prompt": "", "keep_alive": 0}, _GO),
            *(*JSON, reply(equals("done_reason", "unload"))),
        ),
    ),
    row(
        "ollama (the program)",
        "pulls what the server does not have, by a 404, and is told when it cannot",
        step(Call("POST /api/show", {"model": "no-such-model"}, _GO), *refuses(404, "not found")),
        step(
            Call("POST /api/pull", {"model": "chat-model", "name": ""}, _GO),
            *(status(200), exact_type("application/x-ndjson"), clean_lines()),
            last_line(equals("status", "success")),
        ),
        step(Call("POST /api/me", {}, _GO), status(404, 501)),
        step(Call("GET /api/status", headers=_GO), status(200, 404)),
    ),
    row(
        "ollama (the program)",
        "says in a word how hard to think",
        *(
            step(
                Call("POST /api/chat", chat("thinking-model", think=word, options={}), _GO),
                *(*LINES, thoughts_first(), says("Answer: 4.")),
            )
            for word in ("low", "medium", "high", "max", True)
        ),
    ),
    row(
        "ollama (the program)",
        "deletes with a body, and copies: both are refused with a text, and not by a dead end",
        step(
            Call("DELETE /api/delete", {"model": "chat-model", "name": ""}, _GO),
            *(status(400, 403, 501), reply(text("error"))),
        ),
        step(
            Call("POST /api/copy", {"source": "chat-model", "destination": "mine"}, _GO),
            *(status(400, 403, 501), reply(text("error"))),
        ),
    ),
    row(
        "ollama (Python)",
        "lists the models: a date that it cannot parse, or a size that is no number, ends it",
        step(
            Call("GET /api/tags", headers=_PYTHON),
            *(*JSON, reply(date("models/*/modified_at"), integer("models/*/size", 0), no_null())),
        ),
        step(
            Call("POST /api/show", {"model": "known-model"}, _PYTHON),
            *JSON,
            reply(
                *(mapping("model_info"), text("license"), text("parameters"), text("template")),
                no_null(),
            ),
        ),
    ),
    row(
        "ollama (Python)",
        "sends a list of tools with none in it, and parts lines where Unicode does",
        step(
            Call("POST /api/chat", chat("chat-model", tools=[]), _PYTHON),
            *(*LINES, ascii_only(), every_line(equals("message/role", "assistant"), no_null())),
            last_line(*map(integer, _COUNTS)),
            says(GREETING),
        ),
        step(
            Call("POST /api/chat", chat("fake/echo", tools=[]), _PYTHON),
            *(*LINES, reaches_model(absent("tools"), no_null())),
        ),
    ),
    row(
        "ollama (Python)",
        "sends a picture of eight megabytes",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "vision-model",
                    [{"role": "user", "content": "What is it?", "images": [LARGE_PNG]}],
                ),
                _PYTHON,
            ),
            *(*LINES, says("What is it? A image/png.")),
        ),
    ),
    row(
        "ollama (Python)",
        "names its results after the tools, and leaves ids and an empty content out",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS), _PYTHON),
            *(*LINES, call_line(mapping("message/tool_calls/*/function/arguments"))),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        *HELLO,
                        calling(called("weather"), called("clock")),
                        result("noon in Paris", tool_name="clock"),
                        result("rain in Paris", tool_name="weather"),
                    ],
                    tools=TOOLS,
                ),
                _PYTHON,
            ),
            *(*LINES, says("The tools said: noon in Paris, rain in Paris.")),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "fake/echo",
                    [
                        *HELLO,
                        calling(called("weather"), called("clock")),
                        result("noon in Paris", tool_name="clock"),
                        result("rain in Paris", tool_name="weather"),
                        *HELLO,
                    ],
                    tools=TOOLS,
                ),
                _PYTHON,
            ),
            *LINES,
            reaches_model(
                words("messages/1/tool_calls/*/id"),
                same("messages/1/tool_calls/1/id", "messages/2/tool_call_id"),
                same("messages/1/tool_calls/0/id", "messages/3/tool_call_id"),
            ),
        ),
    ),
    row(
        "ollama (Python)",
        "in the network shows a key; without one it is refused with a text",
        step(
            Call("GET /api/tags", headers={"Authorization": "Bearer sk-made-up-for-the-client"}),
            *(*JSON, reply(words("models/*/name"))),
        ),
        step(Call("GET /api/tags"), status(401), reply(text("error"))),
        step(Call("GET /"), *(status(200), body("Ollama is running"))),
        step(Call("GET /api/version"), *JSON),
        daemon=Daemon.KEYS,
    ),
    row(
        "ollama (JavaScript)",
        "takes any key ``error`` for one, and a stream without a last line for broken",
        step(
            Call("POST /api/chat", chat("chat-model"), _JS),
            *LINES,
            every_line(text("message/content"), boolean("done"), absent("error")),
            last_line(equals("message/content", "")),
        ),
        step(Call("POST /api/chat", chat("no-such-model"), _JS), *refuses(404, "not found")),
    ),
    row(
        "ollama (JavaScript), ollama (Python)",
        "is told when an answer breaks off by a line of its own",
        step(
            Call("POST /api/chat", chat("breaking-model"), _JS),
            *(status(200), exact_type("application/x-ndjson"), clean_lines()),
            breaks_off("CUDA out of memory"),
        ),
    ),
    row(
        "ollama (JavaScript)",
        "thinks that a refused key is its user's own: the daemon's must not pass for that",
        step(
            Call("POST /api/chat", chat("chat-model"), _JS),
            *(status(500, 502, 503), reply(text("error"))),
        ),
        daemon=Daemon.WRONG_KEY,
    ),
)
