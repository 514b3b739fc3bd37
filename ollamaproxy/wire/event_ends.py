"""
How streams of the three protocols say that they are complete.

What is looked for cannot stand inside of a text: there a quotation mark has a
backslash in front.
"""

from typing import Final

from attrs import frozen


@frozen
class EventEnds:
    """
    The marks of one protocol.

    Attributes:
        last: Stand in the event after which nothing comes.
        finished: Stand in an event that says why the model stopped, after
            which something may still come.
    """

    last: tuple[bytes, ...]
    finished: tuple[bytes, ...]

    def is_last(self, events: bytes) -> bool:
        """Whether one of the events is the last of its stream."""
        return any(mark in events for mark in self.last)

    def is_finished(self, events: bytes) -> bool:
        """Whether one of the events says that the model has stopped."""
        return any(mark in events for mark in self.finished)


def _values(key: str, *beginnings: str) -> tuple[bytes, ...]:
    """Return a key with the beginning of its value, as servers space them."""
    return tuple(
        f'"{key}":{space}"{beginning}'.encode() for beginning in beginnings for space in ("", " ")
    )


#: OpenAI's chats and texts.
COMPLETION_ENDS: Final = EventEnds(
    last=(b"data: [DONE]", b"data:[DONE]"), finished=_values("finish_reason", "")
)
#: OpenAI's responses; some servers add ``[DONE]``.
RESPONSE_ENDS: Final = EventEnds(
    last=COMPLETION_ENDS.last,
    finished=_values("type", 'response.completed"', 'response.incomplete"', 'response.failed"'),
)
#: Anthropic's messages.
MESSAGE_ENDS: Final = EventEnds(last=_values("type", 'message_stop"'), finished=())
#: OpenAI's transcriptions.
TRANSCRIPTION_ENDS: Final = EventEnds(
    last=COMPLETION_ENDS.last, finished=_values("type", "transcript.text.done")
)
