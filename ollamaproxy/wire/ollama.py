"""
The requests of Ollama's own API, as values.

Absent and ``null`` mean the same, unknown keys are ignored, and a wrong type is
a :class:`~ollamaproxy.errors.BadRequest` in Ollama's words.

Source: ollama/ollama api/types.go and server/routes.go.
"""

from collections.abc import Mapping
from typing import Any, Self

from attrs import Factory, frozen

from ollamaproxy.errors import BadRequest, ModelNotFound
from ollamaproxy.wire.go_duration import parse_keep_alive
from ollamaproxy.wire.go_struct import BOOL, MAP, STRING, Fit, Struct, WrongType, anything, kind_of
from ollamaproxy.wire.json_text import decode_body

#: What a request without ``keep_alive`` means, in seconds (OLLAMA_KEEP_ALIVE).
DEFAULT_KEEP_ALIVE_S = 300.0


@frozen(kw_only=True)
class Message:
    """
    One turn of a conversation.

    Attributes:
        role: ``system``, ``user``, ``assistant``, ``tool`` or any other word;
            lower case, as Ollama makes it.  It is not checked.
        content: The text; empty when absent.
    """

    role: str
    content: str = ""


_MESSAGE_FIELDS: Mapping[str, Fit] = {"role": STRING, "content": STRING}


def _messages(value: Any, path: str) -> tuple[Message, ...]:
    if not isinstance(value, list):
        raise WrongType(kind_of(value), path, "[]api.Message")
    return tuple(_message(item, path) for item in value)


def _message(value: Any, path: str) -> Message:
    """
    Decode one message.

    Ollama decodes messages with a function of their own, so the first wrong
    type in one ends the decoding: hence BadRequest and not WrongType.
    """
    try:
        if value is None:
            return Message(role="")
        if not isinstance(value, dict):
            raise WrongType(kind_of(value), path, "api.Alias")
        fields: dict[str, Any] = {}
        for key, item in value.items():
            name = key.lower()
            if name in _MESSAGE_FIELDS and item is not None:
                fields[name] = _MESSAGE_FIELDS[name](item, f"{path}.{name}")
    except WrongType as wrong:
        raise BadRequest(
            f"json: cannot unmarshal {wrong.kind} into Go struct field "
            f"ChatRequest.{wrong.path} of type {wrong.go_type}"
        ) from wrong
    return Message(role=fields.get("role", "").lower(), content=fields.get("content", ""))


def _keep_alive(value: Any, _path: str) -> float:
    return parse_keep_alive(value)


_COMMON: Mapping[str, Fit] = {
    "model": STRING,
    "stream": BOOL,
    "options": MAP,
    "keep_alive": _keep_alive,
    "prompt": STRING,
    "system": STRING,
}
_CHAT = Struct("ChatRequest", {**_COMMON, "messages": _messages})
_GENERATE = Struct("GenerateRequest", {**_COMMON, "context": anything})


@frozen(kw_only=True)
class ChatRequest:
    """
    The body of ``POST /api/chat``.

    Attributes:
        model: As the client wrote it; never empty.
        messages: The conversation, oldest first; empty asks to load or unload.
        stream: Whether the reply comes in lines as it is made.
        options: Sampling options by Ollama's names, unchecked.
        keep_alive_s: How long to keep the model; negative is for ever, 0 unloads.
    """

    model: str
    messages: tuple[Message, ...] = ()
    stream: bool = True
    options: Mapping[str, Any] = Factory(dict)
    keep_alive_s: float = DEFAULT_KEEP_ALIVE_S

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """
        Decode a request body.

        A body with ``prompt`` (and perhaps ``system``) instead of ``messages``
        is a conversation of that one question: this daemon's specification
        has such an example, a real Ollama would take it as a request to load.

        Raises:
            BadRequest: In Ollama's words.
        """
        fields = _CHAT.decode(decode_body(body))
        if not fields.get("model"):
            raise BadRequest("model is required")
        messages = fields.get("messages", ())
        if not messages and fields.get("prompt"):
            messages = question(fields["prompt"], fields.get("system", ""))
        return cls(
            model=fields["model"],
            messages=messages,
            stream=fields.get("stream", True),
            options=fields.get("options", {}),
            keep_alive_s=fields.get("keep_alive", DEFAULT_KEEP_ALIVE_S),
        )


@frozen(kw_only=True)
class GenerateRequest:
    """
    The body of ``POST /api/generate``.

    Attributes:
        model: As the client wrote it; never empty.
        prompt: The text to go on from; empty asks to load or unload.
        system: Instructions that stand in front of the prompt; may be empty.
        stream, options, keep_alive_s: As in :class:`ChatRequest`.
    """

    model: str
    prompt: str = ""
    system: str = ""
    stream: bool = True
    options: Mapping[str, Any] = Factory(dict)
    keep_alive_s: float = DEFAULT_KEEP_ALIVE_S

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """
        Decode a request body.

        Raises:
            BadRequest: In Ollama's words.
            ModelNotFound: ``model`` is missing; here Ollama says 404.
        """
        fields = _GENERATE.decode(decode_body(body))
        if not fields.get("model"):
            raise ModelNotFound("model '' not found")
        return cls(
            model=fields["model"],
            prompt=fields.get("prompt", ""),
            system=fields.get("system", ""),
            stream=fields.get("stream", True),
            options=fields.get("options", {}),
            keep_alive_s=fields.get("keep_alive", DEFAULT_KEEP_ALIVE_S),
        )


def question(prompt: str, system: str) -> tuple[Message, ...]:
    """Return the conversation that consists of one question, after ``system`` if there is any."""
    instructions = (Message(role="system", content=system),) if system else ()
    return (*instructions, Message(role="user", content=prompt))
