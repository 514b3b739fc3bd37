"""The demonstration's completions on the wire: in one body, or as paced events."""

import json
from collections import deque
from collections.abc import Iterator

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.web.server import Request
from zope.interface import implementer

from ollamaproxy.demo.chat import ChatAnswer
from ollamaproxy.demo.parameters import CHAT_MODEL


@frozen(kw_only=True)
class Completion:
    """
    One answer's JSON, undivided or as events.

    Attributes:
        completion_id: The same in all events of a stream.
        created: Seconds since the epoch.
    """

    completion_id: str
    created: int

    def body(self, answer: ChatAnswer) -> dict[str, object]:
        """Return the answer undivided."""
        choice = {
            "finish_reason": answer.finish_reason,
            "index": 0,
            "message": {"content": answer.text, "role": "assistant"},
        }
        usage = self._usage(answer)
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage}

    def events(self, answer: ChatAnswer, *, include_usage: bool) -> Iterator[bytes]:
        """Return role, words, finish, usage if asked for, and the end mark, one event each."""
        yield self._event({"index": 0, "delta": {"content": "", "role": "assistant"}})
        for piece in answer.pieces:
            yield self._event({"index": 0, "delta": {"content": piece}})
        yield self._event({"finish_reason": answer.finish_reason, "index": 0, "delta": {}})
        if include_usage:
            yield self._event({"index": 0, "delta": {}}, usage=self._usage(answer))
        yield b"data: [DONE]\n\n"

    def _event(self, choice: dict[str, object], **others: object) -> bytes:
        value = {**self._head("chat.completion.chunk"), "choices": [choice], **others}
        return b"data: " + to_json(value) + b"\n\n"

    def _head(self, kind: str) -> dict[str, object]:
        return {
            "id": self.completion_id,
            "created": self.created,
            "model": CHAT_MODEL,
            "object": kind,
            "system_fingerprint": "ollamaproxy-demonstration",
        }

    def _usage(self, answer: ChatAnswer) -> dict[str, int]:
        return {
            "completion_tokens": answer.completion_tokens,
            "prompt_tokens": answer.prompt_tokens,
            "total_tokens": answer.completion_tokens + answer.prompt_tokens,
        }


@implementer(IPushProducer)
class PacedEvents:
    """
    Writes one event, waits, writes the next, and ends the response after the last.

    As a registered producer it waits longer while the client is slow to read,
    and it stops when the client leaves; nothing stays on the clock then.
    """

    def __init__(
        self, request: Request, clock: IReactorTime, interval_s: float, events: Iterator[bytes]
    ) -> None:
        self._request = request
        self._clock = clock
        self._interval_s = interval_s
        self._events = deque(events)
        self._next_call: IDelayedCall | None = None  # None while paused or ended

    def begin(self) -> None:
        """Write the first event at once; ``events`` must hold one."""
        # Not every transport tells its producers that the connection is lost.
        self._request.notifyFinish().addErrback(lambda _reason: self.stopProducing())
        self._request.registerProducer(self, True)
        self._write_next()

    def _write_next(self) -> None:
        event = self._events.popleft()
        self._next_call = None
        if self._events:
            # Before the write, because the write may ask for a pause.
            self.resumeProducing()
        self._request.write(event)
        if not self._events:
            self._request.unregisterProducer()
            self._request.finish()

    def resumeProducing(self) -> None:
        """IPushProducer: the client reads again."""
        if self._next_call is None:
            self._next_call = self._clock.callLater(self._interval_s, self._write_next)

    def pauseProducing(self) -> None:
        """IPushProducer: the client reads too slowly."""
        if self._next_call is not None:
            self._next_call.cancel()
            self._next_call = None

    def stopProducing(self) -> None:
        """IProducer: the client has left."""
        self.pauseProducing()


def to_json(value: object) -> bytes:
    """Return compact JSON in UTF-8, not escaped, as LiteLLM writes it."""
    # "replace" is for half a surrogate pair that a client sent and is repeated.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
