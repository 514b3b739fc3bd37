"""
How streams of the three protocols say that they are complete.

What is looked for cannot stand inside of a text: there a quotation mark has a
backslash in front, and a line does not end.
"""

from typing import Final

from attrs import frozen


@frozen(kw_only=True)
class EventEnds:
    """
    The marks of one protocol.

    Attributes:
        done_line: A line ``data: [DONE]`` is the last of a stream.
        last: Stand in the event after which nothing comes.
        finished: Stand in an event that says why the model stopped, after
            which something may still come.
        finished_by_any: The same, if a text that is not empty follows.
    """

    done_line: bool = True
    last: tuple[bytes, ...] = ()
    finished: tuple[bytes, ...] = ()
    finished_by_any: tuple[bytes, ...] = ()

    def end_of_last(self, events: bytes) -> int:
        """
        Return where the last event of a stream ends, or -1: it is not among these.

        Args:
            events: Whole ones, as :class:`~ollamaproxy.wire.event_blocks.EventBlocks` gives them.
        """
        at = self._find_last(events)
        if at < 0:
            return -1
        ends = [events.find(blank, at) + len(blank) for blank in (b"\n\n", b"\r\n\r\n")]
        found = [end for end, blank in zip(ends, (2, 4), strict=True) if end >= blank]
        return min(found, default=len(events))

    def _find_last(self, events: bytes) -> int:
        if self.done_line:
            for line in _DONE_LINES:
                # A text may hold the word, but never at the beginning of a line.
                at = 0 if events.startswith(line[1:]) else events.find(line)
                if at >= 0:
                    return at
        return max((events.find(mark) for mark in self.last), default=-1)

    def is_finished(self, events: bytes) -> bool:
        """Whether one of the events says that the model has stopped."""
        return any(mark in events for mark in self.finished) or any(
            _has_value(events, mark) for mark in self.finished_by_any
        )


def _has_value(events: bytes, mark: bytes) -> bool:
    """Whether a text that is not empty follows a mark; some servers send an empty one before."""
    at = events.find(mark)
    while at >= 0:
        if events[at + len(mark) : at + len(mark) + 1] != b'"':
            return True
        at = events.find(mark, at + 1)
    return False


_DONE_LINES: Final = (b"\ndata: [DONE]", b"\ndata:[DONE]")


def _values(key: str, *beginnings: str) -> tuple[bytes, ...]:
    """Return a key with the beginning of its value, as servers space them."""
    return tuple(
        f'"{key}":{space}"{beginning}'.encode() for beginning in beginnings for space in ("", " ")
    )


#: OpenAI's chats and texts.
COMPLETION_ENDS: Final = EventEnds(finished_by_any=_values("finish_reason", ""))
#: OpenAI's responses; only some servers add ``[DONE]``.
RESPONSE_ENDS: Final = EventEnds(
    finished=_values("type", 'response.completed"', 'response.incomplete"', 'response.failed"')
)
#: Anthropic's messages.
MESSAGE_ENDS: Final = EventEnds(done_line=False, last=_values("type", 'message_stop"'))
#: OpenAI's transcriptions.
TRANSCRIPTION_ENDS: Final = EventEnds(finished=_values("type", 'transcript.text.done"'))
