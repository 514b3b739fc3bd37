"""
A proxy as companies have them, of nothing but the standard library.

Its threads read and write as much as a socket takes, so that who does not read
stops who writes.
"""

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


class Proxy(ThreadingHTTPServer):
    """
    The proxy; it knows the test's hosts, which nobody else does.

    Attributes:
        asked: What it was asked for, oldest first, such as ``CONNECT gateway.test:443``.
        headers: The headers that came with each.
        connections: How many there have been.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, hosts: Mapping[str, str], user: str | None, tls: ssl.SSLContext | None
    ) -> None:
        """
        Listen.

        Args:
            hosts: The address of each host.
            user: Who may use it, as ``USER:PASSWORD``; ``None`` lets everybody.
            tls: With which it is spoken to, if at all.
        """
        self.hosts = hosts
        self.expected = None if user is None else f"Basic {b64encode(user.encode()).decode()}"
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Override: count."""
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Override: tests close connections whenever they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy
    connection: socket.socket

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - overridden
        """Override: keep quiet."""

    def do_CONNECT(self) -> None:
        if not self._is_let_in():
            return
        host, _colon, port = self.path.rpartition(":")
        if (address := self.server.hosts.get(host.strip("[]"))) is None:
            self._refuse(502, "Bad Gateway")
            return
        with socket.create_connection((address, int(port))) as gateway:
            self.send_response(200, "Connection established")
            self.end_headers()
            back = Thread(target=_pump, args=(gateway, self.connection), daemon=True)
            back.start()
            _pump(self.connection, gateway)
            back.join()
        self.close_connection = True

    def do_GET(self) -> None:
        if not self._is_let_in():
            return
        url = urlsplit(self.path)
        if (address := self.server.hosts.get(url.hostname or "")) is None:
            self._refuse(502, "Bad Gateway")
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {
            name: value
            for name, value in self.headers.items()
            if not name.lower().startswith("proxy-")
        }
        gateway = HTTPConnection(address, url.port or 80)
        gateway.request(self.command, self.path.partition(url.netloc)[2], body, headers)
        response = gateway.getresponse()
        self.send_response(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in {"server", "date", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        if response.length is None:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := response.read1(65536):
            self.wfile.write(
                b"%x\r\n%s\r\n" % (len(piece), piece) if response.length is None else piece
            )
        if response.length is None:
            self.wfile.write(b"0\r\n\r\n")
        gateway.close()

    do_POST = do_GET

    def _is_let_in(self) -> bool:
        self.server.asked.append(f"{self.command} {self.path}")
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.server.expected in {None, self.headers.get("Proxy-Authorization")}:
            return True
        self._refuse(407, "Proxy Authentication Required")
        return False

    def _refuse(self, status: int, reason: str) -> None:
        self.send_response(status, reason)
        self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
        self.send_header("Content-Length", "0")
        self.end_headers()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy until either end is over, and tell the other one."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(
    hosts: Mapping[str, str], user: str | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[Proxy]:
    """Run one, in threads of its own, until the end of the block."""
    with Proxy(hosts, user, tls) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
