"""The admin address of a real process: where it is, and what it says while the daemon stops."""

import json
import signal
import socket
from typing import Any

import pytest

from tests.live.paced import PacedCase
from tests.processes import ProgramMisbehaved, RunningDaemon, free_port

pytestmark = pytest.mark.live

NO_GATEWAY = ("--base-url", "http://127.0.0.1:9")
ANYWHERE = ("--admin-listen", "127.0.0.1:0")
PAGE = r"status page on http://127\.0\.0\.1:(\d+)$"


class AdminAddress(PacedCase):
    def admin_port(self, daemon: RunningDaemon) -> int:
        return int(daemon.wait_for_line("stderr", PAGE)[1])

    def get(self, port: int, path: str) -> tuple[int, bytes]:
        connection = self.connect(port)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    def ready(self, port: int) -> Any:
        status, body = self.get(port, "/readyz")
        self.assertEqual(status, 200 if json.loads(body)["ready"] else 503)
        return json.loads(body)

    def release_all(self, prompt: str) -> None:
        for _ in range(3):
            self.release(prompt)


class WhileItStops(AdminAddress):
    def test_the_delay(self) -> None:
        """Told to stop, the daemon first says that it is not ready, and serves on."""
        daemon = self.start(*ANYWHERE, "--drain-delay", "60")
        admin = self.admin_port(daemon)
        self.assertTrue(self.ready(admin)["ready"])
        reply = self.begin(daemon, "delay")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_for_line("stderr", "is about to stop; it takes requests for 60 seconds more")
        self.assertEqual(self.ready(admin)["reason"], "the daemon is about to stop")
        self.assertEqual(self.get(admin, "/healthz"), (200, b"ok\n"))
        self.assertEqual(self.get(daemon.port, "/"), (200, b"Ollama is running"))
        later = self.begin(daemon, "delay")
        for _ in range(2):
            self.release_all("delay")
        for stream in (reply, later):
            self.assertIn(b'"done":true', stream.read())
        # Nobody waits for the rest of the minute.
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_exit(), 0)

    def test_the_draining(self) -> None:
        """After the delay no request is taken; the admin address stays until all have ended."""
        daemon = self.start(*ANYWHERE, "--drain-delay", "0.1")
        admin = self.admin_port(daemon)
        reply = self.begin(daemon, "drain")
        daemon.send_signal(signal.SIGTERM)
        daemon.wait_for_line("stderr", "ollamaproxy stops")
        with self.assertRaises(ConnectionRefusedError):
            self.connect(daemon.port).request("GET", "/")
        self.assertFalse(self.ready(admin)["ready"])
        self.assertEqual(self.get(admin, "/healthz"), (200, b"ok\n"))
        (running,) = json.loads(self.get(admin, "/status.json")[1])["running"]
        self.assertEqual(running["model"], "paced")
        self.release_all("drain")
        self.assertIn(b'"done":true', reply.read())
        self.assertEqual(daemon.wait_for_exit(), 0)
        with self.assertRaises(ConnectionRefusedError):
            self.get(admin, "/healthz")

    def test_viewers_do_not_hold_it_up(self) -> None:
        """Those who look at the page do not keep the daemon from stopping."""
        daemon = self.start(*ANYWHERE)
        connection = self.connect(self.admin_port(daemon))
        connection.request("GET", "/events")
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_exit(), 0)


class Where(AdminAddress):
    def start_alone(self, *flags: str) -> RunningDaemon:
        daemon = RunningDaemon(*NO_GATEWAY, *flags)
        self.addCleanup(daemon.stop)
        return daemon

    def test_nowhere_by_itself(self) -> None:
        """Unless it is asked for there is no status page."""
        daemon = self.start_alone()
        self.assertEqual(self.get(daemon.port, "/healthz")[0], 404)
        daemon.stop()
        self.assertNotIn("status page", "".join(daemon.stderr))

    def test_next_to_the_demonstration(self) -> None:
        """The demonstration has one, and says where; a second one finds another place."""
        ports = set()
        for _ in range(2):
            daemon = RunningDaemon("--demo")
            self.addCleanup(daemon.stop)
            seen = daemon.wait_for_line("stderr", r"in a browser: http://127\.0\.0\.1:(\d+)")
            ports.add(int(seen[1]))
        self.assertEqual(len(ports), 2)
        for port in ports:
            self.assertEqual(self.get(port, "/")[0], 200)

    def test_a_port_alone(self) -> None:
        """A port alone is one on loopback, and no reason to warn."""
        port = free_port()
        daemon = self.start_alone("--admin-listen", str(port))
        self.assertEqual(self.admin_port(daemon), port)
        self.assertEqual(self.get(port, "/healthz")[0], 200)
        daemon.stop()
        self.assertNotIn("everybody who can reach", "".join(daemon.stderr))

    def test_a_place_for_everybody(self) -> None:
        """An address that others can reach is taken, with a warning of what they can see."""
        daemon = self.start_alone("--admin-listen", "0.0.0.0:0")
        daemon.wait_for_line(
            "stderr", "warn: everybody who can reach .* models are used and by whom"
        )

    def test_a_place_that_is_taken(self) -> None:
        """A port in use is told to the person who starts the daemon, with the flag's name."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with self.assertRaises(ProgramMisbehaved) as caught:
                self.start_alone("--admin-listen", f"127.0.0.1:{port}")
        self.assertIn("Address already in use", str(caught.exception))
        self.assertIn("choose another --admin-listen", str(caught.exception))


class InTheBackground(AdminAddress):
    def test_a_request_is_seen(self) -> None:
        """What goes through the daemon is counted where a monitoring system looks."""
        daemon = self.start(*ANYWHERE)
        admin = self.admin_port(daemon)
        reply = self.begin(daemon, "seen")
        self.assertIn(b"ollamaproxy_requests_in_flight 1.0", self.get(admin, "/metrics")[1])
        self.release_all("seen")
        reply.read()
        counted = b'ollamaproxy_requests_total{code="200",method="POST",route="/api/chat"} 1.0'
        self.assertIn(counted, self.get(admin, "/metrics")[1])
