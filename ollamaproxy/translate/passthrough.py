"""
The way of a reply that the gateway has in the client's own protocol.

Events go on untouched as long as nothing has to change in them.  What must not
go on is a failure that looks like an end, and a failure in the gateway's words.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from ollamaproxy.errors import UpstreamError, UpstreamGarbled, UpstreamTruncated
from ollamaproxy.translate.refusals import refusal_in_stream
from ollamaproxy.wire.event_blocks import EventBlocks
from ollamaproxy.wire.event_ends import EventEnds
from ollamaproxy.wire.json_text import decode, encode, quote
from ollamaproxy.wire.openai_errors import read_error
from ollamaproxy.wire.sse import EventDecoder
from ollamaproxy.wire.usage import Usage, read_usage

_BETWEEN_EVENTS: Final = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")


class ModelRenamer:
    """Gives a reply the model's name that the client used, where the gateway has its own."""

    def __init__(self, asked_as: str, target: str) -> None:
        """
        Prepare.

        Args:
            asked_as: The model as the client wrote it.
            target: What the gateway calls it.
        """
        self.asked_as = asked_as
        self.is_needed = asked_as != target
        self._target = target
        self._pattern: re.Pattern[bytes] | None = None

    def in_events(self, events: bytes) -> bytes:
        """Return events with the client's name in them."""
        if not self.is_needed:
            return events
        if self._pattern is None:
            # The key, and the name as any JSON writer may write it.
            spellings = {quote(self._target).encode(), f'"{self._target}"'.encode()}
            names = b"|".join(map(re.escape, spellings))
            self._pattern = re.compile(rb'("model"\s*:\s*)(?:%s)' % names)
        replacement = quote(self.asked_as).encode("ascii")
        return self._pattern.sub(lambda match: match[1] + replacement, events)

    def in_object(self, value: Any) -> bool:
        """Put the client's name at the top of a JSON object; return whether that changed it."""
        if not self.is_needed or not isinstance(value, dict) or value.get("model") != self._target:
            return False
        value["model"] = self.asked_as
        return True


def pass_object(body: bytes, renamer: ModelRenamer) -> tuple[bytes, Usage]:
    """
    Return a reply in one object with the client's name of the model, and what it cost.

    It is passed on byte for byte if nothing has to change.

    Raises:
        UpstreamGarbled: It is no JSON, or not all of it: without a length, a
            server that dies looks as if it were done.
    """
    try:
        value = decode(body)
    except ValueError as error:
        raise UpstreamGarbled("the gateway's answer is not JSON, or not all of it") from error
    changed = renamer.in_object(value)
    usage = read_usage(value) if isinstance(value, dict) else Usage()
    return encode(value).encode("ascii") if changed else body, usage


class PassthroughPipeline:
    """
    Passes the events of one reply on.

    Attributes:
        content_type: Of the reply.
        failure: Why the reply cannot go on; ``None`` while it can.
        done: The reply is complete and nothing more will come out.
    """

    content_type: Final = b"text/event-stream; charset=utf-8"

    def __init__(self, ends: EventEnds, renamer: ModelRenamer, max_event_bytes: int) -> None:
        """
        Begin a reply.

        Args:
            ends: How its protocol ends.
            renamer: For the model's name.
            max_event_bytes: A longer event is refused.
        """
        self.failure: UpstreamError | None = None
        self.done = False
        self._ends = ends
        self._renamer = renamer
        self._blocks = EventBlocks(max_event_bytes)
        self._finished = False
        self._first_usage = b""
        self._last_usage = b""

    def feed(self, data: bytes, now_s: float) -> bytes:  # noqa: ARG002 - as ReplyPipeline's
        """
        Take bytes of the gateway and return what they add to the client's reply.

        What came before a failure in the same bytes is returned; look at
        ``failure`` and ``done`` after every call.
        """
        if self.done or self.failure is not None:
            return b""
        try:
            return self._passed(self._blocks.feed(data))
        except UpstreamError as error:
            self.failure = error
            return b""

    def end(self, now_s: float) -> bytes:  # noqa: ARG002 - as ReplyPipeline's
        """Take note that the gateway's body ended as HTTP means it to; return what is left."""
        if self.done or self.failure is not None:
            return b""
        out = self._passed(self._whole(self._blocks.rest()))
        if self.failure is None and not self.done:
            if self._finished:
                self.done = True
            else:
                self.failure = UpstreamTruncated("the gateway's reply stopped before its end")
        return out

    def _whole(self, rest: bytes) -> bytes:
        """Return a last event that only lacks its blank line; nothing if it is cut off."""
        is_whole = self._ends.end_of_last(rest) >= 0 or any(True for _ in self._objects(rest))
        return rest if is_whole else b""

    def usage(self) -> Usage:
        """Return how many tokens the prompt and the answer had, as far as the events told."""
        prompt = completion = 0
        for event in self._objects(self._first_usage + self._last_usage, having=b'"usage"'):
            found = read_usage(event)
            prompt, completion = (
                found.prompt_tokens or prompt,
                found.completion_tokens or completion,
            )
        return Usage(prompt, completion)

    def _passed(self, events: bytes) -> bytes:
        if not events:
            return b""
        end = self._ends.end_of_last(events)
        if end >= 0:
            events = events[:end]
        if b'"error"' in events:
            events = self._before_failure(events)
        if b'"usage":{' in events or b'"usage": {' in events:
            # Anthropic tells the prompt's at the beginning, and everybody the rest at the end.
            self._first_usage = self._first_usage or events
            self._last_usage = events
        if self.failure is None:
            self.done = end >= 0
            self._finished = self._finished or self._ends.is_finished(events)
        return self._renamer.in_events(events)

    def _before_failure(self, events: bytes) -> bytes:
        """Return the events before one that is an error, and note it; mostly all of them."""
        passed = b""
        for event in _BETWEEN_EVENTS.split(events):
            for value in self._objects(event):
                # In OpenAI's responses the key is there in good events, too, and null;
                # an error event of theirs has the message without it.
                error = value.get("error")
                if value.get("type") == "error":
                    error = error or value
                elif "type" in value:
                    error = None
                if error:
                    self.failure = refusal_in_stream(read_error(error))
                    return passed
            passed += event
        return passed

    def _objects(self, events: bytes, having: bytes = b"") -> Iterator[dict[str, Any]]:
        """Yield the JSON objects among the data of those events that have some bytes in them."""
        for data in EventDecoder(len(events) + 1).feed(events):
            if having not in data:
                continue
            try:
                value = decode(data)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value
