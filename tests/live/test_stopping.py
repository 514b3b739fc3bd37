"""How the daemon stops, and what signals do to it."""

import json
import signal
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Final

import pytest

from tests.case import Case
from tests.processes import RunningDaemon, RunningProgram

pytestmark = pytest.mark.live

GATEWAY: Final = Path(__file__).parents[1] / "litellm" / "fake_upstream.py"
CUT: Final = "the proxy stops and cannot wait for the rest of this reply; try again"


class Stopping(Case):
    """A daemon, a gateway that goes on with its answers when told to, and a client."""

    def setUp(self) -> None:
        super().setUp()
        self.gateway = RunningProgram([sys.executable, str(GATEWAY)])
        self.addCleanup(self.gateway.stop)
        self.gateway_port = int(self.gateway.wait_for_line("stdout", r"http://.*:(\d+)")[1])

    def start(self, *flags: str) -> RunningDaemon:
        url = f"http://127.0.0.1:{self.gateway_port}"
        daemon = RunningDaemon("--base-url", url, *flags)
        self.addCleanup(daemon.stop)
        return daemon

    def connect(self, port: int) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def begin(self, daemon: RunningDaemon, prompt: str) -> HTTPResponse:
        """Return a stream of which the first piece has come; it waits for the gateway."""
        connection = self.connect(daemon.port)
        message = {"role": "user", "content": prompt}
        connection.request(
            "POST", "/api/chat", json.dumps({"model": "paced", "messages": [message]})
        )
        response = connection.getresponse()
        self.assertIn(b'"one"', response.readline())
        return response

    def release(self, prompt: str) -> None:
        connection = self.connect(self.gateway_port)
        connection.request("POST", f"/release/{prompt}", b"")
        connection.getresponse().read()

    def test_sigterm_lets_replies_finish(self) -> None:
        """After SIGTERM a reply that runs is finished, no connection is taken, and all is well."""
        daemon = self.start()
        reply = self.begin(daemon, "finish")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_for_line("stderr", "ollamaproxy stops")
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
