"""Visual Studio and VS Code, and what is built into them."""

from typing import Final

from tests.clients.rules.answers import (
    EVENTS,
    JSON,
    LINES,
    ascii_only,
    call_line,
    every_event,
    every_line,
    first_call_event,
    last_event,
    reaches_model,
    refuses,
    reply,
    says,
)
from tests.clients.rules.heads import media_type, status
from tests.clients.rules.row import EVERY, row, step
from tests.clients.rules.table.bodies import (
    HELLO,
    PARIS,
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
    containing,
    date,
    equals,
    holding,
    integer,
    listed,
    no_null,
    same,
    text,
    version_at_least,
    without,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING

#: Copilot shows the key that was not set: nothing stands behind the word.
_COPILOT: Final = {**TYPED, "Authorization": "Bearer ", "User-Agent": "GitHubCopilotChat/0.40.0"}
_JS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "ollama-js/0.6.4 (x64 linux Node.js/v22.0.0)",
}

VISUAL_STUDIO: Final = (
    row(
        "VS Code Copilot",
        "compares the version, number by number, and refuses words",
        step(Call("GET /api/version"), *JSON, reply(version_at_least("version", "0.6.4"))),
    ),
    row(
        "VS Code Copilot",
        "with a slash behind its address: lists the models, and asks of each what it can do",
        step(Call("GET //api/version"), *JSON, reply(version_at_least("version", "0.6.4"))),
        step(Call("GET //api/tags"), *JSON, reply(words("models/*/model"))),
        step(
            Call("POST //api/show", {"model": EVERY}, _COPILOT),
            *JSON,
            reply(
                array("capabilities"),
                words("model_info/general.architecture"),
                words("model_info/general.basename"),
                integer("model_info/<arch>.context_length", 1),
            ),
        ),
    ),
    row(
        "VS Code Copilot",
        "offers models with tools to its agent, and those that see for pictures",
        step(
            Call("POST /api/show", {"model": "known-model"}, _COPILOT),
            *JSON,
            reply(
                holding("capabilities", "tools", "vision"),
                equals("model_info/general.basename", "known-model"),
                equals("model_info/<arch>.context_length", 70_000),
            ),
        ),
    ),
    row(
        "VS Code Copilot",
        "chats as an OpenAI client on the same port, with a key that is empty",
        step(
            Call(
                "POST //v1/chat/completions",
                chat("chat-model", stream_options={"include_usage": True}, temperature=0.1),
                _COPILOT,
            ),
            *EVENTS,
            every_event(array("choices")),
            last_event(integer("usage/prompt_tokens"), integer("usage/completion_tokens")),
        ),
    ),
    row(
        "VS Code Copilot",
        "puts calls together by their ``index``",
        step(
            Call(
                "POST /v1/chat/completions",
                chat("tool-model", tools=TOOLS, stream_options={"include_usage": True}),
                _COPILOT,
            ),
            *EVENTS,
            first_call_event(
                integer("choices/0/delta/tool_calls/*/index"),
                words("choices/0/delta/tool_calls/*/id"),
                words("choices/0/delta/tool_calls/*/function/name"),
            ),
        ),
    ),
    row(
        "VS Code Copilot",
        "adds a model that does not exist: the error is JSON with a text, and never empty",
        step(Call("POST /api/show", {"model": "no-such-model"}), *refuses(404, "not found")),
    ),
    row(
        "ollama-vscode",
        "looks around: the version, the models, recommendations, and what each can do",
        step(Call("GET /api/version", headers=_JS), *JSON, reply(text("version"))),
        step(
            Call("GET /api/tags", headers=_JS),
            *JSON,
            reply(words("models/*/name"), words("models/*/model"), array("models/*/capabilities")),
        ),
        step(Call("GET /api/experimental/model-recommendations"), status(200, 404)),
        step(
            Call("POST /api/show", {"model": EVERY}, _JS),
            *JSON,
            reply(array("capabilities"), integer("model_info/<arch>.context_length", 1)),
        ),
    ),
    row(
        "ollama-vscode",
        "calls tools, and names its results by their ids only",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS), _JS),
            *LINES,
            call_line(
                words("message/tool_calls/*/id"),
                equals("message/tool_calls/0/function/arguments", PARIS),
            ),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        *HELLO,
                        calling(called("weather", id="a"), called("clock", id="b"), content=""),
                        result("noon in Paris", tool_call_id="b"),
                        result("rain in Paris", tool_call_id="a"),
                    ],
                    tools=TOOLS,
                ),
                _JS,
            ),
            *LINES,
            says("The tools said: noon in Paris, rain in Paris."),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "fake/echo",
                    [
                        *HELLO,
                        calling(called("weather", id="a"), called("clock", id="b"), content=""),
                        result("noon in Paris", tool_call_id="b"),
                        result("rain in Paris", tool_call_id="a"),
                    ],
                    tools=TOOLS,
                ),
                _JS,
            ),
            *LINES,
            reaches_model(
                same("messages/1/tool_calls/1/id", "messages/2/tool_call_id"),
                same("messages/1/tool_calls/0/id", "messages/3/tool_call_id"),
            ),
        ),
    ),
    row(
        "ollama-vscode",
        "looks during a chat how much fits into the model that is in use",
        step(Call("POST /api/chat", chat("chat-model"), _JS), *LINES, says(GREETING)),
        step(
            Call("GET /api/ps", headers=_JS),
            *JSON,
            reply(
                listed("models/*/name", "chat-model"),
                integer("models/*/context_length", 1),
                date("models/*/expires_at"),
                no_null(),
            ),
        ),
    ),
    row(
        "Visual Studio",
        "takes a local address only; asks for the version and the models",
        step(Call("GET /api/version"), *JSON, reply(version_at_least("version", "0.6.4"))),
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
    ),
    row(
        "Continue",
        "asks by ``name`` what a model can do: how much fits into it, and whether it has tools",
        step(
            Call("POST /api/show", {"name": "known-model"}, {**TYPED, "Authorization": "Bearer x"}),
            *JSON,
            reply(
                containing("parameters", "num_ctx                        70000\n"),
                containing("template", ".Tools"),
                holding("capabilities", "tools"),
            ),
        ),
    ),
    row(
        "Continue",
        "has gaps filled by models with ``.Suffix`` in their template",
        step(
            Call("POST /api/show", {"name": "gap-model"}, TYPED),
            *(*JSON, reply(text("parameters"), containing("template", ".Suffix"))),
        ),
        step(
            Call(
                "POST /api/generate",
                {
                    "model": "gap-model",
                    "prompt": "def add(",
                    "suffix": "return",
                    "raw": True,
                    "options": {
                        "temperature": 0.01,
                        "num_predict": 4096,
                        "stop": ["\n\n", "/src/"],
                    },
                    "keep_alive": 1800,
                    "stream": True,
                },
                TYPED,
            ),
            *(*LINES, every_line(text("response"), absent("error"))),
            says("<def add(|return>", ("response",)),
        ),
    ),
    row(
        "Continue",
        "chats; a last line without a newline would be lost, and a key ``error`` is an error",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "chat-model",
                    options={"num_ctx": 32768, "temperature": None, "stop": None},
                    keep_alive=1800,
                    think=False,
                ),
                {**TYPED, "Authorization": "Bearer any-key"},
            ),
            *(*LINES, every_line(text("message/content"), absent("error"), absent("type"))),
            *(says(GREETING), ascii_only()),
        ),
        step(Call("POST /api/chat", chat("no-such-model"), TYPED), *refuses(404, "not found")),
    ),
    row(
        "Continue",
        "fills in only where that can be done",
        step(
            Call("POST /api/show", {"name": "chat-model"}, TYPED),
            *(media_type("application/json"), reply(without("template", ".Suffix"))),
        ),
    ),
)
