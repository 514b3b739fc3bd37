"""
Load: prints one line for each promise, and exits with 1 if one is not held.

Takes less than three minutes, on loopback only.  The promises are in
README.rst beside this file.
"""

import asyncio
import sys
import time

from benchmarks import leaving
from benchmarks.figures import percentile
from benchmarks.setting import Setting, Verdicts
from benchmarks.streams import Result, open_stream, request, run
from benchmarks.usage import MIB

CHAT = "/api/chat"


async def delays(verdicts: Verdicts) -> None:
    """L1: what the daemon adds to the way of a token."""
    model = "n200-i50"
    with Setting() as setting:
        direct = await run(setting.upstream.port, request("/v1/chat/completions", model), 200)
        through = await run(setting.daemon.port, request(CHAT, model), 200)
    parts = (0.5, 0.99)
    before = [percentile(direct.delays_ms, part) for part in parts]
    after = [percentile(through.delays_ms, part) for part in parts]
    added = [a - b for a, b in zip(after, before, strict=True)]
    held = added[0] <= 3 and added[1] <= 20 and through.ended == 200
    verdicts.tell(
        "L1 200 streams x 20 events/s: a token is delayed by <= 3 ms (p50), <= 20 ms (p99)",
        f"{added[0]:.2f} / {added[1]:.2f} ms (direct {before[0]:.2f} / {before[1]:.2f}, "
        f"through {after[0]:.2f} / {after[1]:.2f})",
        held=held,
    )


async def many_streams(verdicts: Verdicts) -> None:
    """L2: what many open streams cost."""
    count, events = 3000, 20
    with Setting(f"--max-connections={2 * count}", f"--max-in-flight={count}") as setting:
        await run(setting.daemon.port, request(CHAT, "n1-i0"), 10)
        before = setting.daemon.usage.memory_bytes()
        running = asyncio.create_task(
            run(setting.daemon.port, request(CHAT, f"n{events}-i1000"), count)
        )
        peak = before
        while not running.done():
            await asyncio.sleep(0.25)
            peak = max(peak, setting.daemon.usage.memory_bytes())
        result = await running
    lost = count * events - result.events
    each_kib = (peak - before) / count / 1024
    held = lost == result.disordered == 0 and result.ended == count
    verdicts.tell(
        f"L2 {count} open streams: no event lost or out of order, <= 200 MiB, <= 48 KiB each",
        f"{lost} lost, {result.disordered} out of order, {peak / MIB:.0f} MiB, "
        f"{each_kib:.1f} KiB each",
        held=held and peak <= 200 * MIB and each_kib <= 48,
    )


async def short_requests(verdicts: Verdicts) -> None:
    """L3: what a short request costs."""
    clients, times = 32, 100
    with Setting() as setting:
        await run(setting.daemon.port, request(CHAT, "n1-i0"), clients, times=10)
        before_s, begun_s = setting.daemon.usage.cpu_s(), time.monotonic()
        result = await run(setting.daemon.port, request(CHAT, "n1-i0"), clients, times=times)
        took_s, cpu_s = time.monotonic() - begun_s, setting.daemon.usage.cpu_s() - before_s
    count = clients * times
    each_us = cpu_s / count * 1e6
    verdicts.tell(
        "L3 a short request: <= 300 us of CPU, >= 2500 requests/s per core",
        f"{each_us:.0f} us, {count / cpu_s:.0f} per core ({count / took_s:.0f}/s here)",
        held=result.ended == count and each_us <= 300 and count / cpu_s >= 2500,
    )


async def events(verdicts: Verdicts) -> None:
    """L4: what an event costs that arrives alone."""
    streams, each = 50, 200
    with Setting() as setting:
        await run(setting.daemon.port, request(CHAT, "n1-i0"), 10)
        before_s = setting.daemon.usage.cpu_s()
        result = await run(setting.daemon.port, request(CHAT, f"n{each}-i20"), streams)
        cpu_s = setting.daemon.usage.cpu_s() - before_s
    each_us = cpu_s / (streams * each) * 1e6
    verdicts.tell(
        "L4 a streamed event that arrives alone: <= 50 us of CPU",
        f"{each_us:.1f} us",
        held=result.events == streams * each and each_us <= 50,
    )


async def overload(verdicts: Verdicts) -> None:
    """L6: what becomes of too many requests."""
    promise = "L6 over max_in_flight: 503 with Retry-After <= 50 ms, running streams untouched"
    limit, each = 50, 60
    whole = limit + 1  # one waits for its turn: a daemon where none may is not to be had
    with Setting(f"--max-in-flight={limit}", "--max-waiting=1") as setting:
        data = request(CHAT, f"n{each}-i50")
        running = asyncio.create_task(run(setting.daemon.port, data, whole))
        await asyncio.sleep(1)
        refused = Result()
        extra = [await open_stream(setting.daemon.port, data, refused) for _ in range(limit)]
        await asyncio.wait([stream.finished for stream in extra], timeout=20)
        result = await running
    good = [took_s for status, told, took_s in refused.statuses if status == 503 and told]
    slowest_ms = max(good, default=float("nan")) * 1000
    untouched = result.ended == whole and result.events == whole * each and not result.disordered
    verdicts.tell(
        promise,
        f"{len(good)} of {limit} refused so, the slowest after {slowest_ms:.1f} ms; "
        f"{result.ended} of {whole} streams whole",
        held=untouched and len(good) == limit and slowest_ms <= 50,
    )


async def burst(verdicts: Verdicts) -> None:
    """L7: how fast many connections are accepted."""
    count = 500
    with Setting() as setting:
        begun_s = time.monotonic()
        opening = [asyncio.open_connection("127.0.0.1", setting.daemon.port) for _ in range(count)]
        opened = await asyncio.gather(*opening)
        connected_s = time.monotonic() - begun_s
        for _reader, writer in opened:
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answers = await asyncio.gather(*[reader.read() for reader, _writer in opened])
        answered_s = time.monotonic() - begun_s
        for _reader, writer in opened:
            writer.close()
    good = sum(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    verdicts.tell(
        "L7 500 connects in a burst: accepted <= 1 s",
        f"{connected_s:.2f} s, {good} answered after {answered_s:.2f} s",
        held=connected_s <= 1 and good == count,
    )


async def main() -> int:
    """Measure everything; return the exit status."""
    verdicts = Verdicts()
    for measure in (delays, many_streams, short_requests, events, overload, burst):
        await measure(verdicts)
    leaving.measure(verdicts)
    return 0 if verdicts.all_held else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
