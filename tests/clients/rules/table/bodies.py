"""What the requests of many rows have in common."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from tests.clients.scenarios import PNG

#: As Java's own client sends it for every request over plain http.
JAVA: Final[Mapping[str, str]] = {
    "Connection": "Upgrade, HTTP2-Settings",
    "HTTP2-Settings": "AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
    "Upgrade": "h2c",
    "User-Agent": "Java-http-client/17.0.15",
}
#: The same for a GET, which says that it has no body.
JAVA_GET: Final = {"Content-Length": "0", **JAVA}
TYPED: Final = {"Content-Type": "application/json"}
JAVA_TYPED: Final = {**JAVA, **TYPED}

#: What is behind the end of a picture is not looked at.
LARGE_PNG: Final = b64encode(b64decode(PNG) + bytes(8_000_000)).decode()

HELLO: Final = [{"role": "user", "content": "Hello?"}]

PARIS: Final = {"city": "Paris"}


def tool(name: str) -> dict[str, Any]:
    """Return the definition of a tool that takes a city."""
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Tells of the {name}.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }


#: ``tool-model`` calls each tool once, and then says what both returned.
TOOLS: Final = [tool("weather"), tool("clock")]
CALLED: Final = "The tools said: rain in Paris, noon in Paris."


def called(name: str, **more: object) -> dict[str, Any]:
    """Return a call as most clients send it back, and what else they put into it."""
    return {**more, "function": {"name": name, "arguments": PARIS}}


def result(content: str, **more: object) -> dict[str, Any]:
    """Return a tool's message, with nothing that says which call it answers unless told."""
    return {"role": "tool", "content": content, **more}


#: The two results with nothing but their text.
RESULTS: Final = [result("rain in Paris"), result("noon in Paris")]


def calling(*calls: object, **more: object) -> dict[str, Any]:
    """Return the message of a model that called tools."""
    return {"role": "assistant", **more, "tool_calls": list(calls)}


def chat(model: str, messages: object = HELLO, **more: object) -> dict[str, Any]:
    """Return the body of a chat; most clients say outright whether it is to be streamed."""
    return {"model": model, "messages": messages, "stream": True, **more}
