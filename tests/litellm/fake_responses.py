"""
OpenAI's newer protocol, ``/v1/responses``, in terms of the older one.

:func:`as_chat` turns a request into that for a chat completion, and
:class:`Response` what is answered to it into the events of a response.

Standard library only, and nothing of ollamaproxy's, as for ``fake_upstream``.
"""

from collections.abc import Mapping
from typing import Any

Event = dict[str, Any]


def as_chat(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model, messages, tools and schema of a request, without tools of other kinds."""
    asked = request["input"]
    if isinstance(asked, str):
        asked = [{"role": "user", "content": asked}]
    messages: list[dict[str, Any]] = []
    for item in asked:
        message = _message_of(item)
        if message and "tool_calls" in message and messages and "tool_calls" in messages[-1]:
            messages[-1]["tool_calls"] += message["tool_calls"]
        elif message:
            messages.append(message)
    tools = [
        {
            "type": "function",
            "function": {"name": tool["name"], "parameters": tool["parameters"]},
        }
        for tool in request.get("tools", ())
        if tool["type"] == "function"
    ]
    chat = {"model": request["model"], "messages": messages, "tools": tools}
    form = (request.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        chat["response_format"] = {"type": "json_schema", "json_schema": form}
    return chat


def _part_of(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "input_image":
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    return {"type": "text", "text": part["text"]}


def _message_of(item: Mapping[str, Any]) -> dict[str, Any] | None:
    match item.get("type", "message"):
        case "message":
            content = item["content"]
            if not isinstance(content, str):
                content = [_part_of(part) for part in content]
            return {"role": item["role"], "content": content}
        case "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": function}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        case "function_call_output":
            return {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
    return None  # thoughts


class Response:
    """
    A response that comes into being; each method returns the events for what it tells.

    The message, if there is one, comes after the thoughts and before the calls.
    One that tells of nothing else ends with an empty message.
    """

    def __init__(self, model: str) -> None:
        """Begin with nothing."""
        self._number = 0
        self._text: str | None = None
        self._items: list[Event] = []
        self._begun: Event = {
            "id": "resp_1",
            "object": "response",
            "created_at": 1700000000,
            "status": "in_progress",
            "model": model,
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "temperature": 1.0,
            "top_p": 1.0,
        }

    def begin(self) -> list[Event]:
        """Tell that there is a response."""
        return [
            self._event("response.created", response=self._begun),
            self._event("response.in_progress", response=self._begun),
        ]

    def think(self, text: str) -> list[Event]:
        """Tell all of the thoughts, as a summary."""
        place = {"item_id": "rs_1", "summary_index": 0}
        part = {"type": "summary_text", "text": text}
        item = {"type": "reasoning", "id": "rs_1", "summary": [part]}
        empty = part | {"text": ""}
        return [
            self._event("response.output_item.added", item=item | {"summary": []}),
            self._event("response.reasoning_summary_part.added", **place, part=empty),
            self._event("response.reasoning_summary_text.delta", **place, delta=text),
            self._event("response.reasoning_summary_text.done", **place, text=text),
            self._event("response.reasoning_summary_part.done", **place, part=part),
            self._end_item(item),
        ]

    def say(self, text: str) -> list[Event]:
        """Tell a piece of the message."""
        events = []
        if self._text is None:
            self._text = ""
            empty = _message("", "in_progress")
            [part] = empty["content"]
            events = [
                self._event("response.output_item.added", item=empty | {"content": []}),
                self._event("response.content_part.added", **self._place(), part=part),
            ]
        self._text += text
        delta = {"delta": text, "logprobs": []}
        return [*events, self._event("response.output_text.delta", **self._place(), **delta)]

    def call(self, call_id: str, name: str, arguments: str) -> list[Event]:
        """Tell of a call, after the message."""
        events = self._end_message()
        item = {
            "type": "function_call",
            "id": f"fc_{call_id}",
            "call_id": call_id,
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        begun = item | {"arguments": "", "status": "in_progress"}
        where = {"item_id": item["id"]}
        return [
            *events,
            self._event("response.output_item.added", item=begun),
            self._event("response.function_call_arguments.delta", **where, delta=arguments),
            self._event("response.function_call_arguments.done", **where, arguments=arguments),
            self._end_item(item),
        ]

    def fail(self, message: str) -> list[Event]:
        """Tell that there is no more, and why."""
        failed = self._begun | {
            "status": "failed",
            "output": self._items,
            "error": {"code": "server_error", "message": message},
        }
        return [self._event("response.failed", response=failed)]

    def end(self) -> list[Event]:
        """Tell the whole response."""
        events = self._end_message() if self._items else self.say("") + self._end_message()
        usage = {
            "input_tokens": 11,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 18,
        }
        ended = self._begun | {"status": "completed", "output": self._items, "usage": usage}
        return [*events, self._event("response.completed", response=ended)]

    def _end_message(self) -> list[Event]:
        if self._text is None:
            return []
        message = _message(self._text, "completed")
        [part] = message["content"]
        done = {"text": self._text, "logprobs": []}
        self._text = None
        return [
            self._event("response.output_text.done", **self._place(), **done),
            self._event("response.content_part.done", **self._place(), part=part),
            self._end_item(message),
        ]

    def _end_item(self, item: Event) -> Event:
        event = self._event("response.output_item.done", item=item)
        self._items.append(item)
        return event

    def _place(self) -> Event:
        return {"item_id": "msg_1", "content_index": 0}

    def _event(self, kind: str, **more: object) -> Event:
        event: Event = {"type": kind, "sequence_number": self._number, **more}
        if "response" not in more:
            event["output_index"] = len(self._items)
        self._number += 1
        return event


def _message(text: str, status: str) -> Event:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {
        "type": "message",
        "id": "msg_1",
        "status": status,
        "role": "assistant",
        "content": [part],
    }
