"""What a supervisor tells its workers, and how patient it is with them."""

import socket
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport

from ollamaproxy.workers.__main__ import Supervised
from ollamaproxy.workers.assignment import Assignment, Inherited
from ollamaproxy.workers.inherited import InheritedListeners
from ollamaproxy.workers.patience import LONG_ENOUGH_S, Patience
from tests.case import Case


class Told(Case):
    def test_there_and_back(self) -> None:
        """An assignment is one line, and says the same to who reads it."""
        assignment = Assignment(
            worker=2,
            accepted={"api-key": ["sk-1"]},
            origins={"api-key": "OLLAMAPROXY_API_KEY"},
            flags={"alias": ["a=b", "ü\n=d"], "api-key": ["sk-1"]},
            config_path=None,
            sockets=[Inherited(4, socket.AF_INET), Inherited(5, socket.AF_UNIX, True)],
        )
        line = assignment.to_line()
        self.assertEqual(line.count(b"\n"), 1)
        self.assertEqual(Assignment.from_line(line), assignment)
        self.assertEqual([it.has_path for it in assignment.sockets], [False, True])

    def test_no_key_shows(self) -> None:
        """Its representation has no flags, which may hold the key."""
        assignment = Assignment(
            worker=1,
            accepted={"api-key": ["sk-1"]},
            origins={"api-key": "OLLAMAPROXY_API_KEY"},
            flags={"api-key": ["sk-1"]},
            config_path="",
            sockets=[],
        )
        self.assertNotIn("sk-1", repr(assignment))


class Closing(Case):
    def test_listeners(self) -> None:
        """Who has inherited sockets tells when it takes no connections any more."""
        told: list[str] = []
        listeners = InheritedListeners(None, [], Factory(), lambda: told.append("closed"))
        self.successResultOf(Deferred.fromCoroutine(listeners.close()))
        self.assertEqual(told, ["closed"])

    def test_supervised(self) -> None:
        """A worker says so to its supervisor, but not before it has said that it answers."""
        supervised = Supervised(cast("Any", None), None, None)
        supervised.tell_closed()
        transport = StringTransport()
        supervised.makeConnection(transport)
        supervised.tell_closed()
        self.assertEqual(transport.value(), b"ready\nclosed\n")


class Restarts(Case):
    def test_longer_each_time(self) -> None:
        """The first restart is at once; who ends soon again waits longer, up to half a minute."""
        patience = Patience()
        waits = [patience.before_restart_s(0.5) for _ in range(8)]
        self.assertEqual(waits, [0, 1, 2, 4, 8, 16, 30, 30])

    def test_forgiven(self) -> None:
        """Who has lived for long is started at once."""
        patience = Patience()
        for _ in range(5):
            patience.before_restart_s(0.5)
        self.assertEqual(patience.before_restart_s(LONG_ENOUGH_S), 0)
        self.assertEqual(patience.before_restart_s(0.5), 1)
