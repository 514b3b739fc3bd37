"""JetBrains' clients.  Koog is their library, on which AI Assistant is built."""

from typing import Final

from tests.clients.rules.answers import (
    EVENTS,
    JSON,
    LINES,
    ascii_only,
    every_event,
    every_line,
    last_line,
    refuses,
    reply,
    says,
    thoughts_first,
)
from tests.clients.rules.heads import body, http_1_1, media_type, status
from tests.clients.rules.row import EVERY, Daemon, row, step
from tests.clients.rules.table.bodies import (
    CALLED,
    JAVA,
    JAVA_GET,
    JAVA_TYPED,
    RESULTS,
    TOOLS,
    TYPED,
    called,
    calling,
    chat,
)
from tests.clients.rules.values import (
    array,
    boolean,
    containing,
    date,
    equals,
    integer,
    mapping,
    no_null,
    only,
    text,
    without,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING, SCHEMA

_TALK: Final = [
    {"role": "system", "content": "You are an assistant."},
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "This is the file."},
    {"role": "user", "content": "What does it do?"},
    {"role": "assistant", "content": "It greets."},
    {"role": "user", "content": "Whom?"},
]
_KOOG: Final = {**TYPED, "Accept": "application/json", "User-Agent": "ktor-client"}
_LISTED: Final = (
    words("models/*/name"),
    words("models/*/model"),
    integer("models/*/size"),
    text("models/*/modified_at"),
    text("models/*/digest"),
    text("models/*/details/format"),
    text("models/*/details/family"),
    text("models/*/details/parameter_size"),
)
_LINE: Final = (text("model"), text("message/content"), boolean("done"), no_null())

JETBRAINS: Final = (
    row(
        "JetBrains AI Assistant",
        "tests the connection, and offers HTTP/2 with every request",
        step(Call("GET /", headers=JAVA_GET), http_1_1(), status(200), body("Ollama is running")),
    ),
    row(
        "JetBrains AI Assistant",
        "lists the models: one with a fault can empty the whole list",
        step(
            Call("GET /api/tags", headers={**JAVA_GET, "Accept": "application/json"}),
            *(http_1_1(), *JSON),
            reply(*_LISTED, mapping("models/*/details"), date("models/*/modified_at"), no_null()),
        ),
    ),
    row(
        "JetBrains AI Assistant",
        "chats, with several system messages and more than one message of a role in a row",
        step(
            Call(
                "POST /api/chat",
                chat("chat-model", _TALK, options={"temperature": 0.2}, keep_alive="5m"),
                JAVA_TYPED,
            ),
            *(http_1_1(), *LINES, every_line(*_LINE), says(GREETING)),
        ),
    ),
    row(
        "JetBrains AI Assistant",
        "puts what is in the content into commit messages and files, so no thoughts may be there",
        step(
            Call("POST /api/chat", chat("thinking-model"), JAVA_TYPED),
            *(*LINES, thoughts_first(), every_line(without("message/content", "think"))),
            says("Answer: 4."),
        ),
    ),
    row(
        "JetBrains AI Assistant",
        "asks up to thirty things at once for one question of its user's",
        step(
            Call("POST /api/chat", chat("chat-model", stream=False), JAVA_TYPED),
            *(*JSON, reply(equals("message/content", GREETING), equals("done", True))),
            at_once=12,
            times=12,
        ),
    ),
    row(
        "JetBrains AI Assistant",
        "shows an error only if it is a status, and has its text in one place",
        step(
            Call("POST /api/chat", chat("no-such-model"), JAVA_TYPED),
            *refuses(404, "model 'no-such-model' not found"),
        ),
    ),
    row(
        "JetBrains AI Assistant",
        "reaches a daemon in the network by its name",
        step(
            Call("GET /api/tags", headers=JAVA_GET, host="ollama.example.com:PORT"),
            *(*JSON, reply(words("models/*/name"))),
        ),
        daemon=Daemon.NETWORK,
    ),
    row(
        "JetBrains AI Assistant",
        "as an OpenAI client shows a key that it made up",
        step(
            Call(
                "POST /v1/chat/completions",
                chat("chat-model"),
                {**JAVA_TYPED, "Authorization": "Bearer raspberry"},
            ),
            *(http_1_1(), *EVENTS, every_event(array("choices"))),
        ),
    ),
    row(
        "Koog",
        "lists the models and asks of each, by its ``name``, what it can do",
        step(Call("GET /api/tags", headers=_KOOG), *JSON, reply(*_LISTED, no_null())),
        step(
            Call("POST /api/show", {"name": EVERY}, _KOOG),
            *JSON,
            reply(
                only(
                    "capabilities",
                    *("completion", "embedding", "insert", "vision", "thinking", "tools"),
                ),
                text("details/format"),
                text("details/family"),
                text("details/parameter_size"),
                integer("model_info/<arch>.context_length"),
                integer("model_info/<arch>.embedding_length"),
                no_null(),
            ),
        ),
    ),
    row(
        "Koog",
        "calls tools, always without streaming",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    tools=TOOLS,
                    stream=False,
                    options={"temperature": 0.5, "num_ctx": 16384},
                ),
                _KOOG,
            ),
            *JSON,
            reply(
                text("message/content"),
                text("message/tool_calls/*/function/name"),
                mapping("message/tool_calls/*/function/arguments"),
                equals("done", True),
                no_null(),
            ),
        ),
    ),
    row(
        "Koog",
        "tells what tools returned: a message for each call, and results without ids and names",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        {"role": "user", "content": "How is Paris?"},
                        calling(called("weather"), content=""),
                        calling(called("clock"), content=""),
                        *RESULTS,
                    ],
                    tools=TOOLS,
                    stream=False,
                ),
                _KOOG,
            ),
            *(*JSON, reply(equals("message/content", CALLED), no_null())),
        ),
    ),
    row(
        "Koog",
        "asks for a form, with properties of the user's own at the top; drops lines without text",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "form-model",
                    format=SCHEMA,
                    think=False,
                    keep_alive="5m",
                    options={"temperature": None, "num_ctx": 4096},
                    my_property={"a": [1]},
                ),
                _KOOG,
            ),
            *(*LINES, every_line(*_LINE), says('{"length": 4, "width": 4}'), ascii_only()),
        ),
    ),
    row(
        "Koog",
        "embeds a text, in the old way and in the new",
        step(
            Call("POST /api/embeddings", {"model": "vector-model", "prompt": "one"}, _KOOG),
            *(*JSON, reply(array("embedding"))),
        ),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": "one"}, _KOOG),
            *(*JSON, reply(array("embeddings/0"))),
        ),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": ["one", "two"]}, _KOOG),
            *(*JSON, reply(array("embeddings/0"), array("embeddings/1"))),
        ),
    ),
    row(
        "Koog",
        "pulls a model that it wants to use",
        step(
            Call("POST /api/pull", {"name": "chat-model", "stream": False}, _KOOG),
            *(*JSON, reply(containing("status", "success"))),
        ),
    ),
    row(
        "JetBrains Junie",
        "lists the models of a local server, and chats as an OpenAI client with the user's key",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
        step(
            Call(
                "POST /v1/chat/completions",
                chat("chat-model", stream_options={"include_usage": True}),
                {**TYPED, "Authorization": "Bearer any-key"},
            ),
            *(*EVENTS, every_event(array("choices"))),
        ),
    ),
    row(
        "ProxyAI",
        "lists the models and has a gap filled while its user types",
        step(
            Call("GET /api/tags", headers=JAVA),
            *(media_type("application/json"), reply(words("models/*/name"), no_null())),
        ),
        step(
            Call(
                "POST /api/generate",
                {
                    "model": "gap-model",
                    "prompt": "def add(",
                    "suffix": "return",
                    "stream": True,
                    "options": {"num_predict": 128, "temperature": 0.4, "stop": ["\n\n"]},
                },
                TYPED,
            ),
            *(*LINES, every_line(text("response")), last_line(equals("response", ""))),
            says("<def add(|return>", ("response",)),
        ),
    ),
)
