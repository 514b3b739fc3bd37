"""
The messages of a conversation, as Ollama's clients send them.

More is taken than a real Ollama takes, where a client is known to send it:
content as a list of parts, data URLs, and arguments of a tool call as text.

Source: ollama/ollama api/types.go (Message, ToolCall, Tool).
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_struct import (
    STRING,
    Fit,
    WrongType,
    anything,
    decode_fields,
    kind_of,
    list_of,
)
from ollamaproxy.wire.images import Media, parse_media
from ollamaproxy.wire.json_text import decode, encode

#: What Ollama's own decoder of arguments says of whatever is not an object.
_NO_OBJECT = "Value looks like object, but can't find closing '}' symbol"


@frozen
class ToolCall:
    """
    A call that an assistant's message asks for.

    Attributes:
        name: Of the function.
        arguments: A JSON object as text.
        id: What the call's result names it by; empty if the client dropped it,
            as the official libraries do.
    """

    name: str
    arguments: str = "{}"
    id: str = ""


@frozen(kw_only=True)
class Message:
    """
    One turn of a conversation.

    Attributes:
        role: ``system``, ``user``, ``assistant``, ``tool`` or any other word;
            lower case, as Ollama makes it.  It is not checked.
        content: The text; empty when absent.
        images: Pictures and sounds, in order.
        tool_calls: Of an assistant's message, in order.
        tool_name: Of a tool's message: which function's result it is; may be empty.
        tool_call_id: Of a tool's message: which call's result it is; may be empty.
    """

    role: str
    content: str = ""
    images: tuple[Media, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


def question(prompt: str, system: str = "", images: tuple[Media, ...] = ()) -> tuple[Message, ...]:
    """Return the conversation that consists of one question, after ``system`` if there is any."""
    instructions = (Message(role="system", content=system),) if system else ()
    return (*instructions, Message(role="user", content=prompt, images=images))


def fit_messages(value: Any, path: str) -> tuple[Message, ...]:
    """
    Be the fit of a list of messages.

    Ollama decodes messages with functions of their own, so the first wrong
    type in one ends the decoding: hence BadRequest and not WrongType.
    """
    if not isinstance(value, list):
        raise WrongType(kind_of(value), path, "[]api.Message")
    try:
        return tuple(_message(item, path) for item in value)
    except WrongType as wrong:
        raise BadRequest(
            f"json: cannot unmarshal {wrong.kind} into Go struct field "
            f"ChatRequest.{wrong.path} of type {wrong.go_type}"
        ) from wrong


def fit_images(value: Any, path: str) -> tuple[Media, ...]:
    """Be the fit of a list of pictures and sounds; null stands for none."""
    if not isinstance(value, list):
        raise WrongType(kind_of(value), path, "[]api.ImageData")
    found = []
    for item in value:
        if item is not None:
            if not isinstance(item, str):
                raise WrongType(kind_of(item), path, "api.ImageData")
            found.append(parse_media(item))
    return tuple(found)


def _content(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return value, ()
    if isinstance(value, list):
        return _parts(value, path)
    raise WrongType(kind_of(value), path, "string")


def _parts(parts: list[Any], path: str) -> tuple[str, tuple[Media, ...]]:
    """Return the text and the pictures of OpenAI's form of content."""
    texts: list[str] = []
    images: list[Media] = []
    for part in parts:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind == "image_url":
            url = part.get("image_url")
            url = url.get("url") if isinstance(url, dict) else url
            if not isinstance(url, str):
                raise WrongType("array", path, "string")
            images.append(parse_media(url))
        else:
            raise WrongType("array", path, "string")
    return "\n".join(texts), tuple(images)


def _arguments(value: Any, _path: str) -> str:
    """Return arguments as JSON text; clients send them as an object, as text, or as ``""``."""
    if isinstance(value, str):
        if not value.strip():
            return "{}"
        try:
            value = decode(value)
        except ValueError as error:
            raise BadRequest(_NO_OBJECT) from error
    if not isinstance(value, dict):
        raise BadRequest(_NO_OBJECT)
    return encode(value)


_FUNCTION_FIELDS: Mapping[str, Fit] = {"name": STRING, "arguments": _arguments}


def _function(value: Any, path: str) -> dict[str, Any]:
    return decode_fields(value, _FUNCTION_FIELDS, path, "api.ToolCallFunction")


_CALL_FIELDS: Mapping[str, Fit] = {"id": STRING, "function": _function}


def _tool_call(value: Any, path: str) -> ToolCall:
    fields = decode_fields(value, _CALL_FIELDS, path, "api.ToolCall")
    function = fields.get("function", {})
    return ToolCall(function.get("name", ""), function.get("arguments", "{}"), fields.get("id", ""))


_MESSAGE_FIELDS: Mapping[str, Fit] = {
    "role": STRING,
    "content": _content,
    "thinking": STRING,
    "images": fit_images,
    "tool_calls": list_of(_tool_call, "[]api.ToolCall"),
    "tool_name": STRING,
    "tool_call_id": STRING,
}


def _message(value: Any, path: str) -> Message:
    fields = decode_fields(value, _MESSAGE_FIELDS, path, "api.Alias")
    content, images = fields.get("content", ("", ()))
    return Message(
        role=fields.get("role", "").lower(),
        content=content,
        images=(*images, *fields.get("images", ())),
        tool_calls=tuple(fields.get("tool_calls", ())),
        tool_name=fields.get("tool_name", ""),
        tool_call_id=fields.get("tool_call_id", ""),
    )


_TOOL_FUNCTION_FIELDS: Mapping[str, Fit] = {"name": STRING, "description": STRING}


def fit_tool(value: Any, path: str) -> Mapping[str, Any]:
    """
    Be the fit of a tool's definition.

    Unlike Ollama, which drops what it does not know of a schema, it goes on
    unchanged, but for the ``type`` that OpenAI wants.
    """
    if not isinstance(value, dict):
        raise WrongType(kind_of(value), path, "api.Tool")
    function = decode_fields(value, {"function": anything}, path, "api.Tool").get("function", {})
    path = f"{path}.function"
    if not isinstance(function, dict):
        raise WrongType(kind_of(function), path, "api.ToolFunction")
    try:
        decode_fields(function, _TOOL_FUNCTION_FIELDS, path, "api.ToolFunction")
    except WrongType as wrong:
        # The function has a decoder of its own in Ollama, which names its own struct.
        raise WrongType(wrong.kind, wrong.path, wrong.go_type, "ToolFunction") from wrong
    parameters = function.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise WrongType(
            kind_of(parameters), f"{path}.parameters", "api.ToolFunctionParameters", "ToolFunction"
        )
    return {"type": "function", "function": function}
