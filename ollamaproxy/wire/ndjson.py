"""
The replies of ``/api/chat`` and ``/api/generate``: values, and their JSON on one line.

The order of keys is Ollama's; optional keys are left out, never null.
"""

from abc import ABC, abstractmethod

from attrs import define, frozen

from ollamaproxy.wire.json_text import quote


# Not frozen: one is made for every token, and freezing triples the cost of that.
@define
class Chunk:
    """
    A piece of a reply, or all of it.

    Attributes:
        content: Text of the answer; may be empty.
        thinking: Text of the model's thinking; may be empty.
    """

    content: str = ""
    thinking: str = ""


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

    def to_json(self) -> str:
        """Return the keys from ``done`` on, without the braces."""
        figures = "".join(f',"{key}":{value}' for key, value in self.statistics if value)
        return f'"done":true,"done_reason":{quote(self.done_reason)}{figures}'


class Layout(ABC):
    """
    How one endpoint writes a reply; knows the model, which every object names.

    What is the same in all lines of a stream is put together once.
    """

    def __init__(self, model: str) -> None:
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
        return f'{self._head}{created_at}","message":{_message(chunk)},"done":false}}'

    def last(self, created_at: str, chunk: Chunk, ending: Ending) -> str:
        """Implement :meth:`Layout.last`."""
        return f'{self._head}{created_at}","message":{_message(chunk)},{ending.to_json()}}}'


def _message(chunk: Chunk) -> str:
    thinking = f',"thinking":{quote(chunk.thinking)}' if chunk.thinking else ""
    return f'{{"role":"assistant","content":{quote(chunk.content)}{thinking}}}'


class GenerateLayout(Layout):
    """``{"model":…,"created_at":…,"response":…,"done":…}``."""

    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Implement :meth:`Layout.piece`."""
        return f'{self._head}{created_at}",{_response(chunk)},"done":false}}'

    def last(self, created_at: str, chunk: Chunk, ending: Ending) -> str:
        """Implement :meth:`Layout.last`."""
        return f'{self._head}{created_at}",{_response(chunk)},{ending.to_json()}}}'


def _response(chunk: Chunk) -> str:
    thinking = f',"thinking":{quote(chunk.thinking)}' if chunk.thinking else ""
    return f'"response":{quote(chunk.content)}{thinking}'


def error_object(message: str) -> str:
    """Return Ollama's form of an error: ``error`` is always a text."""
    return f'{{"error":{quote(message)}}}'
