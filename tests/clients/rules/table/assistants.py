"""Other assistants for programmers."""

from typing import Final

from tests.clients.rules.answers import (
    EVENTS,
    JSON,
    LINES,
    every_event,
    every_line,
    last_line,
    reaches_model,
    reply,
    says,
)
from tests.clients.rules.heads import status
from tests.clients.rules.row import EVERY, row, step
from tests.clients.rules.table.bodies import (
    CALLED,
    HELLO,
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
    no_null,
    text,
    words,
)
from tests.clients.rules.wire import Call, Chunked
from tests.clients.scenarios import GREETING, PNG

ASSISTANTS: Final = (
    row(
        "Cline",
        "lists the models",
        step(Call("GET /api/tags"), *JSON, reply(words("models/*/name"))),
    ),
    row(
        "Cline",
        "sends pictures without a text, as an empty list, and says outright that nothing thinks",
        step(
            Call(
                "POST /api/chat",
                Chunked(
                    chat(
                        "vision-model",
                        [
                            {"role": "user", "content": "What is it?", "images": [PNG]},
                        ],
                        options={"num_ctx": 32768},
                        think=False,
                        temperature=0,
                        top_p=1,
                        max_output_tokens=8192,
                    )
                ),
                TYPED,
            ),
            *LINES,
            every_line(
                text("model"),
                date("created_at"),
                boolean("done"),
                equals("message/role", "assistant"),
                text("message/content"),
                no_null(),
            ),
            says("What is it? A image/png."),
        ),
        step(
            Call(
                "POST /api/chat",
                chat("fake/echo", [{"role": "user", "content": [], "images": [PNG]}, *HELLO]),
                TYPED,
            ),
            *LINES,
            reaches_model(equals("messages/0/content/0/type", "image_url")),
        ),
    ),
    row(
        "Cline",
        "tells what tools returned by ids, without their names",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "tool-model",
                    [
                        *HELLO,
                        calling(called("weather", id="a"), called("clock", id="b"), content=""),
                        result("rain in Paris", tool_call_id="a"),
                        result("noon in Paris", tool_call_id="b"),
                    ],
                    tools=TOOLS,
                    think=False,
                ),
                TYPED,
            ),
            *(*LINES, says(CALLED)),
        ),
    ),
    row(
        "Roo Code, Kilo Code",
        "checks the list as a whole, and asks of all models at once what they can do",
        step(
            Call("GET /api/tags", headers={"Accept": "application/json, text/plain, */*"}),
            *JSON,
            reply(
                *(words("models/*/name"), words("models/*/model"), text("models/*/modified_at")),
                *(integer("models/*/size"), text("models/*/digest")),
                *(text("models/*/details/family"), text("models/*/details/parameter_size")),
                no_null(),
            ),
        ),
        step(
            Call("POST /api/show", {"model": EVERY}, TYPED),
            *JSON,
            reply(
                mapping("model_info"),
                *(text("details/family"), text("details/parameter_size")),
                array("capabilities"),
                no_null(),
            ),
            at_once=24,
        ),
    ),
    row(
        "Roo Code, Kilo Code",
        "tells what tools returned as its user's words, so that calls stay without results",
        step(
            Call(
                "POST /api/chat",
                chat(
                    "chat-model",
                    [
                        *HELLO,
                        calling(called("weather", id="a"), content=""),
                        {"role": "user", "content": "[weather] rain in Paris"},
                    ],
                    tools=TOOLS,
                    options={"temperature": 0, "num_ctx": 32768},
                ),
                TYPED,
            ),
            *LINES,
            every_line(text("message/content"), absent("error")),
            last_line(integer("prompt_eval_count"), integer("eval_count")),
            says(GREETING),
        ),
    ),
    row(
        "Xcode, Brave Leo, Warp, Msty",
        "as OpenAI clients list the models first, and then chat",
        step(
            Call("GET /v1/models", headers={"Authorization": "Bearer "}),
            *(*JSON, reply(equals("object", "list"), words("data/*/id"), no_null())),
        ),
        step(
            Call("POST /v1/chat/completions", chat("chat-model"), TYPED),
            *(*EVENTS, every_event(array("choices"))),
        ),
        step(
            Call("POST /v1/chat/completions", chat("no-such-model"), TYPED),
            status(404),
            reply(text("error/message")),
        ),
    ),
)
