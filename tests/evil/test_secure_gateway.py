"""Clients that leave close the gateway's connection also where that is a TLS connection (F1)."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as _reactor

from tests.case import ReactorCase
from tests.evil import clients
from tests.evil.clients import DEPARTURES, Departure
from tests.evil.corpus import GOOD
from tests.evil.daemon import LONG_DEADLINES, DaemonProcess
from tests.evil.gateway import EvilGateway, answer_well
from tests.evil.raw import converse
from tests.evil.table import rows
from tests.evil.threads import in_thread
from tests.live.certificates import GatewayCertificate

pytestmark = pytest.mark.live

reactor: Any = _reactor


class LeavingCase(ReactorCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        certificate = GatewayCertificate("localhost")
        tls = certificate.server_context(Path(folder.name))
        self.gateway = EvilGateway(tls=tls)
        self.addCleanup(self.gateway.__exit__)
        trusts = Path(folder.name, "gateway.pem")
        self.daemon = DaemonProcess(self.gateway, LONG_DEADLINES, trusts)
        self.addCleanup(self.daemon.stop)

    def assert_serves(self) -> None:
        self.gateway.play = answer_well
        self.assertEqual(converse(self.daemon.port, GOOD).response.status, 200)
        self.daemon.assert_is_well()

    async def leave(self, departure: Departure, leave: clients.Leave) -> None:
        self.assert_serves()
        self.gateway.wires.clear()
        self.gateway.play = departure.play
        closed = await in_thread(
            reactor, clients.depart, self.daemon.port, self.gateway, departure, leave
        )
        self.assertIsNotNone(closed, "the gateway writes on for nobody")
        self.assert_serves()

    async def close(self, departure: Departure) -> None:
        """A client that closes closes the gateway's connection."""
        await self.leave(departure, clients.close)


@rows(DEPARTURES, "closes", LeavingCase.close)
class Leaving(LeavingCase):
    """The same departures as from a gateway without TLS."""
