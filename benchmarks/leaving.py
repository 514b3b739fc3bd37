"""F1: how soon the gateway's connection is closed after a client has left, in every phase."""

import tempfile
from pathlib import Path
from typing import Final

from benchmarks.figures import percentile
from benchmarks.setting import Verdicts
from tests.evil.clients import DEPARTURES, Departure, Leave, close, depart, reset
from tests.evil.corpus import GOOD
from tests.evil.daemon import LONG_DEADLINES, DaemonProcess
from tests.evil.gateway import EvilGateway, answer_well
from tests.evil.raw import converse
from tests.live.certificates import GatewayCertificate

TIMES: Final = 5
LIMIT_MS: Final = 250.0
LEAVES: Final[tuple[Leave, ...]] = (close, reset)


def measure(verdicts: Verdicts) -> None:
    """Measure, in front of a gateway without and with TLS."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate = GatewayCertificate("localhost")
        secure = EvilGateway(tls=certificate.server_context(folder))
        for kind, gateway, trusts in (
            ("", EvilGateway(), None),
            (" over TLS", secure, folder / "gateway.pem"),
        ):
            with gateway, DaemonProcess(gateway, LONG_DEADLINES, trusts) as daemon:
                _tell(verdicts, kind, daemon.port, gateway)


def _tell(verdicts: Verdicts, kind: str, port: int, gateway: EvilGateway) -> None:
    converse(port, GOOD)
    took_ms: dict[str, list[float]] = {departure.what: [] for departure in DEPARTURES}
    never = 0
    for departure in DEPARTURES:
        for leave in LEAVES * TIMES:
            closed_s = _depart(port, gateway, departure, leave)
            if closed_s is None:
                never += 1
            else:
                took_ms[departure.what].append(closed_s * 1000)
    every = [one for phase in took_ms.values() for one in phase]
    slowest = max(took_ms, key=lambda phase: max(took_ms[phase], default=0))
    verdicts.tell(
        f"F1 a client leaves: the gateway's connection{kind} is closed within {LIMIT_MS:g} ms",
        f"{len(every)} departures in {len(DEPARTURES)} phases: {percentile(every, 0.5):.1f} ms "
        f"(p50), {max(every, default=float('nan')):.1f} ms the slowest ({slowest}), {never} never",
        held=bool(every) and never == 0 and max(every) <= LIMIT_MS,
    )


def _depart(port: int, gateway: EvilGateway, departure: Departure, leave: Leave) -> float | None:
    gateway.wires.clear()
    gateway.play = departure.play
    closed_s = depart(port, gateway, departure, leave)
    gateway.play = answer_well
    return closed_s
