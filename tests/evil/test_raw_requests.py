"""Malformed requests are refused with one status each, and odd ones are understood (B1)."""

from typing import Any

import pytest
from twisted.internet import reactor as _reactor

from tests.case import ReactorCase, on_reactor
from tests.evil.corpus import GOOD, REQUESTS, Raw
from tests.evil.daemon import EvilDaemon
from tests.evil.framing import BODIES
from tests.evil.gateway import EvilGateway
from tests.evil.raw import Talk
from tests.evil.table import rows
from tests.evil.threads import in_thread

pytestmark = pytest.mark.live

reactor: Any = _reactor

#: What the parser or the body's reader answers, always in JSON.
IN_JSON = frozenset({400, 408, 413, 431})


class RawCase(ReactorCase):
    def assert_answers(self, talk: Talk, row: Raw) -> None:
        responses = talk.responses
        self.assertEqual(tuple(r.status for r in responses), row.statuses, talk)
        self.assertNotEqual(talk.ended, "hung", "the connection is still open")
        if b"HTTP/1.0" not in row.data:
            # Not only when nothing more has come for a while.
            self.assertEqual(responses[-1].headers.get("connection"), "close")
        for response in responses:
            self.assertTrue(response.complete)
            if response.status in IN_JSON:
                self.assertIn("application/json", response.headers["content-type"])
                self.assertTrue(response.json["error"])
        if 413 in row.statuses:
            self.assertNotIn(b"100 Continue", talk.received)

    async def check(self, row: Raw) -> None:
        """It has the statuses, is recorded, asks the gateway nothing more, and harms nobody."""
        with EvilGateway() as gateway:
            async with EvilDaemon(reactor, gateway) as daemon:
                talk = await daemon.converse(row.data)
                logged = self.flushLoggedErrors()
                good = await daemon.converse(GOOD)
                lines = daemon.access_lines
                await in_thread(reactor, gateway.wait_until_left)
            self.assertEqual(good.response.status, 200)
            self.assertEqual([str(failure) for failure in logged], [])
            self.assert_answers(talk, row)
            recorded = tuple(int(line.rpartition('" ')[2].split(" ")[0]) for line in lines)
            self.assertEqual(recorded, (*row.statuses, 200), lines)
            self.assertEqual(len(gateway.wires), row.chats + 1)


@rows(REQUESTS, "head", RawCase.check)
class Heads(RawCase):
    """Request lines, headers, hosts, and what follows on a connection."""


@rows(BODIES, "body", RawCase.check)
class Bodies(RawCase):
    """Where a body ends."""

    @on_reactor
    async def test_there_are_many(self) -> None:
        """No row has been lost: their names differ, and there are more than 150."""
        names = {row.what for row in (*REQUESTS, *BODIES)}
        self.assertGreater(len(names), 150)
        self.assertEqual(len(names), len(REQUESTS) + len(BODIES))
