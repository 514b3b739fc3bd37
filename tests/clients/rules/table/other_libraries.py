"""Libraries for Java, .NET and JavaScript."""

from typing import Final

from tests.clients.rules.answers import (
    JSON,
    LINES,
    call_line,
    every_line,
    last_line,
    refuses,
    reply,
    says,
)
from tests.clients.rules.heads import http_1_1, status
from tests.clients.rules.row import Daemon, row, step
from tests.clients.rules.table.bodies import (
    JAVA_GET,
    JAVA_TYPED,
    TOOLS,
    TYPED,
    chat,
)
from tests.clients.rules.values import (
    array,
    boolean,
    date,
    equals,
    holding,
    integer,
    listed,
    mapping,
    no_null,
    only,
    text,
    words,
)
from tests.clients.rules.wire import Call, Chunked
from tests.clients.scenarios import GREETING, PNG

_SPRING: Final = {**JAVA_TYPED, "Accept": "application/json"}
_NET: Final = {"Content-Type": "application/json; charset=utf-8"}
_LINE: Final = (
    *(text("model"), date("created_at"), boolean("done")),
    *(equals("message/role", "assistant"), text("message/content"), no_null()),
)

OTHER_LIBRARIES: Final = (
    row(
        "LangChain (JavaScript), n8n",
        "sends a message for each picture, and bodies in chunks",
        step(
            Call(
                "POST /api/chat",
                Chunked(
                    chat(
                        "vision-model",
                        [
                            {"role": "user", "content": "", "images": [PNG]},
                            {"role": "user", "content": "What is it?", "images": [PNG]},
                        ],
                        options={"temperature": 0},
                    )
                ),
                TYPED,
            ),
            *(*LINES, says("What is it? A image/png.")),
        ),
    ),
    row(
        "LangChain4j",
        "offers HTTP/2, and says that its GET is JSON",
        step(
            Call("GET /api/tags", headers={**JAVA_GET, **TYPED}),
            *(http_1_1(), *JSON, reply(words("models/*/name"), date("models/*/modified_at"))),
        ),
        step(
            Call("POST /api/show", {"model": "known-model"}, JAVA_TYPED),
            *(http_1_1(), *JSON, reply(holding("capabilities", "tools"), mapping("model_info"))),
        ),
        step(
            Call("DELETE /api/delete", {"model": "no-such-model"}, JAVA_TYPED),
            *(http_1_1(), status(400, 403, 404, 501)),
        ),
    ),
    row(
        "LangChain4j",
        "makes one of parallel calls unless each has its ``index``",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS, options={}), JAVA_TYPED),
            *(http_1_1(), *LINES),
            call_line(
                equals("message/tool_calls/0/function/index", 0),
                equals("message/tool_calls/1/function/index", 1),
                mapping("message/tool_calls/*/function/arguments"),
            ),
        ),
        step(
            Call("GET /api/ps", headers={**JAVA_GET, **TYPED}),
            *JSON,
            reply(
                listed("models/*/name", "tool-model"),
                words("models/*/digest"),
                integer("models/*/size", 0),
                integer("models/*/size_vram", 0),
                date("models/*/expires_at"),
            ),
        ),
    ),
    row(
        "Spring AI",
        "accepts plain JSON only, also where it asks for a stream; offers HTTP/2",
        step(
            Call("POST /api/chat", chat("chat-model", tools=[], options={}), _SPRING),
            *(http_1_1(), *LINES, every_line(*_LINE), says(GREETING)),
        ),
    ),
    row(
        "Spring AI",
        "takes nothing that it does not know inside a call",
        step(
            Call("POST /api/chat", chat("tool-model", tools=TOOLS, stream=False), _SPRING),
            *JSON,
            reply(
                only("message/tool_calls/*", "id", "function"),
                only("message/tool_calls/*/function", "index", "name", "arguments"),
                no_null(),
            ),
        ),
        step(
            Call("GET /api/tags", headers={**JAVA_GET, "Accept": "application/json"}),
            *(*JSON, reply(date("models/*/modified_at"), integer("models/*/size"))),
        ),
        step(
            Call("POST /api/pull", {"model": "chat-model", "stream": True}, _SPRING),
            *(status(200), last_line(equals("status", "success"))),
        ),
    ),
    row(
        "OllamaSharp, Semantic Kernel",
        "looks for a server and its version, and lists the models",
        step(Call("GET /"), status(200)),
        step(Call("GET /api/version"), *JSON, reply(words("version"))),
        step(Call("GET /api/tags"), *JSON, reply(date("models/*/modified_at"), no_null())),
        step(
            Call("POST /api/show", {"model": "known-model"}, _NET),
            *(*JSON, reply(integer("model_info/general.parameter_count"), no_null())),
        ),
    ),
    row(
        "OllamaSharp, Semantic Kernel",
        "needs every count of the last line, and reads the text of an error",
        step(
            Call("POST /api/chat", chat("chat-model", keep_alive="5m", tools=None), _NET),
            *LINES,
            last_line(
                *(integer("total_duration"), integer("load_duration"), integer("eval_count")),
                *(integer("prompt_eval_count"), integer("prompt_eval_duration")),
                *(integer("eval_duration"), no_null()),
            ),
        ),
        step(
            Call("POST /api/chat", chat("vector-model", tools=TOOLS), _NET),
            *refuses(400, "does not support"),
        ),
        step(
            Call("POST /api/chat", chat("known-model", think=True), _NET),
            *refuses(400, "does not support thinking"),
        ),
    ),
    row(
        "OllamaSharp, Semantic Kernel",
        "raises an error of its own where a model has no tools, which it knows by the text",
        step(
            Call("POST /api/chat", chat("chat-model", tools=TOOLS), _NET),
            *refuses(400, "does not support tools"),
        ),
        step(
            Call("POST /api/show", {"model": "chat-model"}, _NET),
            *(*JSON, reply(only("capabilities", "completion"))),
        ),
        daemon=Daemon.NO_TOOLS,
    ),
    row(
        "AI SDK (ollama-ai-provider-v2)",
        "checks every line strictly; puts its options at the top of the request",
        step(
            Call(
                "POST /api/chat",
                Chunked(
                    chat("chat-model", temperature=0, top_p=1, max_output_tokens=256, think=False)
                ),
                TYPED,
            ),
            *(*LINES, every_line(*_LINE), says(GREETING)),
        ),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": ["one"]}, TYPED),
            *JSON,
            reply(
                *(array("embeddings/0"), integer("total_duration"), integer("load_duration")),
                integer("prompt_eval_count"),
            ),
        ),
        step(
            Call(
                "POST /api/generate",
                {"model": "chat-model", "prompt": "Hello?", "stream": False},
                TYPED,
            ),
            *(*JSON, reply(array("context"), text("response"))),
        ),
    ),
)
