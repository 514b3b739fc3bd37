"""The events of a completion to the chunks of an Ollama reply."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.translate.think_tags import ThinkTagSplitter
from ollamaproxy.translate.tool_calls import ToolCallGatherer
from ollamaproxy.wire.ndjson import Chunk, Ending
from ollamaproxy.wire.openai import CompletionEvent
from ollamaproxy.wire.usage import Usage


@frozen(kw_only=True)
class ReplyWishes:
    """
    What the client asked for that changes how a reply is told.

    Attributes:
        thinking: Tell the model's thinking; if not, it is left out.
        split_tags: Look for thinking inside of the text.
        alternatives: Tell the alternatives to each token.
    """

    thinking: bool = True
    split_tags: bool = True
    alternatives: bool = False


class ReplyTranslator:
    """
    Translates one reply: events in as they come, then the last chunks and an ending out.

    Attributes:
        usage: How many tokens it has cost, as far as the gateway has told.
    """

    def __init__(
        self, stopwatch: Stopwatch, new_call_id: Callable[[], str], wishes: ReplyWishes
    ) -> None:
        """
        Begin a reply.

        Args:
            stopwatch: Measures it.
            new_call_id: Makes ids for tool calls that come without.
            wishes: The client's.
        """
        self._stopwatch = stopwatch
        self._wishes = wishes
        self._tags = ThinkTagSplitter()
        self._tags.settled = not wishes.split_tags
        self._tool_calls = ToolCallGatherer(new_call_id)
        self._finish_reason: str | None = None
        self.usage = Usage()

    @property
    def finished(self) -> bool:
        """Whether the model has said why it stopped; a stream that ends before was cut off."""
        return self._finish_reason is not None

    def translate(self, event: CompletionEvent, now_s: float) -> tuple[Chunk, ...]:
        """
        Return the chunks for an event; none if it brings nothing to show.

        Args:
            event: In order of arrival; must not hold an error.
            now_s: When it arrived, on the stopwatch's monotonic clock.
        """
        if event.usage is not None:
            # Comes on its own, on the last event, or growing on every one.
            self.usage = event.usage
        if event.finish_reason is not None:
            self._finish_reason = event.finish_reason
        for piece in event.tool_calls:
            self._stopwatch.piece(now_s)
            self._tool_calls.add(piece)
        thinking, content = event.reasoning, event.content
        if not content and not thinking:
            return ()
        self._stopwatch.piece(now_s)
        if content and not self._tags.settled:
            more_thinking, content = self._tags.split(content)
            thinking += more_thinking
        if not thinking and not event.logprobs:
            return (Chunk(content),) if content else ()  # nearly always
        return self._chunks(thinking, content, tuple(map(self._logprob, event.logprobs)))

    def _chunks(
        self, thinking: str, content: str, logprobs: tuple[Mapping[str, Any], ...] = ()
    ) -> tuple[Chunk, ...]:
        """Return thinking in a chunk of its own, before the text: some clients read only one."""
        if thinking and self._wishes.thinking:
            first = Chunk(thinking=thinking)
            return (first, Chunk(content, logprobs=logprobs)) if content else (first,)
        return (Chunk(content, logprobs=logprobs),) if content else ()

    def last_chunks(self) -> tuple[Chunk, ...]:
        """
        Return what was held back for the end: text that looked like a tag, and all tool calls.

        Raises:
            UpstreamGarbled: A tool call is not whole.
        """
        chunks = self._chunks(*self._tags.rest())
        calls = self._tool_calls.whole_calls()
        return (*chunks, Chunk(tool_calls=calls)) if calls else chunks

    def ending(self, now_s: float) -> Ending:
        """Return what the last line says of a reply that ends now."""
        durations = self._stopwatch.durations(now_s)
        return Ending(
            # Ollama knows only these two; tool calls and filters count as stop.
            done_reason="length" if self._finish_reason == "length" else "stop",
            statistics=(
                ("total_duration", durations.total),
                ("load_duration", durations.load),
                ("prompt_eval_count", self.usage.prompt_tokens),
                ("prompt_eval_duration", durations.prompt_eval),
                ("eval_count", self.usage.completion_tokens),
                ("eval_duration", durations.eval),
            ),
        )

    def _logprob(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one token's entry in Ollama's order of keys."""
        told = _token(entry)
        alternatives = entry.get("top_logprobs")
        if self._wishes.alternatives and alternatives:
            told["top_logprobs"] = [_token(alternative) for alternative in alternatives]
        return told


def _token(entry: Mapping[str, Any]) -> dict[str, Any]:
    token = entry.get("token", "")
    told = {"token": token, "logprob": entry.get("logprob", 0)}
    if token:
        told["bytes"] = entry.get("bytes") or list(str(token).encode("utf-8", "replace"))
    return told
