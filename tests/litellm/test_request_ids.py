"""A request is found again in LiteLLM's logs: it takes the id that the daemon gives it."""

import json
import re
import socket
from http.client import HTTPConnection
from threading import Thread
from typing import Final

import pytest

from tests.litellm.gateway import GatewayTestCase

pytestmark = pytest.mark.litellm

PARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Wire:
    """
    Stands between the daemon and the gateway, and writes down what both say.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        said: What went over it, in both directions.
    """

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.said = b""
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._server.accept()
            except OSError:
                return  # closed
            far = socket.create_connection(("127.0.0.1", self._to_port))
            for source, sink in ((near, far), (far, near)):
                Thread(target=self._move, args=(source, sink), daemon=True).start()

    def _move(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.said += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            source.close()
            sink.close()


class CallIds(GatewayTestCase):
    def test_litellm_takes_ours(self) -> None:
        """LiteLLM answers under the id that it was given, and the client hears its own."""
        wire = Wire(self.gateway.port)
        self.addCleanup(wire.close)
        daemon = self.start_daemon("--log-format=json", base_url=f"http://127.0.0.1:{wire.port}")
        for stream in (True, False):
            connection = HTTPConnection("127.0.0.1", daemon.port, timeout=60)
            self.addCleanup(connection.close)
            body = {
                "model": "mock-text",
                "stream": stream,
                "messages": [{"role": "user", "content": "Hello?"}],
            }
            headers = {"X-Request-ID": f"of-{stream}", "traceparent": PARENT}
            connection.request("POST", "/api/chat", json.dumps(body), headers)
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["X-Request-ID"], f"of-{stream}")
            given = re.findall(rb"(?i)x-litellm-call-id: (of-%a\.\S*)" % stream, wire.said)
            # Once in the request and once in the reply.
            self.assertEqual(len(given), 2, given)
            self.assertEqual(*given)
            self.assertRegex(given[0].decode(), rf"^of-{stream}\.[0-9a-f]{{8}}$")
        self.assertEqual(wire.said.lower().count(b"traceparent: " + PARENT.encode()), 2)
        line = daemon.wait_for_line("stdout", r'.*"request_id":"of-False".*')[0]
        told = json.loads(line)
        self.assertEqual(told["gateway"], f"http://127.0.0.1:{wire.port}")
        self.assertEqual(told["trace_id"], PARENT[3:35])
