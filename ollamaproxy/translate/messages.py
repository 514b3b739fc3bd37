"""
Ollama's conversations to OpenAI's, mended where a strict backend would refuse them.

OpenAI wants every tool call to have an id, and every call to be answered by
exactly one result right after it.  Ollama wants neither, and its clients drop
ids, keep one message for each call, cut histories, or answer in other words.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define

from ollamaproxy.wire.images import Media
from ollamaproxy.wire.messages import Message, ToolCall

_AUDIO_FORMATS = {"audio/wav": "wav", "audio/mpeg": "mp3"}


@define
class _OpenCall:
    """A call that waits for its result."""

    id: str
    name: str


def to_openai(messages: Sequence[Message]) -> tuple[dict[str, Any], ...]:
    """
    Return the messages in OpenAI's form, oldest first.

    The same history always gives the same messages, so that a gateway's cache
    and a model's see nothing new in a conversation that has only grown.
    """
    conversation = _Conversation()
    for index, message in enumerate(messages):
        if message.role == "tool":
            conversation.add_result(message)
        elif message.tool_calls:
            conversation.add_calls(message, index)
        else:
            conversation.add(message)
    conversation.close_calls()
    return tuple(conversation.messages)


class _Conversation:
    """OpenAI's messages so far, and the calls in the last of them that wait for a result."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self._open: list[_OpenCall] = []
        self._pictures: list[Media] = []  # of the results so far
        self._answered = True  # whether a result has come since the last calls

    def add(self, message: Message) -> None:
        """Add a message that has nothing to do with tools."""
        if self._open and message.role == "user" and not (message.content or message.images):
            # Koog 1 says nothing before each result: it would part the result from its call.
            return
        self.close_calls()
        self.messages.append(
            # Ollama lets a message without role through; OpenAI does not.
            {"role": message.role or "user", "content": _content(message.content, message.images)}
        )

    def add_calls(self, message: Message, index: int) -> None:
        """Add an assistant's calls: to the message before, if that has calls and no results."""
        ids = [
            call.id or _invented_id(index, place, call)
            for place, call in enumerate(message.tool_calls)
        ]
        calls = [_call(call, id_) for call, id_ in zip(message.tool_calls, ids, strict=True)]
        if self._open and not self._answered and not message.content:
            # Koog writes one message for each call of one turn.
            self.messages[-1]["tool_calls"].extend(calls)
        else:
            self.close_calls()
            self.messages.append(
                {"role": "assistant", "content": message.content or None, "tool_calls": calls}
            )
        self._open += [
            _OpenCall(id_, call.name) for call, id_ in zip(message.tool_calls, ids, strict=True)
        ]
        self._answered = False

    def add_result(self, message: Message) -> None:
        """Add a tool's result to the call that it names by id, by name, or by its place."""
        call = self._call_of(message)
        if call is None:
            # Its call was cut off the history, say.  Losing the text would be worse.
            what = f"Tool {message.tool_name}" if message.tool_name else "A tool"
            text = f"{what} returned: {message.content}"
            self.add(Message(role="user", content=text, images=message.images))
            return
        self._open.remove(call)
        self._answered = True
        self.messages.append({"role": "tool", "tool_call_id": call.id, "content": message.content})
        self._pictures += message.images

    def _call_of(self, message: Message) -> _OpenCall | None:
        for call in self._open:
            if message.tool_call_id and call.id == message.tool_call_id:
                return call
        for call in self._open:
            if message.tool_name and call.name == message.tool_name:
                return call
        return self._open[0] if self._open else None

    def close_calls(self) -> None:
        """Answer the calls that have no result: OpenAI refuses a call without one."""
        self.messages += [
            {"role": "tool", "tool_call_id": call.id, "content": ""} for call in self._open
        ]
        self._open = []
        if self._pictures:
            # A tool's message holds text only, so its pictures follow all results.
            self.messages.append({"role": "user", "content": _content("", self._pictures)})
            self._pictures = []


def _invented_id(message_index: int, call_index: int, call: ToolCall) -> str:
    """Make an id that depends on nothing but the history before it."""
    source = f"{message_index} {call_index} {call.name} {call.arguments}"
    return "call_" + hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _call(call: ToolCall, id_: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": id_, "type": "function", "function": function}


def _content(text: str, media: Iterable[Media]) -> Any:
    """Return text as it is, or a list of parts if there are pictures or sounds."""
    parts = [_part(item) for item in media]
    if not parts:
        return text
    return [{"type": "text", "text": text}, *parts] if text else parts


def _part(media: Media) -> dict[str, Any]:
    audio_format = _AUDIO_FORMATS.get(media.media_type)
    if audio_format is not None:
        return {
            "type": "input_audio",
            "input_audio": {"data": media.base64, "format": audio_format},
        }
    return {"type": "image_url", "image_url": {"url": media.data_url}}
