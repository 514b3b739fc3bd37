"""
What the daemon has to do, and what it takes, beside a direct connection.

The unit of a work is the CPU time that the benchmark's own gateway takes to make
and send the same tokens to clients that ask it directly, in the same run.  A
machine that is twice as fast halves both, so their ratio can be compared.
"""

from collections.abc import Sequence
from statistics import median
from typing import Final

from attrs import evolve, frozen

from benchmarks.figures import percentile
from benchmarks.setting import Setting
from benchmarks.streams import Result, request, run
from benchmarks.usage import Usage

V1: Final = "/v1/chat/completions"


class Broken(Exception):
    """Something did not work, so that what it took is no figure."""


@frozen(kw_only=True)
class Work:
    """
    Questions that many clients ask at once, and one after the other.

    Attributes:
        what: How the table calls it.
        connections: The clients.
        replies: How often each asks.
        tokens: In each reply.
        interval_ms: From one token to the next; 0 is as fast as the gateway can.
        path: Where the daemon is asked; the gateway is at ``/v1``.
    """

    what: str
    connections: int
    replies: int = 1
    tokens: int
    interval_ms: float = 0
    path: str = "/api/chat"

    @property
    def is_short(self) -> bool:
        """Whether the figures are those of a request and not of a token."""
        return self.tokens == 1

    @property
    def is_paced(self) -> bool:
        """Whether tokens come one by one, so that each has a delay that means something."""
        return self.interval_ms > 0


WORKS: Final = (
    Work(what="8 streams in a burst, /api/chat", connections=8, replies=3, tokens=1000),
    Work(what="8 streams in a burst, /v1", connections=8, replies=3, tokens=1000, path=V1),
    Work(what="100 streams x 100 tokens/s", connections=100, tokens=200, interval_ms=10),
    Work(what="500 streams x 100 tokens/s", connections=500, tokens=200, interval_ms=10),
    Work(what="short requests, 16 connections", connections=16, replies=50, tokens=1),
    Work(what="short requests, 1 connection", connections=1, replies=300, tokens=1),
)


def shortened(work: Work) -> Work:
    """Return so little of a work that only whether it is done can be seen."""
    return evolve(
        work,
        connections=min(work.connections, 20),
        replies=min(work.replies, 3),
        tokens=min(work.tokens, 30),
    )


@frozen(kw_only=True)
class Taken:
    """
    What a work took, asked of one of the two.

    Attributes:
        cpu_us: Of whoever was asked, in microseconds for each token, or for each short request.
        delays_ms: The median and the 99th percentile of a token's way from the gateway.
        firsts_ms: The same of the time from a question to its first token.
    """

    cpu_us: float
    delays_ms: tuple[float, float]
    firsts_ms: tuple[float, float]


@frozen(kw_only=True)
class Compared:
    """
    A work through the daemon beside the same work without it.

    Attributes:
        daemon_us: CPU time of the daemon's, as in ``Taken``.
        unit_us: That of the gateway's, asked directly.
        delays_ms, firsts_ms: What the daemon adds to those of ``Taken``.
    """

    daemon_us: float
    unit_us: float
    delays_ms: tuple[float, float]
    firsts_ms: tuple[float, float]

    @property
    def ratio(self) -> float:
        """How many units the daemon takes."""
        return self.daemon_us / self.unit_us


async def compare(setting: Setting, work: Work) -> Compared:
    """
    Do a work once directly and once through the daemon.

    Raises:
        Broken: A token was lost, doubled or out of order, or a stream did not end.
    """
    direct = await _take(setting.upstream.port, V1, work, setting.upstream.usage)
    through = await _take(setting.daemon.port, work.path, work, setting.daemon.usage)
    return Compared(
        daemon_us=through.cpu_us,
        unit_us=direct.cpu_us,
        delays_ms=_difference(through.delays_ms, direct.delays_ms),
        firsts_ms=_difference(through.firsts_ms, direct.firsts_ms),
    )


async def _take(port: int, path: str, work: Work, usage: Usage) -> Taken:
    model = f"n{work.tokens}-i{work.interval_ms:g}"
    before_s = usage.cpu_s()
    result = await run(port, request(path, model), work.connections, times=work.replies)
    cpu_s = usage.cpu_s() - before_s
    check(result, f"{work.what} at {path}", work.connections * work.replies, work.tokens)
    return Taken(
        cpu_us=cpu_s / result.events * 1e6,
        delays_ms=_middle_and_tail(result.delays_ms),
        firsts_ms=_middle_and_tail(result.firsts_ms),
    )


def check(result: Result, what: str, replies: int, tokens: int) -> None:
    """
    See that all replies came whole.

    Raises:
        Broken: They did not.
    """
    expected = replies * tokens
    if result.events == expected and result.ended == replies and not result.disordered:
        return
    raise Broken(
        f"{what}: {result.events} of {expected} tokens came, {result.disordered} of them were not "
        f"the next one; {result.ended} of {replies} replies ended, "
        f"{len(result.statuses)} were refused"
    )


def middle(rounds: Sequence[Compared]) -> Compared:
    """Return the median of every figure."""
    return Compared(
        daemon_us=median(one.daemon_us for one in rounds),
        unit_us=median(one.unit_us for one in rounds),
        delays_ms=_medians([one.delays_ms for one in rounds]),
        firsts_ms=_medians([one.firsts_ms for one in rounds]),
    )


def _medians(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median(first for first, _ in pairs), median(second for _, second in pairs)


def _middle_and_tail(values: Sequence[float]) -> tuple[float, float]:
    return percentile(values, 0.5), percentile(values, 0.99)


def _difference(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return one[0] - other[0], one[1] - other[1]
