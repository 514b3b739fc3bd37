"""
Tool calls: from the pieces of a stream to whole ones.

Ollama's clients get a call in one piece with its arguments as an object.

Source: what LiteLLM 1.106 passes on from good and from broken servers.
"""

import json
from collections.abc import Callable
from typing import Any

from attrs import define

from ollamaproxy.errors import ToolCallGarbled
from ollamaproxy.wire.json_text import decode
from ollamaproxy.wire.ndjson import WholeToolCall
from ollamaproxy.wire.openai import ToolCallPiece


@define
class _Call:
    """A call that is being put together."""

    index: int | None
    id: str
    name: str
    arguments: str

    def is_whole(self) -> bool:
        """Whether its arguments are a JSON text already, so that more would spoil them."""
        try:
            json.loads(self.arguments)
        except ValueError:
            return False
        return True


class ToolCallGatherer:
    """Gathers the pieces of all calls of one reply."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        """
        Begin.

        Args:
            new_id: Makes an id for a call that has come without one.
        """
        self._new_id = new_id
        self._calls: list[_Call] = []

    def add(self, piece: ToolCallPiece) -> None:
        """Take a piece: the beginning of a call, or what follows in one that has begun."""
        call = self._call_of(piece)
        if call is None:
            self._calls.append(_Call(piece.index, piece.id, piece.name, piece.arguments))
            return
        # The first id and name count: some servers repeat them on each piece.
        call.id = call.id or piece.id
        call.name = call.name or piece.name
        call.arguments += piece.arguments

    def _call_of(self, piece: ToolCallPiece) -> _Call | None:
        """
        Return the call that a piece goes on with, or ``None`` if it begins one.

        Indexes alone cannot be trusted: some servers give none, others give
        every call 0.  So an id that differs begins a call, and so does a name
        where the call before is whole already.
        """
        same_index = [call for call in self._calls if call.index == piece.index]
        if piece.index is None:
            same_index = self._calls
        if not same_index:
            return None
        call = same_index[-1]
        if piece.id and call.id and piece.id != call.id:
            return None
        if piece.name and call.name and not piece.id and call.is_whole():
            return None
        return call

    def whole_calls(self) -> tuple[WholeToolCall, ...]:
        """
        Return all calls, in the order in which they began.

        Raises:
            ToolCallGarbled: The arguments of one are not a JSON object; they
                were cut off, or the model made a mistake.
        """
        return tuple(
            WholeToolCall(call.id or self._new_id(), call.name, _arguments(call))
            for call in self._calls
        )


def _arguments(call: _Call) -> dict[str, Any]:
    if not call.arguments.strip():
        return {}
    try:
        arguments = decode(call.arguments)
    except ValueError:
        arguments = call.arguments
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise ToolCallGarbled(
            f'model returned invalid tool call arguments for "{call.name}": {call.arguments[:200]}'
        )
    return arguments
