"""
Amplification: what the daemon spends on bad input, by what it costs to send it (B4).

Every malformed request and body of the tests is sent to a real daemon, small
ones from many connections at once.  Prints the worst of them, and exits with 1
if a promise is not held.
"""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from attrs import frozen

from benchmarks.setting import Verdicts
from benchmarks.usage import MIB, Usage
from tests.evil.bodies import BODIES
from tests.evil.corpus import GOOD, REQUESTS
from tests.evil.daemon import DaemonProcess
from tests.evil.framing import BODIES as FRAMINGS
from tests.evil.gateway import EvilGateway
from tests.evil.raw import HOST, converse, post

#: The promises: how many times what was received, or what the client computed.
MEMORY_LIMIT: Final = 10.0
CPU_LIMIT: Final = 10.0
#: And whatever the client paid for it.
EACH_LIMIT_MS: Final = 100.0
EACH_LIMIT_MIB: Final = 32.0
#: What a connection may hold by itself, whatever comes on it.
CONNECTION_BYTES: Final = 48 * 1024
#: Smaller requests are sent so often at once, for what one of them takes is no figure.
AT_ONCE: Final = 50
SMALL_BYTES: Final = 64 * 1024
#: How often, to have a figure of CPU time.
ROUNDS: Final = 3
SHOWN: Final = 5


@frozen
class Case:
    """What a client sends."""

    what: str
    data: bytes


@frozen
class Cost:
    """
    What it cost.

    Attributes:
        what: The case.
        sent: Bytes, in a round.
        grown: How much the daemon's memory was larger at most, in bytes.
        daemon_s: CPU time of all rounds, in seconds.
        client_s: The same of the clients.
        connections: How many there were at once.
    """

    what: str
    sent: int
    grown: int
    daemon_s: float
    client_s: float
    connections: int

    @property
    def memory(self) -> float:
        """How many times what was received, above what connections hold by themselves."""
        return max(0, self.grown - CONNECTION_BYTES * self.connections) / self.sent

    @property
    def each_s(self) -> float:
        """CPU time of one, in seconds."""
        return self.daemon_s / ROUNDS / self.connections

    @property
    def cpu(self) -> float:
        """How many times what the clients computed."""
        return self.daemon_s / self.client_s


def cases() -> Iterator[Case]:
    """Yield all that is sent."""
    for path in ("/api/chat", "/v1/chat/completions"):
        for body in BODIES:
            yield Case(f"{body.what} to {path}", post(path, body.data))
    for row in (*REQUESTS, *FRAMINGS):
        yield Case(row.what, row.data)
    crumbs = b"--x\r\n\r\n" * (MIB // 8)
    form = b"Content-Type: multipart/form-data; boundary=x\r\n"
    head = b"POST /v1/audio/transcriptions HTTP/1.1\r\n%sConnection: close\r\n" % (HOST + form)
    yield Case("a form of crumbs", head + b"Content-Length: %d\r\n\r\n" % len(crumbs) + crumbs)


def send(port: int, data: bytes) -> float:
    """Send it, read the answer, and return how long that was computed for."""
    before_s = time.thread_time()
    converse(port, data)
    return time.thread_time() - before_s


def measure(port: int, daemon: Usage, case: Case) -> Cost:
    """Send a case in a few rounds."""
    connections = 1 if len(case.data) >= SMALL_BYTES else AT_ONCE
    with ThreadPoolExecutor(connections) as clients:

        def round_s() -> float:
            return sum(clients.map(lambda _: send(port, case.data), range(connections)))

        round_s()  # what is kept for good is no amplification
        daemon.forget_peak()
        before, before_s = daemon.peak_bytes(), daemon.cpu_s()
        client_s = sum(round_s() for _ in range(ROUNDS))
        return Cost(
            case.what,
            len(case.data) * connections,
            daemon.peak_bytes() - before,
            daemon.cpu_s() - before_s,
            client_s,
            connections,
        )


def show(title: str, costs: Iterable[Cost]) -> None:
    """Print some cases."""
    sys.stdout.write(f"{title}\n")
    for cost in costs:
        sys.stdout.write(
            f"  {cost.what}: {cost.sent / 1024:.0f} KiB sent, +{cost.grown / 1024:.0f} KiB, "
            f"{cost.memory:.1f} x; {cost.each_s * 1e3:.1f} ms "
            f"each, {cost.cpu:.1f} x\n"
        )


def main() -> int:
    """Measure everything; return the exit status."""
    verdicts = Verdicts()
    with EvilGateway() as gateway, DaemonProcess(gateway) as process:
        for _ in range(20):
            converse(process.port, GOOD)
        daemon = Usage(process.pid)
        costs = [measure(process.port, daemon, case) for case in cases()]
        process.assert_is_well()
    by_memory = sorted(costs, key=lambda cost: -cost.memory)
    by_cpu = sorted(costs, key=lambda cost: -cost.cpu)
    show("most memory for what was sent", by_memory[:SHOWN])
    show("most CPU time for what the client spent", by_cpu[:SHOWN])
    worst_memory, worst_cpu = by_memory[0].memory, by_cpu[0].cpu
    verdicts.tell(
        f"B4 {len(costs)} kinds of bad input: memory <= {MEMORY_LIMIT:g} x what was received",
        f"{worst_memory:.1f} x",
        held=worst_memory <= MEMORY_LIMIT,
    )
    verdicts.tell(
        f"B4 the same: CPU time <= {CPU_LIMIT:g} x the client's",
        f"{worst_cpu:.1f} x, {by_cpu[len(by_cpu) // 2].cpu:.1f} x in the middle",
        held=worst_cpu <= CPU_LIMIT,
    )
    costliest_ms = max(cost.each_s for cost in costs) * 1000
    largest = max(cost.grown / cost.connections for cost in costs) / MIB
    verdicts.tell(
        f"B4 the same: one costs at most {EACH_LIMIT_MS:g} ms of CPU time"
        f" and {EACH_LIMIT_MIB:g} MiB while it is read",
        f"{costliest_ms:.0f} ms, {largest:.1f} MiB",
        held=costliest_ms <= EACH_LIMIT_MS and largest <= EACH_LIMIT_MIB,
    )
    return 0 if verdicts.all_held else 1


if __name__ == "__main__":
    if not hasattr(os, "sched_getaffinity"):
        sys.exit("this needs Linux's /proc")
    sys.exit(main())
