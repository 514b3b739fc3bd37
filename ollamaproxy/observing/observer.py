"""Takes note of every request that has ended."""

from collections import deque
from collections.abc import Callable
from typing import Any

from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.observing.counts import Counts
from ollamaproxy.observing.ended import EndedRequest
from ollamaproxy.observing.families import Snapshot
from ollamaproxy.observing.history import History
from ollamaproxy.observing.names import OTHER, ModelNames, Routes, method_name, readable
from ollamaproxy.observing.outcomes import judge
from ollamaproxy.observing.report import MAX_RECENT, ended_to_plain


class Observer:
    """What has been seen: the counts, the last minutes, the last requests."""

    def __init__(
        self, routes: Routes, model_names: ModelNames, monotonic_s: Callable[[], float]
    ) -> None:
        """
        Begin with nothing.

        Args:
            routes: Those that there are.
            model_names: Which models are counted by name.
            monotonic_s: Seconds since some moment.
        """
        self._routes = routes
        self._model_names = model_names
        self._monotonic_s = monotonic_s
        self._counts = Counts()
        self._history = History()
        self._recent: deque[EndedRequest] = deque(maxlen=MAX_RECENT)

    def record(self, record: AccessRecord) -> None:
        """Take note of a request; some microseconds' work."""
        fate, reason = judge(
            record.outcome, record.status, has_begun=record.first_byte_s is not None
        )
        request = EndedRequest(
            ended_ns=record.ended_ns,
            client=record.client,
            caller=record.caller,
            route=self._routes.name(record.path),
            method=method_name(record.method),
            path=readable(record.path),
            model=readable(record.model),
            model_name=self._model_names.name(record.model) if record.model else OTHER,
            status=record.status,
            fate=fate,
            reason=reason,
            first_byte_s=record.first_byte_s,
            duration_s=record.duration_s,
            prompt_tokens=record.prompt_tokens,
            completion_tokens=record.completion_tokens,
        )
        self._counts.add(request)
        self._history.add(request, self._monotonic_s())
        self._recent.append(request)

    def counts(self) -> Snapshot:
        """Return the values of the families that requests feed."""
        return self._counts.snapshot()

    def history(self) -> list[list[Any]]:
        """Return the last ten minutes as JSON can hold them."""
        return self._history.to_plain(self._monotonic_s())

    def recent(self) -> list[dict[str, Any]]:
        """Return the last requests, newest first, as JSON can hold them."""
        return [ended_to_plain(request) for request in reversed(self._recent)]

    def route(self, path: bytes) -> str:
        """Return the route of a path, for a request that has not ended."""
        return self._routes.name(path)
