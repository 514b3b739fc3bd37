"""
Thinking that comes inside of the text, between ``<think>`` and ``</think>``.

Gateways split it off for models that they know; for others it is in the text of
a stream, and would end up in commit messages and applied edits.
"""

from enum import Enum, auto
from typing import Final

OPENING: Final = "<think>"
CLOSING: Final = "</think>"


class _State(Enum):
    BEFORE = auto()  # nothing but blanks has come, or the beginning of the opening tag
    THINKING = auto()
    AFTER = auto()  # blanks between the closing tag and the text
    TEXT = auto()


class ThinkTagSplitter:
    """
    Tells thinking from text, wherever the pieces of a stream are cut.

    Only at the beginning of a reply is a tag one: further on it is text that
    somebody asked for.  The blanks around the tags go with them.

    Attributes:
        settled: Whether all that still comes is text, so that nobody need ask.
    """

    def __init__(self) -> None:
        self.settled = False
        self._state = _State.BEFORE
        self._held = ""  # what may yet turn out to be a tag, or blanks
        self._begun = False  # whether any thinking has come out

    def split(self, piece: str) -> tuple[str, str]:
        """Return what is certain so far: thinking and text, each possibly empty."""
        thinking, text = "", ""
        self._held += piece
        if self._state is _State.BEFORE:
            start = self._held.lstrip()
            if start.startswith(OPENING):
                self._state = _State.THINKING
                self._held = start.removeprefix(OPENING)
            elif not OPENING.startswith(start):
                self._state = _State.TEXT
        if self._state is _State.THINKING:
            thinking = self._take_thinking()
        if self._state is _State.AFTER:
            self._held = self._held.lstrip()
            if self._held:
                self._state = _State.TEXT
        if self._state is _State.TEXT:
            text, self._held = self._held, ""
            self.settled = True
        return thinking, text

    def _take_thinking(self) -> str:
        if not self._begun:
            self._held = self._held.lstrip()
        thinking, closing, rest = self._held.partition(CLOSING)
        if closing:
            self._state = _State.AFTER
            self._held = rest
            return thinking.rstrip()
        # The end may be the beginning of the closing tag, or blanks before it.
        kept = thinking.rstrip()
        for length in range(min(len(CLOSING) - 1, len(kept)), 0, -1):
            if kept.endswith(CLOSING[:length]):
                kept = kept[:-length].rstrip()
                break
        self._held = thinking[len(kept) :]
        self._begun = self._begun or bool(kept)
        return kept

    def rest(self) -> tuple[str, str]:
        """Return what was held back, now that nothing more comes: thinking and text."""
        held, self._held = self._held, ""
        if self._state is _State.THINKING:
            return held, ""
        return "", held if self._state is _State.BEFORE else ""
