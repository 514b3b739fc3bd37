"""How the daemon stops, and what signals do to it."""

import json
import signal
from typing import Final

import pytest

from tests.live.paced import PacedCase

pytestmark = pytest.mark.live

CUT: Final = "the proxy stops and cannot wait for the rest of this reply; try again"


class Stopping(PacedCase):
    def test_sigterm_lets_replies_finish(self) -> None:
        """After SIGTERM a reply that runs is finished, no connection is taken, and all is well."""
        daemon = self.start()
        reply = self.begin(daemon, "finish")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_for_line(
            "stderr", r"ollamaproxy stops when .*\(1 are left\), but after 30 seconds"
        )
        with self.assertRaises(ConnectionRefusedError):
            self.connect(daemon.port).request("GET", "/")
        for _ in range(3):
            self.release("finish")
        lines = [json.loads(line) for line in reply]
        self.assertTrue(lines[-1]["done"])
        self.assertEqual("".join(line["message"]["content"] for line in lines), " two three")
        self.assertEqual(daemon.wait_for_exit(), 0)
        self.assertEqual(len([line for line in daemon.stdout if "/api/chat" in line]), 1)

    def test_a_kept_connection_gets_no_new_request(self) -> None:
        """A connection that is kept alive is closed when there is nothing to answer on it."""
        daemon = self.start()
        connection = self.connect(daemon.port)
        connection.request("GET", "/")
        connection.getresponse().read()
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_exit(), 0)

    def test_a_second_sigterm_does_not_wait(self) -> None:
        """A second SIGTERM cuts what still runs; its client is told so or sees it broken."""
        daemon = self.start()
        reply = self.begin(daemon, "hurry")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_for_line("stderr", "ollamaproxy stops")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_exit(), 0)
        try:
            rest = reply.read()
        except OSError:
            rest = b""
        self.assertNotIn(b'"done":true', rest)

    def test_a_reply_that_takes_too_long(self) -> None:
        """A reply that goes on beyond the time for stopping ends in a line that says why."""
        daemon = self.start("--drain-timeout", "0.2")
        reply = self.begin(daemon, "late")
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(json.loads(reply.read()), {"error": CUT})
        self.assertEqual(daemon.wait_for_exit(), 0)
        self.assertIn("1 replies were cut", "".join(daemon.stderr))

    def test_sighup(self) -> None:
        """SIGHUP does not end the daemon, nor a reply that runs."""
        daemon = self.start()
        reply = self.begin(daemon, "again")
        daemon.send_signal(signal.SIGHUP)
        for _ in range(3):
            self.release("again")
        self.assertIn(b'"done":true', reply.read())
        self.assertTrue(daemon.is_running)
