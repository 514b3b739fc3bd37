"""
Soak: 1,000 mixed requests a minute; then nothing may be left of them (L5).

Prints one line for each thing that must be as before, and exits with 1 if one
is not.  ``--minutes`` says how long, 30 by default.
"""

import argparse
import asyncio
import itertools
import random
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from attrs import frozen

from benchmarks.setting import Setting, Verdicts
from benchmarks.streams import Result, open_stream, request, run
from benchmarks.usage import MIB

PER_MINUTE: Final = 1000
#: Longer than any connection or timer of a request lives on.
SETTLING_S: Final = 12.0

#: One of the requests; gets the daemon's port.
Kind = Callable[[int], Awaitable[None]]


def asks(path: str, model: str, *, stream: bool = True) -> Kind:
    """Return a kind that reads its answer to the end."""

    async def ask(port: int) -> None:
        await run(port, request(path, model, stream=stream), 1)

    return ask


def leaves(path: str, model: str) -> Kind:
    """Return a kind that leaves, at some moment."""

    async def leave(port: int) -> None:
        stream = await open_stream(port, request(path, model), Result())
        await asyncio.sleep(random.random() / 2)  # noqa: S311
        stream.leave()

    return leave


def sends(data: bytes) -> Kind:
    """Return a kind that sends bytes and reads what comes, for a while."""

    async def send(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        with suppress(TimeoutError, OSError):
            await asyncio.wait_for(reader.read(), 3)
        writer.close()

    return send


_LAST = b"Host: localhost\r\nConnection: close\r\n\r\n"

KINDS: Final[tuple[Kind, ...]] = (
    asks("/api/chat", "n20-i20"),
    asks("/api/chat", "n20-i20", stream=False),
    asks("/api/generate", "n5-i10"),
    asks("/v1/chat/completions", "n20-i20"),
    leaves("/api/chat", "n100-i20"),
    leaves("/api/chat", "n0-i0-hold"),
    leaves("/v1/chat/completions", "n100-i20"),
    sends(b"GET /api/tags HTTP/1.1\r\n" + _LAST),
    sends(b"GET /api/nowhere HTTP/1.1\r\n" + _LAST),
    sends(b"POST /api/chat HTTP/1.1\r\nContent-Length: 1\r\n" + _LAST + b"{"),
    sends(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    sends(b"\x00\x01\x02\r\n\r\n"),
    sends(b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"),
)


@frozen
class Left:
    """What the daemon holds when nobody asks."""

    descriptors: int
    scheduled: int
    memory_bytes: int


async def load(setting: Setting, seconds: float) -> int:
    """Send requests of all kinds for so long, and return how many."""
    end_s = time.monotonic() + seconds
    pending: set[asyncio.Future[None]] = set()
    kinds = itertools.cycle(KINDS)
    for count in itertools.count():  # noqa: B007 - used after the loop
        if time.monotonic() > end_s:
            break
        pending.add(asyncio.ensure_future(next(kinds)(setting.daemon.port)))
        pending = {task for task in pending if not task.done()}
        await asyncio.sleep(60 / PER_MINUTE)
    if pending:
        await asyncio.wait(pending, timeout=30)
    return count


async def settled(setting: Setting) -> Left:
    """Wait until all is over, and look."""
    await asyncio.sleep(SETTLING_S)
    usage = setting.daemon.usage
    return Left(usage.descriptors(), setting.daemon.scheduled(), usage.memory_bytes())


async def main(minutes: float) -> int:
    """Measure; return the exit status."""
    verdicts = Verdicts()
    with Setting() as setting:
        # What is made once and kept shall not count.
        await load(setting, min(60.0, minutes * 15))
        before = await settled(setting)
        count = await load(setting, minutes * 60)
        after = await settled(setting)
        broken = [line for line in setting.daemon.stderr if "Traceback" in line]
    name = f"L5 after {count} requests in {minutes:g} minutes:"
    verdicts.tell(
        f"{name} open descriptors as before",
        f"{before.descriptors} -> {after.descriptors}",
        held=after.descriptors <= before.descriptors,
    )
    verdicts.tell(
        f"{name} scheduled calls as before",
        f"{before.scheduled} -> {after.scheduled}",
        held=after.scheduled <= before.scheduled,
    )
    drift = after.memory_bytes / before.memory_bytes - 1
    verdicts.tell(
        f"{name} memory within 5 %",
        f"{before.memory_bytes / MIB:.1f} -> {after.memory_bytes / MIB:.1f} MiB ({drift:+.1%})",
        held=drift <= 0.05,
    )
    verdicts.tell(f"{name} no traceback", f"{len(broken)}", held=not broken)
    if broken:
        # The beginning will do: it is the same over and over.
        first = setting.daemon.stderr.index(broken[0])
        sys.stdout.write("\n".join(setting.daemon.stderr[max(0, first - 2) : first + 60]) + "\n")
    return 0 if verdicts.all_held else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    sys.exit(asyncio.run(main(parser.parse_args().minutes)))
