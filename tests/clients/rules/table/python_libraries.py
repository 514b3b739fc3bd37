"""Libraries for Python."""

from typing import Final

from tests.clients.rules.answers import (
    JSON,
    LINES,
    every_line,
    last_line,
    reaches_model,
    reply,
    says,
)
from tests.clients.rules.row import Daemon, row, step
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
    all_different,
    array,
    boolean,
    containing,
    equals,
    holding,
    integer,
    mapping,
    no_null,
    one_key_with,
    one_of,
    text,
    words,
)
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING

#: LiteLLM says nothing of what its bodies are.
_LITELLM: Final = {"Accept": "*/*", "User-Agent": "litellm/1.109.1"}
#: ``somebody:sk-made-up-for-the-client``, out of the address that the user gave.
_BASIC: Final = {
    **TYPED,
    "Authorization": "Basic c29tZWJvZHk6c2stbWFkZS11cC1mb3ItdGhlLWNsaWVudA==",
}
_PYTHON: Final = {**TYPED, "Accept": "application/json", "User-Agent": "ollama-python/0.6.3"}
_OPTIONS: Final = {"temperature": None, "num_ctx": 32768, "seed": None, "stop": None}

PYTHON_LIBRARIES: Final = (
    row(
        "LiteLLM, aider",
        "does not say what type its body has; reads a context length and a template with tools",
        step(
            Call("POST /api/show", {"name": "known-model"}, _LITELLM),
            *JSON,
            reply(
                containing("template", "ools"),
                one_key_with("model_info", "context_length", 70_000),
            ),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "chat-model",
                    [{"role": "user", "content": "Hello?", "images": []}],
                    options={"temperature": 0, "stop": "\n\n\n", "num_ctx": 4096},
                ),
                _LITELLM,
            ),
            *LINES,
            every_line(text("model"), mapping("message"), boolean("done"), absent("error")),
            says(GREETING),
        ),
    ),
    row(
        "LiteLLM, aider",
        "tells what tools returned by ids, and sends lists of pictures with none in them",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        {"role": "user", "content": "How is Paris?", "images": []},
                        calling(
                            called("weather", id="a", type="function"),
                            called("clock", id="b", type="function"),
                            content="",
                            images=[],
                        ),
                        result("rain in Paris", tool_call_id="a", images=[]),
                        result("noon in Paris", tool_call_id="b", images=[]),
                    ],
                    tools=TOOLS,
                ),
                _LITELLM,
            ),
            *(*LINES, says(CALLED)),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "fake/echo",
                    [{"role": "user", "content": "Hello?", "images": []}],
                    options={"stop": "END"},
                ),
                _LITELLM,
            ),
            *LINES,
            reaches_model(
                equals("messages/0/content", "Hello?"), absent("messages/0/images"), words("stop/0")
            ),
        ),
    ),
    row(
        "LiteLLM",
        "as ``ollama/`` makes one prompt of a talk, and embeds",
        step(
            Call(
                "POST /api/generate",
                {
                    "model": "chat-model",
                    "prompt": "### User:\nHello?\n\n",
                    "options": {"temperature": 0.1},
                    "stream": False,
                    "images": [],
                },
                _LITELLM,
            ),
            *(*JSON, reply(text("response"), equals("done", True), integer("eval_count"))),
        ),
        step(
            Call("POST /api/chat", chat("chat-model", format="json"), _LITELLM),
            *(*LINES, says(GREETING)),
        ),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": ["one"]}, _LITELLM),
            *(*JSON, reply(array("embeddings/0"), integer("prompt_eval_count"))),
        ),
    ),
    row(
        "LangChain (Python)",
        "sends options full of null, and results with neither names nor ids",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [*HELLO, calling(called("weather"), called("clock"), content=""), *RESULTS],
                    tools=TOOLS,
                    options=_OPTIONS,
                ),
                _PYTHON,
            ),
            *LINES,
            every_line(no_null()),
            last_line(one_of("done_reason", "stop", "length")),
            says(CALLED),
        ),
        step(
            Call(
                "POST /api/embed",
                {"model": "vector-model", "input": ["one", "two"], "options": _OPTIONS},
                _PYTHON,
            ),
            *(*JSON, reply(array("embeddings/0"), array("embeddings/1"))),
        ),
    ),
    row(
        "LangChain (Python), llm-ollama",
        "shows the user and password of its address",
        step(Call("GET /api/tags", headers=_BASIC), *JSON, reply(words("models/*/name"))),
        step(Call("POST /api/chat", chat("chat-model"), _BASIC), *LINES, says(GREETING)),
        daemon=Daemon.KEYS,
    ),
    row(
        "LangChain (Python), llm-ollama",
        "shows a password also to a daemon that asks for none, and never to the gateway",
        step(Call("POST /api/chat", chat("chat-model"), _BASIC), *LINES, says(GREETING)),
    ),
    row(
        "LlamaIndex",
        "asks how much fits into a model, and takes the first key that says so",
        step(
            Call("POST /api/show", {"model": "known-model"}, _PYTHON),
            *(*JSON, reply(one_key_with("model_info", "context_length", 70_000))),
        ),
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    tools=TOOLS,
                    options={"temperature": None, "num_ctx": 70_000},
                    stream=False,
                    think=None,
                ),
                _PYTHON,
            ),
            *JSON,
            reply(equals("message/content", ""), words("message/tool_calls/*/function/name")),
        ),
    ),
    row(
        "llm-ollama",
        "takes models with the same digest for one, and wants to know which chat",
        step(
            Call("GET /api/tags", headers=_PYTHON),
            *JSON,
            reply(all_different("models/*/digest"), mapping("models/*/details")),
        ),
        step(
            Call("POST /api/show", {"model": "chat-model"}, _PYTHON),
            *(*JSON, reply(holding("capabilities", "completion"))),
        ),
    ),
)
