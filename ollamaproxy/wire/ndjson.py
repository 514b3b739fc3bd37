"""
The replies of ``/api/chat`` and ``/api/generate``: values, and their JSON on one line.

The order of keys is Ollama's; optional keys are left out, never null.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, frozen

from ollamaproxy.wire.json_text import encode, quote


@frozen
class WholeToolCall:
    """
    A tool call as Ollama's clients get it.

    Attributes:
        id: Never empty.
        name: Of the function.
        arguments: A JSON object.
    """

    id: str
    name: str
    arguments: Mapping[str, Any]


# Not frozen: one is made for every token, and freezing triples the cost of that.
@define
class Chunk:
    """
    A piece of a reply, or all of it.

    Attributes:
        content: Text of the answer; may be empty.
        thinking: Text of the model's thinking; may be empty.
        tool_calls: All calls of the reply; never some of them.
        logprobs: One object a token, in Ollama's form.
    """

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[WholeToolCall, ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] = ()


@frozen
class Ending:
    """
    What the last line of a reply says.

    Attributes:
        done_reason: ``stop``, ``length``, ``load`` or ``unload``.
        statistics: Key to value in Ollama's order: durations in nanoseconds
            and token counts.  Zeros are left out, as Ollama does.
    """

    done_reason: str
    statistics: tuple[tuple[str, int], ...] = ()

    @property
    def reason_json(self) -> str:
        """The keys ``done`` and ``done_reason``, without braces."""
        return f'"done":true,"done_reason":{quote(self.done_reason)}'

    @property
    def statistics_json(self) -> str:
        """The keys of the statistics, each with a comma in front."""
        return "".join(f',"{key}":{value}' for key, value in self.statistics if value)


class Layout(ABC):
    """
    How one endpoint writes a reply; knows the model, which every object names.

    What is the same in all lines of a stream is put together once.

    Attributes:
        model: As the client wrote it.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self._head = f'{{"model":{quote(model)},"created_at":"'

    @abstractmethod
    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Return the object for a piece of a reply that goes on."""

    @abstractmethod
    def last(self, created_at: str, chunk: Chunk, ending: Ending) -> str:
        """Return the object that ends a reply; a reply in one object has all its text in it."""


class ChatLayout(Layout):
    """``{"model":…,"created_at":…,"message":{"role":"assistant","content":…},"done":…}``."""

    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Implement :meth:`Layout.piece`."""
        more = _more(chunk) if chunk.thinking or chunk.tool_calls else ""
        logprobs = _logprobs(chunk) if chunk.logprobs else ""
        # In one, without a call for each part: there is one of it for every token.
        return (
            f'{self._head}{created_at}","message":{{"role":"assistant",'
            f'"content":{quote(chunk.content)}{more}}},"done":false{logprobs}}}'
        )

    def last(self, created_at: str, chunk: Chunk, ending: Ending) -> str:
        """Implement :meth:`Layout.last`."""
        return (
            f'{self._head}{created_at}","message":{{"role":"assistant",'
            f'"content":{quote(chunk.content)}{_more(chunk)}}},'
            f"{ending.reason_json}{_logprobs(chunk)}{ending.statistics_json}}}"
        )


def _more(chunk: Chunk) -> str:
    """Return what a message has beside its text, each with a comma in front."""
    thinking = f',"thinking":{quote(chunk.thinking)}' if chunk.thinking else ""
    calls = f',"tool_calls":{_tool_calls(chunk.tool_calls)}' if chunk.tool_calls else ""
    return thinking + calls


def _tool_calls(calls: Iterable[WholeToolCall]) -> str:
    """Return the calls, all on one line; llm.el wants the id in front of the function."""
    return encode(
        [
            {
                "id": call.id,
                "function": {"index": index, "name": call.name, "arguments": call.arguments},
            }
            for index, call in enumerate(calls)
        ]
    )


def _logprobs(chunk: Chunk) -> str:
    return f',"logprobs":{encode(chunk.logprobs)}' if chunk.logprobs else ""


class GenerateLayout(Layout):
    """
    ``{"model":…,"created_at":…,"response":…,"done":…}``.

    The last line of an answer has an empty ``context``: there are no token ids
    to be had, and clients such as ComfyUI's demand the key.
    """

    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Implement :meth:`Layout.piece`."""
        return f'{self._head}{created_at}",{_response(chunk)},"done":false{_logprobs(chunk)}}}'

    def last(self, created_at: str, chunk: Chunk, ending: Ending) -> str:
        """Implement :meth:`Layout.last`."""
        context = ',"context":[]' if ending.statistics else ""
        return (
            f'{self._head}{created_at}",{_response(chunk)},{ending.reason_json}'
            f"{context}{ending.statistics_json}{_logprobs(chunk)}}}"
        )


def _response(chunk: Chunk) -> str:
    thinking = f',"thinking":{quote(chunk.thinking)}' if chunk.thinking else ""
    return f'"response":{quote(chunk.content)}{thinking}'


def error_object(message: str) -> str:
    """Return Ollama's form of an error: ``error`` is always a text."""
    return f'{{"error":{quote(message)}}}'
