"""SIGHUP: what is read anew, what goes on, and what happens if it is bad."""

import json
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.live.certificates import write_certificate
from tests.live.paced import PacedGatewayCase
from tests.processes import RunningDaemon, RunningProgram

pytestmark = pytest.mark.live


class Reloading(PacedGatewayCase):
    """A daemon with a file of settings, and a gateway that answers when told to."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "settings.toml"

    def write(self, *lines: str) -> None:
        base_url = f'base-url = "http://127.0.0.1:{self.gateway_port}"'
        self.path.write_text("\n".join([base_url, 'listen = "127.0.0.1:0"', *lines]) + "\n")

    def start(self) -> RunningProgram:
        daemon = RunningProgram([sys.executable, "-m", "ollamaproxy", "--config", str(self.path)])
        self.addCleanup(daemon.stop)
        told = daemon.wait_for_line("stderr", r"listening on https?://127\.0\.0\.1:(\d+)")
        self.port = int(told[1])
        self._reloads = self._reload_lines(daemon)
        return daemon

    def _reload_lines(self, daemon: RunningProgram) -> Iterator[str]:
        """Signal again and again, and yield what is said of each time."""
        seen = 0
        while True:
            daemon.send_signal(signal.SIGHUP)
            pattern = "(settings read anew; .*|nothing is changed: .*)"
            seen += 1
            daemon.wait_for_lines("stderr", pattern, seen)
            yield [line for line in daemon.stderr if "anew" in line or "nothing is" in line][-1]

    def reload(self) -> str:
        """Send SIGHUP, and return the line that says what came of it."""
        return next(self._reloads)

    def names(self, connection: HTTPConnection) -> set[str]:
        connection.request("GET", "/api/tags")
        models = json.loads(connection.getresponse().read())["models"]
        return {model["name"] for model in models}

    def version(self, connection: HTTPConnection) -> str:
        connection.request("GET", "/api/version")
        return str(json.loads(connection.getresponse().read())["version"])

    def test_a_new_setting_and_a_running_reply(self) -> None:
        """New settings hold for the next request, also on a kept connection; a reply goes on."""
        self.write()
        self.start()
        kept = self.connect(self.port)
        self.assertEqual(self.version(kept), "0.32.15")
        reply = self.begin_at(self.port, "reload")
        self.write('ollama-version = "1.2.3"')
        self.assertIn("changed: ollama-version", self.reload())
        self.assertEqual(self.version(kept), "1.2.3")
        self.assertEqual(self.version(self.connect(self.port)), "1.2.3")
        for _ in range(3):
            self.release("reload")
        lines = [json.loads(line) for line in reply]
        self.assertTrue(lines[-1]["done"])
        self.assertEqual("".join(line["message"]["content"] for line in lines), " two three")

    def test_bad_settings(self) -> None:
        """Settings that cannot work change nothing: neither they nor good ones beside them."""
        self.write()
        daemon = self.start()
        self.write('ollama-version = "1.2.3"', "port = 99999")
        self.assertIn(f"nothing is changed: {self.path}: port: '99999'", self.reload())
        self.assertEqual(self.version(self.connect(self.port)), "0.32.15")
        self.write('ollama-version = "1.2.3"', 'keys-file = "/no/such"')
        self.assertIn(
            f"nothing is changed: {self.path}: keys-file: there is no /no/such", self.reload()
        )
        self.assertEqual(self.version(self.connect(self.port)), "0.32.15")
        self.path.unlink()
        self.assertIn("nothing is changed: cannot read", self.reload())
        self.assertEqual(daemon.stop(), 0)

    def test_nothing_new(self) -> None:
        """Nothing new is said to be nothing new, as often as one likes."""
        self.write()
        self.start()
        for _ in range(3):
            self.assertIn("none has changed", self.reload())
        self.assertEqual(self.version(self.connect(self.port)), "0.32.15")

    def test_what_needs_a_restart(self) -> None:
        """What holds from start to end is said to need a restart, and the rest counts."""
        self.write()
        daemon = self.start()
        self.write('ollama-version = "1.2.3"', 'host = "127.0.0.1"')
        self.assertIn("changed: host, ollama-version", self.reload())
        daemon.wait_for_line("stderr", "for the new value of host a restart is needed")
        self.assertEqual(self.version(self.connect(self.port)), "1.2.3")
        self.write('ollama-version = "1.2.3"')
        self.assertIn("changed: host", self.reload())
        # It is again what it was at the start.
        self.assertEqual(len([it for it in daemon.stderr if "restart is needed" in it]), 1)

    def test_a_gateway_that_is_down(self) -> None:
        """What is known of the models is known after it, also if the gateway is gone by then."""
        gateway = RunningDaemon("--demo")
        self.addCleanup(gateway.stop)
        self.gateway_port = gateway.port
        self.write()
        self.start()
        before = self.names(self.connect(self.port))
        self.assertGreater(len(before), 1)
        gateway.stop()
        self.write(f'alias = "mine={min(before)}"')
        self.reload()
        self.assertEqual(self.names(self.connect(self.port)), before | {"mine"})

    def test_the_limit_stays_one(self) -> None:
        """Requests that run count for the limit after it as before."""
        self.write("max-in-flight = 1", "queue-timeout = 0.1")
        self.start()
        reply = self.begin_at(self.port, "limit")
        self.write("max-in-flight = 1", "queue-timeout = 0.2")
        self.assertIn("changed: queue-timeout", self.reload())
        connection = self.connect(self.port)
        message = {"role": "user", "content": "limit"}
        body = json.dumps({"model": "paced", "messages": [message]})
        connection.request("POST", "/api/chat", body)
        response = connection.getresponse()
        self.assertEqual(response.status, 503)
        self.assertIn(b"server busy", response.read())
        for _ in range(3):
            self.release("limit")
        self.assertIn(b'"done":true', reply.read())

    def test_certificates(self) -> None:
        """A new certificate is shown to new connections; with a bad one the old stays."""
        own = write_certificate(self.folder / "own.pem", "localhost")
        first = ssl.create_default_context(cafile=str(own))
        self.write(f'tls-certificate = "{own}"')
        self.start()
        kept = HTTPSConnection("localhost", self.port, context=first, timeout=10)
        self.addCleanup(kept.close)
        self.version(kept)
        own.write_text("nothing")
        self.assertIn("own.pem holds no certificate in PEM", self.reload())
        self.version(kept)
        write_certificate(own, "localhost")
        second = ssl.create_default_context(cafile=str(own))
        self.reload()
        self.version(kept)
        new = HTTPSConnection("localhost", self.port, context=second, timeout=10)
        self.addCleanup(new.close)
        self.version(new)
        old = HTTPSConnection("localhost", self.port, context=first, timeout=10)
        self.addCleanup(old.close)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.version(old)
