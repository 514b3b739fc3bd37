"""
The last ten minutes, in steps of five seconds, and as curves.

Steps are whole multiples of five seconds of the monotonic clock, which all
processes of a machine share, so that the histories of several can be added up.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from ollamaproxy.observing.ended import EndedRequest
from ollamaproxy.observing.outcomes import Fate

#: How far back it goes.
SPAN_S: Final = 600
#: 120 of them, about one for each three pixels of a plot.
STEP_S: Final = 5
_STEPS: Final = SPAN_S // STEP_S

#: First bytes are told apart by classes, each a fifth wider than the one before,
#: from a millisecond on; so a percentile is at most a tenth off.
_SHORTEST_S: Final = 0.001
_GROWTH: Final = 1.2
_LONGEST_CLASS: Final = 75  # some 870 seconds


def first_byte_class(seconds: float) -> int:
    """Return the number of the class that a duration falls into."""
    if seconds <= _SHORTEST_S:
        return 0
    return min(math.ceil(math.log(seconds / _SHORTEST_S, _GROWTH)), _LONGEST_CLASS)


def class_middle_s(number: int) -> float:
    """Return a duration in the middle of a class."""
    return _SHORTEST_S * float(_GROWTH ** (number - 0.5))


@define
class Step:
    """
    What ended within five seconds.

    Attributes:
        number: Which five seconds, on the monotonic clock.
        requests: How many requests ended.
        failures: How many of them the gateway or the daemon failed.
        prompt_tokens, completion_tokens: Of all of them.
        first_bytes: How many models' first bytes fell into which class.
    """

    number: int
    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_bytes: dict[int, int] = field(factory=dict)

    def to_plain(self) -> list[Any]:
        """Return it as a list that JSON can hold."""
        figures = (self.requests, self.failures, self.prompt_tokens, self.completion_tokens)
        return [self.number, *figures, sorted(self.first_bytes.items())]

    def add_plain(self, plain: Sequence[Any]) -> None:
        """Add what :meth:`to_plain` made of the same step elsewhere."""
        _number, requests, failures, prompt_tokens, completion_tokens, first_bytes = plain
        self.requests += requests
        self.failures += failures
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        for number, count in first_bytes:
            self.first_bytes[number] = self.first_bytes.get(number, 0) + count


class History:
    """The steps in which something ended, at most ten minutes of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._steps: deque[Step] = deque(maxlen=_STEPS)

    def add(self, request: EndedRequest, now_s: float) -> None:
        """Take note of a request that has ended now."""
        number = int(now_s) // STEP_S
        if not self._steps or self._steps[-1].number != number:
            self._steps.append(Step(number))
        step = self._steps[-1]
        step.requests += 1
        step.failures += request.fate in {Fate.UPSTREAM, Fate.REJECTED}
        step.prompt_tokens += request.prompt_tokens
        step.completion_tokens += request.completion_tokens
        if request.first_byte_s is not None and request.is_model_s:
            number = first_byte_class(request.first_byte_s)
            step.first_bytes[number] = step.first_bytes.get(number, 0) + 1

    def to_plain(self, now_s: float) -> list[list[Any]]:
        """Return the steps of the last ten minutes, oldest first, as JSON can hold them."""
        oldest = int(now_s) // STEP_S - _STEPS + 1
        return [it.to_plain() for it in self._steps if it.number >= oldest]


def added(histories: Iterable[Iterable[Sequence[Any]]]) -> list[list[Any]]:
    """Return one plain history of several."""
    steps: dict[int, Step] = {}
    for history in histories:
        for plain in history:
            steps.setdefault(plain[0], Step(plain[0])).add_plain(plain)
    return [steps[number].to_plain() for number in sorted(steps)]


def curves(history: Iterable[Sequence[Any]], now_s: float) -> dict[str, Any]:
    """
    Return a plain history as curves over the last ten minutes.

    Each step is a point, so that they do not dance while time goes on; the last
    one is of the seconds so far.

    Returns:
        ``step_s``, and lists of equal length, oldest first: requests, failures
        and tokens per second, and the first byte's median and 95th percentile
        in seconds, ``None`` where there was none.
    """
    last = int(now_s) // STEP_S
    points = {number: Step(number) for number in range(last - _STEPS + 1, last + 1)}
    for plain in history:
        point = points.get(plain[0])
        if point is not None:
            point.add_plain(plain)
    lengths_s = [STEP_S] * (len(points) - 1) + [int(now_s) % STEP_S + 1]
    each = list(zip(points.values(), lengths_s, strict=True))
    return {
        "step_s": STEP_S,
        "requests_per_s": [point.requests / length_s for point, length_s in each],
        "failures_per_s": [point.failures / length_s for point, length_s in each],
        "prompt_tokens_per_s": [point.prompt_tokens / length_s for point, length_s in each],
        "completion_tokens_per_s": [point.completion_tokens / length_s for point, length_s in each],
        "first_byte_p50_s": [quantile(point.first_bytes, 0.5) for point, _length in each],
        "first_byte_p95_s": [quantile(point.first_bytes, 0.95) for point, _length in each],
    }


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """
    Return the duration within which a share of first bytes came, in seconds.

    Args:
        counts: By the numbers of their classes.
        share: From 0 to 1.

    Returns:
        ``None`` if there were none.
    """
    wanted = math.ceil(share * sum(counts.values()))
    for number, reached in _cumulated(counts):
        if reached >= wanted:
            return class_middle_s(number)
    return None


def _cumulated(counts: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    reached = 0
    for number in sorted(counts):
        reached += counts[number]
        yield number, reached
