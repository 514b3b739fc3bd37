"""What is counted of requests that have ended."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable

from ollamaproxy.observing.ended import EndedRequest
from ollamaproxy.observing.families import DURATIONS_S, Samples, Snapshot
from ollamaproxy.observing.outcomes import REASONS, Fate


class Histogram:
    """How many values fell into each class, and their sum."""

    def __init__(self, classes: tuple[float, ...]) -> None:
        """
        Begin.

        Args:
            classes: Their upper ends, which belong to them, in rising order.
        """
        self._classes = classes
        self._counts = [0] * (len(classes) + 1)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Take note of a value."""
        self._counts[bisect_left(self._classes, value)] += 1
        self._sum += value

    def sample(self) -> tuple[list[int], float]:
        """Return the counts, the last for what is beyond all classes, and the sum."""
        return list(self._counts), self._sum


class Counts:
    """
    Counts requests.

    Each is a few dictionary entries of memory, and there are only so many names.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        # What has not happened is 0, or its first time would not be seen as a rise.
        self._fates: dict[Fate, Counter[str]] = {
            fate: Counter(dict.fromkeys(sorted(reasons), 0)) for fate, reasons in REASONS.items()
        }
        self._first_bytes: dict[str, Histogram] = {}
        self._durations: dict[str, Histogram] = {}

    def add(self, request: EndedRequest) -> None:
        """Count a request."""
        route = request.route
        self._requests[route, request.method, str(request.status)] += 1
        self._fates[request.fate][request.reason] += 1
        _of(self._durations, route).add(request.duration_s)
        if request.first_byte_s is not None:
            _of(self._first_bytes, route).add(request.first_byte_s)
        for kind, tokens in (
            ("prompt", request.prompt_tokens),
            ("completion", request.completion_tokens),
        ):
            if tokens:
                self._tokens[kind, request.model_name] += tokens

    def snapshot(self) -> Snapshot:
        """Return the values now."""
        return {
            "requests": list(self._requests.items()),
            "tokens": list(self._tokens.items()),
            "time_to_first_byte_seconds": _samples(self._first_bytes.items()),
            "request_duration_seconds": _samples(self._durations.items()),
            "client_disconnects": self._by_reason(Fate.CLIENT_LEFT),
            "upstream_errors": self._by_reason(Fate.UPSTREAM),
            "rejected": self._by_reason(Fate.REJECTED),
        }

    def _by_reason(self, fate: Fate) -> Samples:
        return [((reason,), count) for reason, count in self._fates[fate].items()]


def _of(histograms: dict[str, Histogram], name: str) -> Histogram:
    found = histograms.get(name)
    if found is None:
        found = histograms[name] = Histogram(DURATIONS_S)
    return found


def _samples(histograms: Iterable[tuple[str, Histogram]]) -> Samples:
    return [((name,), histogram.sample()) for name, histogram in histograms]
