"""
The whole way of a reply, from the gateway's bytes to the client's.

decode, translate, encode: one path for every reply.  A client that does not
stream gets the same pipeline with a collector at its end.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from ollamaproxy.errors import (
    UpstreamError,
    UpstreamGarbled,
    UpstreamTruncated,
)
from ollamaproxy.translate.refusals import refusal_in_stream
from ollamaproxy.translate.replies import ReplyTranslator
from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.wire.completion_events import CompletionEvents
from ollamaproxy.wire.ndjson import Chunk, Ending, Layout, WholeToolCall
from ollamaproxy.wire.openai import END_OF_STREAM
from ollamaproxy.wire.sse import EventDecoder
from ollamaproxy.wire.usage import Usage


class Encoder(Protocol):
    """The end of the pipeline: chunks to bytes for the client."""

    content_type: ClassVar[bytes]

    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Return what a piece adds to the reply's body; may be nothing."""

    def last(self, created_at: str, ending: Ending) -> str:
        """Return what ends the reply's body."""


class LineEncoder:
    """One line for every chunk, at once; Continue and Page Assist lose an unterminated one."""

    content_type: ClassVar[bytes] = b"application/x-ndjson"

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def piece(self, created_at: str, chunk: Chunk) -> str:
        """Implement :meth:`Encoder.piece`."""
        return self._layout.piece(created_at, chunk) + "\n"

    def last(self, created_at: str, ending: Ending) -> str:
        """Implement :meth:`Encoder.last`."""
        return self._layout.last(created_at, Chunk(), ending) + "\n"


class ObjectEncoder:
    """Gathers all chunks into one object, which comes out at the end."""

    content_type: ClassVar[bytes] = b"application/json; charset=utf-8"

    def __init__(self, layout: Layout, max_reply_bytes: int) -> None:
        self._layout = layout
        self._room = max_reply_bytes
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._tool_calls: tuple[WholeToolCall, ...] = ()
        self._logprobs: list[Mapping[str, Any]] = []

    def piece(self, created_at: str, chunk: Chunk) -> str:  # noqa: ARG002 - an Encoder's
        """Implement :meth:`Encoder.piece`; raises UpstreamGarbled beyond the limit."""
        self._content.append(chunk.content)
        self._thinking.append(chunk.thinking)
        self._tool_calls += chunk.tool_calls
        self._logprobs += chunk.logprobs
        self._room -= len(chunk.content) + len(chunk.thinking)
        if self._room < 0:
            raise UpstreamGarbled("the gateway's reply is too long to be gathered in one object")
        return ""

    def last(self, created_at: str, ending: Ending) -> str:
        """Implement :meth:`Encoder.last`."""
        whole = Chunk(
            "".join(self._content),
            "".join(self._thinking),
            self._tool_calls,
            tuple(self._logprobs),
        )
        return self._layout.last(created_at, whole, ending)


class ReplyPipeline:
    """
    Decodes, translates and encodes one reply.

    Attributes:
        content_type: Of the client's reply.
        failure: Why the reply cannot go on; ``None`` while it can.
        done: The reply is complete and nothing more will come out.
    """

    # Each open stream has one; with those of its other parts 0.9 KiB less.
    __slots__ = (
        "_decoder",
        "_encoder",
        "_events",
        "_stopwatch",
        "_translator",
        "content_type",
        "done",
        "failure",
    )

    def __init__(
        self,
        translator: ReplyTranslator,
        encoder: Encoder,
        stopwatch: Stopwatch,
        max_event_bytes: int,
    ) -> None:
        self.content_type = encoder.content_type
        self._encoder = encoder
        self.failure: UpstreamError | None = None
        self.done = False
        self._decoder = EventDecoder(max_event_bytes)
        self._events = CompletionEvents()
        self._translator = translator
        self._stopwatch = stopwatch

    def usage(self) -> Usage:
        """Return how many tokens the prompt and the answer had, as far as the gateway told."""
        return self._translator.usage

    def feed(self, data: bytes, now_s: float) -> bytes:
        """
        Take bytes of the gateway and return what they add to the client's reply.

        What came before a failure in the same bytes is returned; look at
        ``failure`` and ``done`` after every call.

        Args:
            data: What one read brought.
            now_s: When, on the stopwatch's monotonic clock.
        """
        if self.done or self.failure is not None:
            return b""
        created_at = self._stopwatch.timestamp(now_s)
        lines: list[str] = []
        try:
            for payload in self._decoder.feed(data):
                if payload == END_OF_STREAM:
                    self._finish(lines, created_at, now_s)
                    break
                event = self._events.decode(payload)
                if event.error is not None:
                    raise refusal_in_stream(event.error)
                for chunk in self._translator.translate(event, now_s):
                    # A list or a generator of mostly one costs half as much as the rest of this.
                    lines.append(self._encoder.piece(created_at, chunk))  # noqa: PERF401
        except UpstreamError as error:
            self.failure = error
        return "".join(lines).encode("ascii")

    def _finish(self, lines: list[str], created_at: str, now_s: float) -> None:
        lines.extend(
            self._encoder.piece(created_at, chunk) for chunk in self._translator.last_chunks()
        )
        lines.append(self._encoder.last(created_at, self._translator.ending(now_s)))
        self.done = True

    def end(self, now_s: float) -> bytes:
        """
        Take note that the gateway's body ended as HTTP means it to; return what is left to send.

        LiteLLM ends a stream that failed just as cleanly as a good one, only
        without ``[DONE]``; plain servers may leave that out but do say why the
        model stopped.  A stream with neither is a failure.
        """
        if self.done or self.failure is not None:
            return b""
        if not self._translator.finished:
            self.failure = UpstreamTruncated("the gateway's reply stopped before its end")
            return b""
        lines: list[str] = []
        try:
            self._finish(lines, self._stopwatch.timestamp(now_s), now_s)
        except UpstreamError as error:
            self.failure = error
        return "".join(lines).encode("ascii")
