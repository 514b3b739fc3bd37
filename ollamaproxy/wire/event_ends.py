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
    """

    done_line: bool = True
    last: tuple[bytes, ...] = ()
    finished: tuple[bytes, ...] = ()

    def is_last(self, events: bytes) -> bool:
        """Whether one of the events is the last of its stream; they begin at a line's begin."""
        # A text may hold the word, but never at the beginning of a line.
        if self.done_line and (events.startswith(_DONE) or _DONE_LATER in events):
            return True
        return any(mark in events for mark in self.last)

    def is_finished(self, events: bytes) -> bool:
        """Whether one of the events says that the model has stopped."""
        return any(mark in events for mark in self.finished)


_DONE: Final = b"data: [DONE]"
_DONE_LATER: Final = b"\n" + _DONE


def _values(key: str, *beginnings: str) -> tuple[bytes, ...]:
    """Return a key with the beginning of its value, as servers space them."""
    return tuple(
        f'"{key}":{space}"{beginning}'.encode() for beginning in beginnings for space in ("", " ")
    )


#: OpenAI's chats and texts.
COMPLETION_ENDS: Final = EventEnds(finished=_values("finish_reason", ""))
#: OpenAI's responses; only some servers add ``[DONE]``.
RESPONSE_ENDS: Final = EventEnds(
    finished=_values("type", 'response.completed"', 'response.incomplete"', 'response.failed"')
)
#: Anthropic's messages.
MESSAGE_ENDS: Final = EventEnds(done_line=False, last=_values("type", 'message_stop"'))
#: OpenAI's transcriptions.
TRANSCRIPTION_ENDS: Final = EventEnds(finished=_values("type", 'transcript.text.done"'))
