"""
The scenarios in Ollama's own protocol, for HTTP clients that know nothing of it.

What users of such clients write themselves: paths, and bodies of JSON.  The
clients do the rest, each in a program of its own.

Standard library only.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from reporting import Act

Json = Mapping[str, Any]


class Client(Protocol):
    """An HTTP client."""

    def get(self, path: str) -> Sequence[str]:
        """Return the lines of the reply to a GET."""

    def post(self, path: str, body: Json) -> Sequence[str]:
        """Return the lines of the reply to a POST, whatever its status is."""


def acts_of(client: Client) -> Mapping[str, Act]:
    """Return the scenarios, done by a client."""
    return {
        name: getattr(Conversation(client), name)
        for name in (
            *("list", "show", "chat", "stream", "tools", "structured", "image"),
            *("thinking", "fill", "embeddings", "unknown", "broken"),
        )
    }


class Conversation:
    """What is asked, and what is made of the replies."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, _asked: Json) -> Json:
        """Name the models."""
        (line,) = self._client.get("/api/tags")
        return {"models": [model["name"] for model in json.loads(line)["models"]]}

    def show(self, asked: Json) -> Json:
        """Tell what a model can do."""
        shown = self._whole("/api/show", {"model": asked["model"]})
        return {
            "capabilities": shown["capabilities"],
            "context": shown["model_info"]["openai.context_length"],
        }

    def chat(self, asked: Json) -> Json:
        """Get an answer at once."""
        return {"text": self._message(asked)["content"]}

    def stream(self, asked: Json) -> Json:
        """Get an answer line by line."""
        chunks = [json.loads(line) for line in self._lines(asked)]
        if [chunk["done"] for chunk in chunks] != [False] * (len(chunks) - 1) + [True]:
            raise ValueError(f"the last line is not the end: {chunks}")
        return {"pieces": [text for chunk in chunks if (text := chunk["message"]["content"])]}

    def tools(self, asked: Json) -> Json:
        """Call tools and tell what they returned."""
        offered = [
            {
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
            for name in asked["tools"]
        ]
        talk = [{"role": "user", "content": asked["prompt"]}]
        talk.append(self._message(asked, messages=talk, tools=offered))
        calls = [call["function"] for call in talk[-1]["tool_calls"]]
        talk += [
            {"role": "tool", "tool_name": call["name"], "content": asked["tools"][call["name"]]}
            for call in calls
        ]
        return {
            "calls": [[call["name"], call["arguments"]] for call in calls],
            "text": self._message(asked, messages=talk, tools=offered)["content"],
        }

    def structured(self, asked: Json) -> Json:
        """Get an answer in a form."""
        return {"value": json.loads(self._message(asked, format=asked["schema"])["content"])}

    def image(self, asked: Json) -> Json:
        """Show a picture."""
        message = {"role": "user", "content": asked["prompt"], "images": [asked["png"]]}
        return {"text": self._message(asked, messages=[message])["content"]}

    def thinking(self, asked: Json) -> Json:
        """Get thoughts and an answer."""
        message = self._message(asked, think=True)
        return {"thinking": message["thinking"], "text": message["content"]}

    def fill(self, asked: Json) -> Json:
        """Have a gap filled."""
        wanted = {"model": asked["model"], "prompt": asked["prefix"], "suffix": asked["suffix"]}
        return {"text": self._whole("/api/generate", {**wanted, "stream": False})["response"]}

    def embeddings(self, asked: Json) -> Json:
        """Get vectors."""
        wanted = {"model": asked["model"], "input": asked["texts"]}
        return {"vectors": self._whole("/api/embed", wanted)["embeddings"]}

    def unknown(self, asked: Json) -> Json:
        """Return what the reply says of a model that is not there."""
        return {"error": json.loads(self._lines(asked)[-1]).get("error")}

    broken = unknown

    def _lines(self, asked: Json, **wanted: Any) -> Sequence[str]:
        messages = [{"role": "user", "content": asked["prompt"]}]
        body = {"model": asked["model"], "messages": messages, **wanted}
        return self._client.post("/api/chat", body)

    def _message(self, asked: Json, **wanted: Any) -> dict[str, Any]:
        (line,) = self._lines(asked, stream=False, **wanted)
        return json.loads(line)["message"]

    def _whole(self, path: str, body: Json) -> Json:
        (line,) = self._client.post(path, body)
        return json.loads(line)
