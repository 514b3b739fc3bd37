"""What a container's health check says of a daemon."""

import socket
import subprocess
import sys
import threading
from typing import Final

import pytest

from tests.case import Case
from tests.processes import RunningDaemon, free_port

pytestmark = pytest.mark.live

_COMMAND: Final = [sys.executable, "-m", "ollamaproxy.healthcheck"]


class HealthCheck(Case):
    def check(self, *argv: str) -> tuple[int, str]:
        done = subprocess.run(
            # A proxy of the environment's must not be asked.
            [*_COMMAND, *argv],
            env={"http_proxy": "http://127.0.0.1:9"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("\n"), 1)
        return done.returncode, done.stdout

    def test_a_daemon_that_answers(self) -> None:
        """A daemon that answers with 200 is well."""
        with RunningDaemon("--demo") as daemon:
            self.assertEqual(self.check(f"{daemon.url}/"), (0, f"{daemon.url}/: status 200\n"))

    def test_another_status(self) -> None:
        """Any other status is not."""
        with RunningDaemon("--demo") as daemon:
            url = f"{daemon.url}/nowhere"
            self.assertEqual(self.check(url), (1, f"{url}: status 404\n"))

    def test_nobody(self) -> None:
        """A port that nobody listens on is not."""
        status, text = self.check(f"http://127.0.0.1:{free_port()}/healthz")
        self.assertEqual(status, 1)
        self.assertIn("refused", text)

    def test_silence(self) -> None:
        """A daemon that takes the connection and says nothing is not: the check ends by itself."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            status, text = self.check(f"http://127.0.0.1:{server.getsockname()[1]}/healthz")
        self.assertEqual(status, 1)
        self.assertIn("timed out", text)

    def test_junk(self) -> None:
        """What is no HTTP is not, and makes no traceback."""
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                sock, _address = server.accept()
                with sock:
                    sock.recv(1000)
                    sock.sendall(b"junk\r\n\r\n")

            thread = threading.Thread(target=answer)
            thread.start()
            status, _text = self.check(f"http://127.0.0.1:{server.getsockname()[1]}/healthz")
            thread.join()
        self.assertEqual(status, 1)

    def test_bad_urls(self) -> None:
        """A URL that cannot be asked is told in one line."""
        for argv in (["https://h/"], ["h:1"], ["http://h:x/"], ["http://h/", "more"]):
            self.assertEqual(self.check(*argv)[0], 1, argv)
