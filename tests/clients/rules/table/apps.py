"""Programs to chat with, on desks and phones."""

from typing import Final

from tests.clients.rules.answers import (
    JSON,
    LINES,
    every_line,
    last_line,
    reply,
    says,
    whole_writes,
)
from tests.clients.rules.heads import status
from tests.clients.rules.row import EVERY, row, step
from tests.clients.rules.table.bodies import (
    TYPED,
    chat,
)
from tests.clients.rules.values import (
    array,
    date,
    equals,
    holding,
    integer,
    listed,
    mapping,
    no_null,
    positive,
    text,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING

_DART: Final = {"Content-Type": "application/json", "User-Agent": "Dart/3.9 (dart:io)"}
_OKIT: Final = {**TYPED, "Authorization": "Bearer ", "Accept": "application/json"}

APPS: Final = (
    row(
        "AnythingLLM",
        "asks of all models at once; if one fails, 4096 tokens is what it takes for all",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
        step(
            Call("POST /api/show", {"model": EVERY, "verbose": False}, TYPED),
            *JSON,
            reply(
                *(array("capabilities"), mapping("model_info")),
                integer("model_info/<arch>.context_length", 1),
            ),
            at_once=24,
        ),
    ),
    row(
        "AnythingLLM",
        "ignores the text of the last line, and of lines with thoughts; divides by a duration",
        step(
            Call("POST /api/chat", chat("thinking-model", think=True, keep_alive=300), TYPED),
            *(*LINES, last_line(positive("eval_duration"), integer("eval_count", 0))),
            says("Answer: 4."),
        ),
    ),
    row(
        "Enchanted",
        "looks by HEAD whether there is a server, and shows a key that may be empty",
        step(Call("HEAD /", headers=_OKIT), status(200)),
        step(
            Call("GET /api/tags", headers=_OKIT),
            *JSON,
            reply(
                *(words("models/*/name"), words("models/*/model"), words("models/*/digest")),
                *(integer("models/*/size"), date("models/*/modified_at")),
                *(text("models/*/details/parent_model"), text("models/*/details/format")),
                *(text("models/*/details/family"), array("models/*/details/families")),
                text("models/*/details/parameter_size"),
                text("models/*/details/quantization_level"),
            ),
        ),
    ),
    row(
        "Enchanted",
        "offers pictures to models with ``clip`` among their families",
        step(
            Call("POST /api/show", {"name": "known-model"}, _OKIT),
            *JSON,
            reply(
                holding("details/families", "clip"),
                *(text("license"), text("template"), text("modelfile"), text("parameters")),
            ),
        ),
    ),
    row(
        "Enchanted",
        "parses each piece of a stream by itself, and never waits for the rest of a line",
        step(
            Call("POST /api/chat", chat("fake/paced", [{"role": "user", "content": "Go"}]), _OKIT),
            *(*LINES, whole_writes(), says("one two three")),
            paced=True,
        ),
    ),
    row(
        "Reins",
        "tells models apart by their digests, and sends null for what is not set",
        step(
            Call("GET /api/tags", headers=_DART),
            *JSON,
            reply(
                *(words("models/*/name"), words("models/*/digest")),
                text("models/*/details/parameter_size"),
            ),
        ),
        step(
            Call(
                "POST /api/chat",
                chat("chat-model", [{"role": "user", "content": "Hello?", "images": None}]),
                _DART,
            ),
            *(*LINES, every_line(date("created_at"), text("message/content"))),
        ),
        step(
            Call(
                "POST /api/generate",
                {"model": "chat-model", "prompt": "Title?", "system": None, "stream": False},
                _DART,
            ),
            *(*JSON, reply(text("response"))),
        ),
    ),
    row(
        "Raycast",
        "takes a name as it is listed, and asks what the model can do",
        step(Call("GET /api/tags"), *JSON, reply(listed("models/*/name", "chat-model"))),
        step(
            Call("POST /api/show", {"model": "chat-model"}, TYPED),
            *(*JSON, reply(array("capabilities"), no_null())),
        ),
        step(
            Call("POST /api/chat", chat("chat-model"), TYPED),
            *(*LINES, every_line(equals("model", "chat-model"))),
        ),
    ),
    row(
        "Raycast",
        "with a tag behind the name is answered under the name that it used",
        step(
            Call("POST /api/chat", chat("chat-model:latest"), TYPED),
            *(*LINES, every_line(equals("model", "chat-model:latest")), says(GREETING)),
        ),
    ),
)
