"""The messages of a conversation, as clients send them."""

import json
from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.images import parse_media
from ollamaproxy.wire.messages import Message, ToolCall
from ollamaproxy.wire.ollama import ChatRequest, GenerateRequest
from tests.case import Case

PNG = "iVBORw0KGgo="
NO_OBJECT = "Value looks like object, but can't find closing '}' symbol"


def message(**fields: Any) -> Message:
    (decoded,) = ChatRequest.from_json(
        json.dumps({"model": "m", "messages": [fields]}).encode()
    ).messages
    return decoded


def mismatch(kind: str, path: str, go_type: str, struct: str = "ChatRequest") -> str:
    return f"json: cannot unmarshal {kind} into Go struct field {struct}.{path} of type {go_type}"


class Messages(Case):
    def test_nothing(self) -> None:
        """Null is as good as absent, for every field."""
        names = ("role", "content", "thinking", "images", "tool_calls", "tool_name")
        self.assertEqual(message(**dict.fromkeys(names)), Message(role=""))

    def test_everything(self) -> None:
        """Every field arrives."""
        self.assertEqual(
            message(
                role="TOOL",
                content="x",
                thinking="y",
                images=[PNG, None],
                tool_name="f",
                tool_call_id="c",
            ),
            Message(
                role="tool",
                content="x",
                images=(parse_media(PNG),),
                tool_name="f",
                tool_call_id="c",
            ),
        )

    def test_parts(self) -> None:
        """Content in OpenAI's parts is text and pictures; an empty list is no content."""
        url = {"url": f"data:image/png;base64,{PNG}"}
        parts = [
            {"type": "text", "text": "a"},
            {"type": "image_url", "image_url": url},
            {"type": "text", "text": "b"},
            {"type": "image_url", "image_url": PNG},
        ]
        self.assertEqual(
            message(role="user", content=parts, images=[PNG]),
            Message(role="user", content="a\nb", images=(parse_media(PNG),) * 3),
        )
        self.assertEqual(message(role="user", content=[]), Message(role="user"))

    def test_arguments(self) -> None:
        """Arguments may be an object, text with one in it, empty, or not there."""
        for function, arguments in (
            ({"name": "f", "arguments": {"a": 1}}, '{"a":1}'),
            ({"name": "f", "arguments": '{"a": 1}'}, '{"a":1}'),
            ({"name": "f", "arguments": " "}, "{}"),
            ({"name": "f", "arguments": None}, "{}"),
            ({"name": "f"}, "{}"),
        ):
            self.assertEqual(
                message(tool_calls=[{"id": "c", "function": function}]).tool_calls,
                (ToolCall("f", arguments, "c"),),
                str(function),
            )
        self.assertEqual(message(tool_calls=[{}, None]).tool_calls, (ToolCall("", "{}", ""),))

    def test_refused(self) -> None:
        """What does not fit is told in Ollama's words."""
        path = "messages.tool_calls"
        for fields, told in (
            ({"role": 1}, mismatch("number", "messages.role", "string")),
            ({"content": 1}, mismatch("number", "messages.content", "string")),
            ({"content": ["x"]}, mismatch("array", "messages.content", "string")),
            (
                {"content": [{"type": "image_url", "image_url": {}}]},
                mismatch("array", "messages.content", "string"),
            ),
            ({"images": 5}, mismatch("number", "messages.images", "[]api.ImageData")),
            ({"images": [5]}, mismatch("number", "messages.images", "api.ImageData")),
            ({"images": ["http://x"]}, "illegal base64 data at input byte 4"),
            ({"tool_calls": "x"}, mismatch("string", path, "[]api.ToolCall")),
            ({"tool_calls": [1]}, mismatch("number", path, "api.ToolCall")),
            (
                {"tool_calls": [{"function": 1}]},
                mismatch("number", f"{path}.function", "api.ToolCallFunction"),
            ),
            (
                {"tool_calls": [{"function": {"name": 1}}]},
                mismatch("number", f"{path}.function.name", "string"),
            ),
            ({"tool_calls": [{"function": {"arguments": "no"}}]}, NO_OBJECT),
            ({"tool_calls": [{"function": {"arguments": "[]"}}]}, NO_OBJECT),
            ({"tool_calls": [{"function": {"arguments": 5}}]}, NO_OBJECT),
        ):
            with self.assertRaises(BadRequest) as caught:
                message(**fields)
            self.assertEqual(caught.exception.message, told, str(fields))


class Tools(Case):
    def tools(self, *tools: Any) -> Any:
        body = {"model": "m", "tools": list(tools)}
        return ChatRequest.from_json(json.dumps(body).encode()).tools

    def test_definitions(self) -> None:
        """A definition goes on unchanged, but for the type that OpenAI wants."""
        function = {"name": "f", "parameters": {"additionalProperties": False}, "strict": True}
        self.assertEqual(
            self.tools({"type": "x", "function": function}, None, {}),
            ({"type": "function", "function": function}, {"type": "function", "function": {}}),
        )

    def test_refused(self) -> None:
        """What does not fit is told in Ollama's words."""
        for tool, told in (
            (1, mismatch("number", "tools", "api.Tool")),
            ({"function": 1}, mismatch("number", "tools.function", "api.ToolFunction")),
            (
                {"function": {"name": 1}},
                mismatch("number", "tools.function.name", "string", "ToolFunction"),
            ),
            (
                {"function": {"parameters": 1}},
                mismatch(
                    "number",
                    "tools.function.parameters",
                    "api.ToolFunctionParameters",
                    "ToolFunction",
                ),
            ),
        ):
            with self.assertRaises(BadRequest) as caught:
                self.tools(tool)
            self.assertEqual(caught.exception.message, told, str(tool))

    def test_images_of_generate(self) -> None:
        """The pictures of a generate are read in the same way."""
        request = GenerateRequest.from_json(b'{"model":"m","images":["iVBORw0KGgo="]}')
        self.assertEqual(request.images, (parse_media(PNG),))
