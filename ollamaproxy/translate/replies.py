"""The events of a chat completion to the chunks of an Ollama reply."""

from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.wire.ndjson import Chunk, Ending
from ollamaproxy.wire.openai import CompletionEvent, Usage


class ReplyTranslator:
    """
    Translates one reply: events in as they come, then an ending out.

    Attributes:
        finished: Whether the model has said why it stopped; a stream that
            ends before that was cut off.
    """

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._finish_reason: str | None = None
        self._usage = Usage()

    @property
    def finished(self) -> bool:
        """Whether the model has said why it stopped."""
        return self._finish_reason is not None

    def translate(self, event: CompletionEvent, now_s: float) -> Chunk | None:
        """
        Return the chunk for an event, or ``None`` if it brings nothing to show.

        Args:
            event: In order of arrival; must not hold an error.
            now_s: When it arrived, on the stopwatch's monotonic clock.
        """
        if event.usage is not None:
            # Comes on its own, on the last event, or growing on every one.
            self._usage = event.usage
        if event.finish_reason is not None:
            self._finish_reason = event.finish_reason
        if event.content or event.reasoning:
            self._stopwatch.piece(now_s)
            return Chunk(event.content, event.reasoning)
        return None

    def ending(self, now_s: float) -> Ending:
        """Return what the last line says of a reply that ends now."""
        durations = self._stopwatch.durations(now_s)
        return Ending(
            # Ollama knows only these two; tool calls and filters count as stop.
            done_reason="length" if self._finish_reason == "length" else "stop",
            statistics=(
                ("total_duration", durations.total),
                ("load_duration", durations.load),
                ("prompt_eval_count", self._usage.prompt_tokens),
                ("prompt_eval_duration", durations.prompt_eval),
                ("eval_count", self._usage.completion_tokens),
                ("eval_duration", durations.eval),
            ),
        )
