"""The daemon behind a proxy that is not of these tests: proxy.py."""

import json
import sys
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from twisted.internet import reactor as _reactor
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory

from tests.case import Case, ReactorCase, on_reactor
from tests.litellm.gateway import run_upstream
from tests.live.certificates import GatewayCertificate
from tests.live.daemon import LocalDaemon
from tests.live.test_failover import Answering, burst
from tests.processes import RunningDaemon, RunningProgram

pytestmark = pytest.mark.live

reactor: Any = _reactor

PASSWORD: Final = "canary-p@ss"
ENCODED: Final = "canary-p%40ss"

#: This machine to those who connect, but no loopback address to those who look for proxies.
HOST: Final = "0.0.0.0"  # noqa: S104 - nobody listens there


def proxy_py() -> RunningProgram:
    """Start one that lets in who knows the password."""
    flags = ("--hostname", "127.0.0.1", "--port", "0", "--log-level", "DEBUG")
    threads = ("--num-acceptors", "1", "--num-workers", "1", "--threaded")
    user = ("--basic-auth", f"me:{PASSWORD}")
    return RunningProgram([sys.executable, "-m", "proxy", *flags, *threads, *user])


def port_of(program: RunningProgram) -> str:
    return program.wait_for_line("stderr", r"Listening on 127\.0\.0\.1:(\d+)")[1]


class Forwarding(Case):
    """A gateway at ``http://``, in processes of their own, all three."""

    def setUp(self) -> None:
        super().setUp()
        self.gateway = run_upstream()
        self.addCleanup(self.gateway.stop)
        self.proxy = proxy_py()
        self.addCleanup(self.proxy.stop)

    def daemon(self, user: str) -> RunningDaemon:
        environ = {"HTTP_PROXY": f"http://{user}@127.0.0.1:{port_of(self.proxy)}"}
        gateway_port = self.gateway.wait_for_line("stdout", r"http://.*:(\d+)")[1]
        daemon = RunningDaemon("--base-url", f"http://{HOST}:{gateway_port}", environ=environ)
        self.addCleanup(daemon.stop)
        return daemon

    def ask(self, daemon: RunningDaemon) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", daemon.port, timeout=20)
        self.addCleanup(connection.close)
        question = {"model": "plain", "messages": [{"role": "user", "content": "hi"}]}
        connection.request("POST", "/api/chat", json.dumps(question))
        response = connection.getresponse()
        return response.status, response.read().decode()

    def test_answered(self) -> None:
        """It is reached through the proxy, several times."""
        daemon = self.daemon(f"me:{ENCODED}")
        for _ in range(3):
            status, answer = self.ask(daemon)
            self.assertEqual(status, 200, answer)
            self.assertIs(json.loads(answer.splitlines()[-1])["done"], True)
        daemon.stop()
        self.assertNotIn("canary", "\n".join(daemon.stdout + daemon.stderr))

    def test_another_password(self) -> None:
        """Where the proxy does not know us, the daemon says so."""
        daemon = self.daemon("me:canary-wrong")
        status, answer = self.ask(daemon)
        self.assertEqual(status, 502)
        self.assertIn("it does not accept the user and the password", answer)
        daemon.stop()
        self.assertNotIn("canary", answer + "\n".join(daemon.stdout + daemon.stderr))


class Tunnels(ReactorCase):
    """A gateway at ``https://``."""

    def setUp(self) -> None:
        super().setUp()
        certificate = GatewayCertificate(HOST)
        self.gateway = TLSMemoryBIOFactory(certificate, False, Factory.forProtocol(Answering))
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name, "ca.pem")
        path.write_bytes(certificate.certificate_pem)
        self.ca_file = f"--ca-file={path}"
        self.proxy = proxy_py()
        self.addCleanup(self.proxy.stop)

    async def statuses(self, user: str) -> list[int]:
        """Return how three questions are answered."""
        url = f"--proxy=http://{user}@127.0.0.1:{port_of(self.proxy)}"
        base_url = f"https://{HOST}:{{port}}"
        async with LocalDaemon(
            reactor, self.gateway, url, self.ca_file, base_url=base_url
        ) as daemon:
            return [answer.status for answer in await burst(daemon.port, 3)]

    @on_reactor
    async def test_answered(self) -> None:
        """It is reached through tunnels, three at a time."""
        self.assertEqual(await self.statuses(f"me:{ENCODED}"), [200] * 3)

    @on_reactor
    async def test_another_password(self) -> None:
        """Where the proxy does not know us there is no tunnel."""
        self.assertEqual(await self.statuses("me:wrong"), [502] * 3)
