"""Servers and services that talk to models for their own users."""

from typing import Final

from tests.clients.rules.answers import JSON, LINES, every_line, last_line, refuses, reply, says
from tests.clients.rules.heads import body, status
from tests.clients.rules.row import row, step
from tests.clients.rules.table.bodies import (
    CALLED,
    HELLO,
    RESULTS,
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
    containing,
    date,
    equals,
    integer,
    listed,
    matching,
    no_null,
    one_of,
    text,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING, PNG, SCHEMA

_WEBUI: Final = {**TYPED, "Authorization": "Bearer ", "User-Agent": "Python/3.11 aiohttp/3.13"}
_HOME: Final = {**TYPED, "Accept": "application/json", "User-Agent": "ollama-python/0.6.3"}
_DIFY: Final = {**TYPED, "User-Agent": "python-requests/2.32.5", "Accept": "*/*"}
_COUNTS: Final = tuple(
    integer(name, 0)
    for name in (
        *("total_duration", "load_duration", "prompt_eval_count"),
        *("prompt_eval_duration", "eval_count", "eval_duration"),
    )
)

SERVERS: Final = (
    row(
        "Open WebUI",
        "verifies a connection by its version, takes a ``v`` and a suffix away, and needs numbers",
        step(
            Call("GET /api/version", headers=_WEBUI),
            *JSON,
            reply(matching("version", r"v?\d+(\.\d+)*(-.*)?", "is numbers with dots between")),
        ),
        step(Call("GET /api/tags", headers=_WEBUI), *JSON, reply(words("models/*/model"))),
    ),
    row(
        "Open WebUI",
        "chats, and adds up what the last line counts",
        step(
            Call("POST /api/chat", chat("chat-model", format="", options={}), _WEBUI),
            *(*LINES, last_line(*_COUNTS, one_of("done_reason", "stop", "length"), no_null())),
            last_line(equals("prompt_eval_count", 11), equals("eval_count", 7)),
            says(GREETING),
        ),
        step(
            Call("GET /api/ps", headers=_WEBUI),
            *(*JSON, reply(listed("models/*/model", "chat-model"), date("models/*/expires_at"))),
        ),
    ),
    row(
        "Open WebUI",
        "tells calls apart by their ``index``; sends them back with null for an id that is not set",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS, stream=False), _WEBUI),
            *JSON,
            reply(
                equals("message/tool_calls/0/function/index", 0),
                equals("message/tool_calls/1/function/index", 1),
            ),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        *HELLO,
                        calling(
                            called("weather", index=0, id=None),
                            called("clock", index=1, id=None),
                            content="",
                        ),
                        *RESULTS,
                    ],
                    tools=TOOLS,
                ),
                _WEBUI,
            ),
            *(*LINES, says(CALLED)),
        ),
    ),
    row(
        "Open WebUI",
        "puts a picture as a data URL into the list, and unloads a model by an empty prompt",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "vision-model",
                    [
                        {
                            "role": "user",
                            "content": "What is it?",
                            "images": [f"data:image/png;base64,{PNG}"],
                        }
                    ],
                ),
                _WEBUI,
            ),
            *(*LINES, says("What is it? A image/png.")),
        ),
        step(
            Call(
                "POST /api/generate",
                {"model": "chat-model", "prompt": "", "keep_alive": 0, "stream": False},
                _WEBUI,
            ),
            *(*JSON, reply(equals("done", True), equals("done_reason", "unload"))),
        ),
    ),
    row(
        "Open WebUI",
        "is told when the model is asked too much, by the status that says so",
        step(
            Call("POST /api/chat", chat("fake/rate-limited"), _WEBUI),
            *refuses(429, "Rate limit reached"),
        ),
    ),
    row(
        "Home Assistant",
        "lists the models, for which it waits five seconds",
        step(Call("GET /api/tags", headers=_HOME), *JSON, reply(words("models/*/model"))),
    ),
    row(
        "Home Assistant",
        "trims a long talk, so that a result is left without its call",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "chat-model",
                    [
                        {"role": "system", "content": "You are a home."},
                        result("rain in Paris"),
                        {"role": "assistant", "content": "It rains."},
                        *HELLO,
                    ],
                    tools=TOOLS,
                    keep_alive="-1s",
                    options={"num_ctx": 8192},
                ),
                _HOME,
            ),
            *LINES,
            every_line(equals("message/role", "assistant"), no_null()),
            says(GREETING),
        ),
    ),
    row(
        "Home Assistant",
        "has a form filled in one reply, and keeps the model for ever",
        step(
            Call(
                "POST /api/chat",
                chat("form-model", tools=[], format=SCHEMA, keep_alive=-1, stream=False),
                _HOME,
            ),
            *(*JSON, reply(equals("message/content", '{"length": 4, "width": 4}'), *_COUNTS)),
        ),
        step(Call("POST /api/pull", {"model": "chat-model"}, _HOME), status(200)),
    ),
    row(
        "Dify",
        "tries a model out with five tokens and no stream",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "chat-model",
                    [{"role": "user", "content": "ping"}],
                    stream=False,
                    options={"num_predict": 5},
                ),
                _DIFY,
            ),
            *(*JSON, reply(text("model"), equals("done", True), text("message/content"))),
        ),
    ),
    row(
        "Dify",
        "streams: each line has a text, and an error comes as a status",
        step(
            Call("POST /api/chat", chat("chat-model", format="", options={"stop": []}), _DIFY),
            *LINES,
            every_line(text("model"), boolean("done"), text("message/content"), absent("error")),
        ),
        step(Call("POST /api/chat", chat("no-such-model"), _DIFY), *refuses(404, "not found")),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": ["one"]}, _DIFY),
            *(*JSON, reply(array("embeddings/0"))),
        ),
    ),
    row(
        "ComfyUI-Ollama",
        "keeps the ``context`` of a reply, and sends it with the next prompt",
        step(
            Call(
                "POST /api/generate",
                {
                    "model": "chat-model",
                    "prompt": "Hello?",
                    "system": "",
                    "context": None,
                    "stream": False,
                    "options": {"seed": 7, "top_k": 40},
                    "keep_alive": "5m",
                },
                _HOME,
            ),
            *(*JSON, reply(array("context"), text("response"))),
        ),
        step(
            Call(
                "POST /api/generate",
                {"model": "chat-model", "prompt": "And?", "context": [1, 2], "stream": True},
                _HOME,
            ),
            *(*LINES, last_line(array("context"), containing("model", "chat-model"))),
        ),
    ),
    row(
        "n8n",
        "tests its credentials with the root, and lists the models",
        step(Call("GET /"), status(200), body("Ollama is running")),
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
    ),
)
