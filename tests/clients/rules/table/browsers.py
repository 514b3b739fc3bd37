"""What runs in browsers, or in windows that are browsers: it asks from a page of its own."""

from typing import Final

from tests.clients.rules.answers import JSON, LINES, ascii_only, refuses, reply, says, whole_writes
from tests.clients.rules.heads import body, header, header_with, status
from tests.clients.rules.row import Daemon, row, step
from tests.clients.rules.table.bodies import HELLO, TYPED, chat
from tests.clients.rules.values import array, containing, words
from tests.clients.rules.wire import Call
from tests.clients.scenarios import GREETING

_OBSIDIAN: Final = {"Origin": "app://obsidian.md"}
_EXTENSION: Final = {"Origin": "chrome-extension://jfgfiigpkhlkbnfnbobbkinehhfdhndo"}
_LOBE: Final = {"Origin": "http://localhost:3210"}
_BROWSER: Final = {"Accept": "application/json", "User-Agent": "Mozilla/5.0 ollama-js/0.6.4"}


def _before(asked: str) -> dict[str, str]:
    return {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked}


BROWSERS: Final = (
    row(
        "Obsidian Copilot",
        "asks from Obsidian's own origin, first whether it may",
        step(
            Call("OPTIONS /api/chat", headers={**_OBSIDIAN, **_before("content-type,user-agent")}),
            *(status(204), header("Access-Control-Allow-Origin", "app://obsidian.md")),
            header_with("Access-Control-Allow-Headers", "Content-Type", "User-Agent"),
            header_with("Access-Control-Allow-Methods", "POST"),
        ),
        step(
            Call(
                "POST /api/chat",
                chat("chat-model", options={"num_ctx": 131072, "temperature": 0.1}),
                {**_OBSIDIAN, **_BROWSER, **TYPED},
            ),
            *(*LINES, header("Access-Control-Allow-Origin", "app://obsidian.md"), says(GREETING)),
        ),
    ),
    row(
        "Page Assist",
        "makes the daemon's own origin of its own, looks for a server and lists its models",
        step(
            Call("GET /", headers={"Origin": "http://localhost"}),
            *(status(200), body("Ollama is running")),
        ),
        step(
            Call("GET /api/tags", headers={"Origin": "http://127.0.0.1:11434"}),
            *(*JSON, reply(words("models/*/name"))),
        ),
    ),
    row(
        "Page Assist",
        "decodes each piece of a stream by itself, and drops a last line without a newline",
        step(
            Call(
                "POST /api/chat",
                chat("fake/paced", [{"role": "user", "content": "Slowly"}], keep_alive="5m"),
                {"Origin": "http://localhost", **TYPED},
            ),
            *(*LINES, ascii_only(), whole_writes(), says("one two three")),
            paced=True,
        ),
        step(
            Call("POST /api/chat", chat("chat-model"), {"Origin": "http://localhost", **TYPED}),
            *(*LINES, ascii_only(), says(GREETING)),
        ),
    ),
    row(
        "Page Assist",
        "pulls a model that is there, and embeds pages",
        step(
            Call("POST /api/pull", {"model": "chat-model", "stream": False}, TYPED),
            *(*JSON, reply(containing("status", "success"))),
        ),
        step(
            Call("POST /api/embed", {"model": "vector-model", "input": ["one"]}, TYPED),
            *(*JSON, reply(array("embeddings/0"))),
        ),
    ),
    row(
        "Page Assist, other extensions",
        "asks from the extension's own origin, which the daemon is told to allow",
        step(
            Call("OPTIONS /api/tags", headers={**_EXTENSION, **_before("authorization")}),
            *(status(204), header("Access-Control-Allow-Origin", _EXTENSION["Origin"])),
            header_with("Access-Control-Allow-Headers", "Authorization"),
        ),
        step(
            Call("GET /api/tags", headers=_EXTENSION),
            *(*JSON, header("Access-Control-Allow-Origin", _EXTENSION["Origin"])),
        ),
        daemon=Daemon.EXTENSIONS,
    ),
    row(
        "Page Assist, other extensions",
        "is refused as Ollama does it while nobody has allowed its origin",
        step(
            Call("GET /api/tags", headers=_EXTENSION),
            *(status(403), header("Access-Control-Allow-Origin", None)),
        ),
    ),
    row(
        "LobeChat, AI SDK in browsers",
        "asks with headers of its own, of which the browser wants to know that they are allowed",
        step(
            Call(
                "OPTIONS /api/chat",
                headers={**_LOBE, **_before("authorization,content-type,x-stainless-os")},
            ),
            *(status(204), header("Access-Control-Allow-Origin", "http://localhost:3210")),
            header_with(
                "Access-Control-Allow-Headers",
                *("Authorization", "Content-Type", "User-Agent", "Accept", "X-Requested-With"),
                *("X-Stainless-Os", "X-Stainless-Retry-Count", "X-Stainless-Timeout"),
            ),
        ),
        step(
            Call(
                "POST /api/chat",
                chat("chat-model", HELLO, options={"frequency_penalty": 0, "top_p": 1}),
                {**_LOBE, **_BROWSER, **TYPED},
            ),
            *(*LINES, header("Access-Control-Allow-Origin", "http://localhost:3210")),
        ),
        step(
            Call(
                "POST /api/embeddings",
                {"model": "vector-model", "prompt": "one"},
                {**_LOBE, **_BROWSER, **TYPED},
            ),
            *(*JSON, reply(array("embedding"))),
        ),
    ),
    row(
        "LobeChat",
        "pulls by a name that does not exist, and is told so",
        step(
            Call("POST /api/pull", {"name": "no-such-model", "stream": False}, {**_LOBE, **TYPED}),
            *refuses(500, "file does not exist"),
        ),
    ),
    row(
        "Tauri, VS Code and Electron windows",
        "ask from their own kinds of origins",
        *(
            step(
                Call("GET /api/tags", headers={"Origin": origin}),
                *(*JSON, header("Access-Control-Allow-Origin", origin)),
            )
            for origin in (
                *("tauri://localhost", "vscode-webview://a1b2", "vscode-file://vscode-app"),
                "file://",
            )
        ),
    ),
)
