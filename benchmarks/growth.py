"""
Does the cost grow with the number of streams?

However many there are, the gateway sends the same number of tokens a second, so
each number of streams has the same work, far from what a core can do.  What
streams cost when they begin and end is left out; ``works.py`` has it.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from attrs import frozen

from benchmarks.setting import Setting
from benchmarks.streams import Result, Stream, open_stream, request
from benchmarks.works import Broken

STREAMS: Final = (1, 3, 10, 30, 100, 300, 1000, 3000)
#: More would arrive two at a time on a single stream: asyncio's timers count milliseconds.
TOKENS_PER_S: Final = 1000
_OPENING_S: Final = 60.0


@frozen(kw_only=True)
class Size:
    """
    What one number of streams costs.

    Attributes:
        streams: How many are open at once.
        daemon_us: CPU time of the daemon's for a token, in microseconds.
        gateway_us: That of the gateway's, for the same tokens at the same time.
        stream_kib: What each stream adds to the daemon's memory.
    """

    streams: int
    daemon_us: float
    gateway_us: float
    stream_kib: float


async def measure(streams: Iterable[int], windows: int, window_s: float) -> list[Size]:
    """
    Measure each number of streams with a daemon of its own.

    Args:
        streams: The numbers.
        windows: How often to look at the CPU time of the same streams; the median counts.
        window_s: For how many seconds each time.

    Raises:
        Broken: A stream did not begin, or a token was not the next one.
    """
    return [await _measure(count, windows, window_s) for count in streams]


async def _measure(count: int, windows: int, window_s: float) -> Size:
    with roomy(count) as setting:
        before_bytes = await warmed_up(setting)
        data = request("/api/chat", f"n1000000-i{count / TOKENS_PER_S * 1000:g}")
        result = Result()
        streams = await begin(setting.daemon.port, data, count, result)
        looks = [await _look(setting, result, window_s) for _ in range(windows)]
        grown_bytes = setting.daemon.usage.memory_bytes() - before_bytes
        await leave(streams)
    if result.disordered:
        raise Broken(f"{count} streams: {result.disordered} tokens were not the next one")
    return Size(
        streams=count,
        daemon_us=median(daemon_us for daemon_us, _ in looks),
        gateway_us=median(gateway_us for _, gateway_us in looks),
        stream_kib=grown_bytes / count / 1024,
    )


async def _look(setting: Setting, result: Result, window_s: float) -> tuple[float, float]:
    daemon, gateway = setting.daemon.usage, setting.upstream.usage
    before = result.events, daemon.cpu_s(), gateway.cpu_s()
    await asyncio.sleep(window_s)
    after = result.events, daemon.cpu_s(), gateway.cpu_s()
    tokens, daemon_s, gateway_s = (b - a for a, b in zip(before, after, strict=True))
    if not tokens:
        raise Broken(f"no token in {window_s:g} s")
    return daemon_s / tokens * 1e6, gateway_s / tokens * 1e6


async def held_kib(count: int) -> float:
    """
    Return what each of so many streams takes that have had a token and wait for the next.

    Raises:
        Broken: A stream did not begin, or ended.
    """
    with roomy(count) as setting:
        before_bytes = await warmed_up(setting)
        result = Result()
        data = request("/api/chat", "n1-i0-hold")
        streams = await begin(setting.daemon.port, data, count, result)
        grown_bytes = setting.daemon.usage.memory_bytes() - before_bytes
        if any(stream.finished.done() for stream in streams) or result.events != count:
            raise Broken(f"not all of {count} streams are still open")
        await leave(streams)
    return grown_bytes / count / 1024


def roomy(count: int) -> Setting:
    """Return a daemon that so many streams do not fill."""
    return Setting(f"--max-connections={count + 100}", f"--max-in-flight={count + 100}")


async def warmed_up(setting: Setting) -> int:
    """Have made what is made once and kept; return the daemon's memory, in bytes."""
    result = Result()
    stream = await open_stream(setting.daemon.port, request("/api/chat", "n20-i5"), result)
    await asyncio.wait([stream.finished], timeout=20)
    return setting.daemon.usage.memory_bytes()


async def begin(port: int, data: bytes, count: int, result: Result) -> list[Stream]:
    """
    Return so many streams when each of them has had its first token.

    Raises:
        Broken: One has had none for too long, or is refused.
    """
    streams = []
    for number in range(count):
        streams.append(await open_stream(port, data, result))
        if number % 100 == 99:
            await asyncio.sleep(0.05)
    deadline_s = time.monotonic() + _OPENING_S
    while len(result.firsts_ms) < count:
        if result.statuses or time.monotonic() > deadline_s:
            began, refused = len(result.firsts_ms), len(result.statuses)
            raise Broken(f"{began} of {count} streams began, {refused} were refused")
        await asyncio.sleep(0.02)
    return streams


async def leave(streams: Sequence[Stream]) -> None:
    """Close all, or else the daemon would wait for them when it stops."""
    for stream in streams:
        stream.leave()
    await asyncio.gather(*(stream.finished for stream in streams))
