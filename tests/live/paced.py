"""A daemon in front of a gateway that goes on with its answers when it is told to."""

import json
from http.client import HTTPConnection, HTTPResponse

from tests.case import Case
from tests.litellm.gateway import run_upstream
from tests.processes import RunningDaemon


class PacedGatewayCase(Case):
    """A gateway that goes on with its answers when told to, and a client of a daemon's."""

    def setUp(self) -> None:
        super().setUp()
        self.gateway = run_upstream()
        self.addCleanup(self.gateway.stop)
        self.gateway_port = int(self.gateway.wait_for_line("stdout", r"http://.*:(\d+)")[1])

    def connect(self, port: int) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def begin_at(self, port: int, prompt: str) -> HTTPResponse:
        """Return a stream of which the first piece has come; it waits for the gateway."""
        connection = self.connect(port)
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


class PacedCase(PacedGatewayCase):
    """The same, and the daemon between them."""

    def start(self, *flags: str) -> RunningDaemon:
        url = f"http://127.0.0.1:{self.gateway_port}"
        daemon = RunningDaemon("--base-url", url, *flags)
        self.addCleanup(daemon.stop)
        return daemon

    def begin(self, daemon: RunningDaemon, prompt: str) -> HTTPResponse:
        """Return a stream of the daemon's, see :meth:`begin_at`."""
        return self.begin_at(daemon.port, prompt)
