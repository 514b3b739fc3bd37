"""Zed, and what is for Emacs and Neovim."""

from collections.abc import Mapping
from typing import Any, Final

from tests.clients.rules.answers import (
    JSON,
    LINES,
    ascii_only,
    call_line,
    every_line,
    reaches_model,
    reply,
    says,
)
from tests.clients.rules.heads import exact_type
from tests.clients.rules.row import EVERY, row, step
from tests.clients.rules.table.bodies import (
    CALLED,
    HELLO,
    PARIS,
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
    date,
    equals,
    integer,
    keys_in_order,
    mapping,
    no_null,
    only,
    text,
    words,
)
from tests.clients.rules.wire import Call, Raw
from tests.clients.scenarios import GREETING

_ZED: Final = {**TYPED, "Authorization": "Bearer any-key"}
_ZED_OPTIONS: Final[Mapping[str, Any]] = {
    "num_ctx": 16384,
    "num_predict": None,
    "stop": [],
    "temperature": None,
    "top_p": None,
}
_EMACS: Final = {**TYPED, "User-Agent": "curl/8.5.0", "Accept": "*/*"}

EDITORS: Final = (
    row(
        "Zed",
        "lists the models and asks of each, five at a time: one that fails empties its list",
        step(
            Call("GET /api/tags", headers=_ZED),
            *JSON,
            reply(
                *(words("models/*/name"), text("models/*/modified_at")),
                *(integer("models/*/size", 0), text("models/*/digest")),
                *(text("models/*/details/format"), text("models/*/details/family")),
                text("models/*/details/parameter_size"),
                text("models/*/details/quantization_level"),
            ),
        ),
        step(
            Call("POST /api/show", {"model": EVERY}, _ZED),
            *(*JSON, reply(array("capabilities"), mapping("model_info"))),
            at_once=5,
        ),
    ),
    row(
        "Zed",
        "chats with null for all that is not set, no tools in a list, and -1 to keep the model",
        step(
            Call(
                "POST //api/chat",
                chat(
                    "fake/echo",
                    [{"role": "user", "content": "Hello?", "images": None}],
                    keep_alive=-1,
                    options=_ZED_OPTIONS,
                    tools=[],
                    think=None,
                ),
                _ZED,
            ),
            *LINES,
            every_line(
                *(text("model"), date("created_at"), text("message/content"), boolean("done"))
            ),
            reaches_model(absent("tools"), absent("temperature"), no_null()),
        ),
    ),
    row(
        "Zed",
        "takes nothing that it does not know inside a call",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS, options=_ZED_OPTIONS), _ZED),
            *LINES,
            call_line(
                only("message/tool_calls/*", "id", "function"),
                only("message/tool_calls/*/function", "index", "name", "arguments"),
            ),
        ),
    ),
    row(
        "Zed",
        "predicts edits from a prompt of its own making",
        step(
            Call(
                "POST /api/generate",
                {
                    "model": "chat-model",
                    "prompt": "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>",
                    "raw": True,
                    "stream": False,
                    "options": {"num_predict": 64, "temperature": 0.2, "stop": ["<|endoftext|>"]},
                },
                _ZED,
            ),
            *(*JSON, reply(text("response"), equals("done", True), no_null())),
        ),
    ),
    row(
        "gptel",
        "chats, with null where a call has no text, and results with nothing but their own",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [*HELLO, calling(called("weather"), called("clock"), content=None), *RESULTS],
                    tools=TOOLS,
                ),
                _EMACS,
            ),
            *(*LINES, says(CALLED)),
        ),
    ),
    row(
        "ellama (llm.el)",
        "reads a stream only if its type is just so",
        step(
            Call("POST /api/chat", chat("chat-model"), _EMACS),
            *(exact_type("application/x-ndjson"), *LINES, says(GREETING)),
        ),
    ),
    row(
        "ellama (llm.el)",
        "takes the second key of a call for its function, and the first call of a line",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS), _EMACS),
            *LINES,
            call_line(
                keys_in_order("message/tool_calls/*", "id", "function"),
                words("message/tool_calls/*/id"),
                equals("message/tool_calls/0/function/arguments", PARIS),
            ),
        ),
    ),
    row(
        "ellama (llm.el)",
        "leaves the content out beside calls, and names its results after the tools",
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
                    think=False,
                ),
                _EMACS,
            ),
            *(*LINES, says("The tools said: noon in Paris, rain in Paris.")),
        ),
    ),
    row(
        "codecompanion.nvim",
        "lists the models, and asks of all at once: it waits three seconds in all",
        step(Call("GET /api/tags", headers=_EMACS), *JSON, reply(words("models/*/name"))),
        step(
            Call("POST /api/show", {"model": EVERY}, _EMACS),
            *(*JSON, reply(array("capabilities"))),
            at_once=24,
        ),
    ),
    row(
        "codecompanion.nvim",
        "sends arguments back as text, or as an empty text",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        *HELLO,
                        calling(
                            {"function": {"name": "weather", "arguments": '{"city": "Paris"}'}},
                            {"function": {"name": "clock", "arguments": ""}},
                            content="",
                        ),
                        *RESULTS,
                    ],
                    tools=TOOLS,
                ),
                _EMACS,
            ),
            *(*LINES, every_line(mapping("message")), says(CALLED)),
        ),
    ),
    row(
        "gen.nvim",
        "has curl label its JSON as a form",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
        step(
            Call(
                "POST /api/chat",
                Raw(b'{"model":"chat-model","messages":[{"role":"user","content":"Hello?"}]}'),
                {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "curl/8.5.0"},
            ),
            *(*LINES, says(GREETING), ascii_only()),
        ),
    ),
)
