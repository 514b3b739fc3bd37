"""Where clients come in: endpoints of Twisted's, and TLS."""

import socket
import ssl
import sys
import tempfile
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest

from tests.case import Case
from tests.live.certificates import write_certificate
from tests.processes import ProgramMisbehaved, RunningProgram, free_port

pytestmark = pytest.mark.live

NO_GATEWAY = "http://127.0.0.1:9"


class UnixConnection(HTTPConnection):
    """A connection to a socket with a path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(10)
        self.sock.connect(self.host)


def answer(connection: HTTPConnection) -> bytes:
    """Return the body of ``GET /``."""
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().read()
    finally:
        connection.close()


class ListeningCase(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, *flags: str, argv: tuple[str, ...] = ()) -> RunningProgram:
        command = [sys.executable, "-m", "ollamaproxy", "--base-url", NO_GATEWAY, *flags]
        program = RunningProgram([*argv, *command])
        self.addCleanup(program.stop)
        return program


class Endpoints(ListeningCase):
    def test_several(self) -> None:
        """The daemon listens on all its endpoints at once, says so, and warns of none of these."""
        path = str(self.folder / "socket")
        program = self.start("--listen", f"unix:{path}", "--listen", "127.0.0.1:0")
        told = program.wait_for_line("stderr", r"listening on (\S+) and http://127\.0\.0\.1:(\d+)")
        self.assertEqual(told[1], f"unix:{path}")
        self.assertEqual(answer(UnixConnection(path)), b"Ollama is running")
        self.assertEqual(answer(HTTPConnection("127.0.0.1", int(told[2]))), b"Ollama is running")
        program.wait_for_line("stdout", r'ACCESS: \S+ \S+ - "GET / HTTP/1.1" 200')
        self.assertEqual(program.stop(), 0)
        self.assertNotIn("without a key", "\n".join(program.stderr))
        self.assertFalse(Path(path).exists())

    def test_proxy_protocol(self) -> None:
        """Behind ``haproxy:`` the access line has the client's address and not the proxy's."""
        port = free_port()
        program = self.start("--listen", f"haproxy:tcp:{port}:interface=127.0.0.1")
        program.wait_for_line("stderr", "listening on")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 5 80\r\n")
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            received = b"".join(iter(lambda: connection.recv(4096), b""))
        self.assertIn(b"Ollama is running", received)
        program.wait_for_line("stdout", r'192\.0\.2\.7 "GET / HTTP/1.1" 200')

    def test_a_socket_of_systemd_s(self) -> None:
        """A socket that systemd has opened is used as it is."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            script = (
                f"import os; os.dup2({server.fileno()}, 3); os.set_inheritable(3, True);"
                "os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES='a');"
                "os.environ.update(LISTEN_PID=str(os.getpid()));"
                "import sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
            )
            os_level = (sys.executable, "-c", script)
            server.set_inheritable(True)
            program = RunningProgram(
                [
                    *os_level,
                    *("-m", "ollamaproxy", "--base-url", NO_GATEWAY),
                    *("--listen", "systemd:domain=INET:index=0"),
                ],
                pass_fds=(server.fileno(),),
            )
            self.addCleanup(program.stop)
            port = server.getsockname()[1]
            program.wait_for_line("stderr", rf"listening on http://127\.0\.0\.1:{port}")
            self.assertEqual(answer(HTTPConnection("127.0.0.1", port)), b"Ollama is running")

    def test_mistakes(self) -> None:
        """An endpoint that cannot be is told in one line, with what was written."""
        for endpoint, told in (
            ("xyz:1", "--listen: 'xyz:1' is no endpoint that Twisted knows"),
            ("tcp:http", "--listen: 'tcp:http' is no endpoint that Twisted knows"),
            (
                "unix:/no/such/folder/x",
                "--listen: cannot listen on unix:/no/such/folder/x: No such file",
            ),
            ("systemd:domain=INET:index=7", "systemd has handed over no such socket"),
            ("192.0.2.1:80", "--listen: cannot listen on 192.0.2.1:80: "),
        ):
            program = self.start("--listen", endpoint)
            wrong = "is no endpoint" in told
            self.assertEqual(program.wait_for_exit(), 2 if wrong else 1, program.stderr)
            self.assertEqual(len(program.stderr), 1, program.stderr)
            self.assertIn(told, program.stderr[0])

    def test_the_place_of_a_mistake(self) -> None:
        """An address that is not to be had is told with where it was given."""
        path = self.folder / "settings.toml"
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            told = f"cannot listen on 127.0.0.1:{port}: Address already in use"
            for content, place in (
                (f"listen = '127.0.0.1:{port}'", "listen"),
                (f"port = 0\nadmin-listen = '127.0.0.1:{port}'", "admin-listen"),
                (f"host = '127.0.0.1'\nport = {port}", "port"),
            ):
                path.write_text(content)
                for more in ((), ("--workers=2",)):
                    program = self.start("--config", str(path), *more)
                    self.assertEqual(program.wait_for_exit(), 1, program.stderr)
                    [line] = program.stderr
                    self.assertTrue(line.startswith(f"ollamaproxy: {path}: {place}: {told}"), line)


class Secured(ListeningCase):
    def context(self, certificate: Path) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(certificate))

    def test_https(self) -> None:
        """With a certificate clients come by https, with HTTP/1.1 and TLS 1.2 at least."""
        path = write_certificate(self.folder / "own.pem", "localhost")
        program = self.start("--listen", "127.0.0.1:0", "--tls-certificate", str(path))
        port = int(program.wait_for_line("stderr", r"listening on https://127\.0\.0\.1:(\d+)")[1])
        context = self.context(path)
        context.set_alpn_protocols(["h2", "http/1.1"])
        connection = HTTPSConnection("localhost", port, context=context, timeout=10)
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().read(), b"Ollama is running")
        self.assertEqual(connection.sock.selected_alpn_protocol(), "http/1.1")
        self.assertIn(connection.sock.version(), {"TLSv1.2", "TLSv1.3"})
        connection.close()

    def test_by_host_and_port(self) -> None:
        """The same with host and port, and with the key in another file."""
        path = write_certificate(self.folder / "own.pem", "localhost", self.folder / "key.pem")
        flags = ("--tls-certificate", str(path), "--tls-key", str(self.folder / "key.pem"))
        program = self.start("--host=127.0.0.1", "--port=0", *flags)
        port = int(program.wait_for_line("stderr", r"listening on https://127\.0\.0\.1:(\d+)")[1])
        context = self.context(path)
        body = answer(HTTPSConnection("localhost", port, context=context, timeout=10))
        self.assertEqual(body, b"Ollama is running")

    def test_mistakes(self) -> None:
        """A certificate that cannot be is told in one line before anything listens."""
        own = write_certificate(self.folder / "own.pem", "localhost", self.folder / "own.key")
        write_certificate(self.folder / "b.pem", "localhost", self.folder / "b.key")
        empty = self.folder / "empty.pem"
        empty.write_text("nothing\n")
        for certificate, key, told in (
            ("/no/such", None, "cannot read /no/such: No such file"),
            (str(empty), None, "holds no certificate in PEM"),
            (str(own), str(empty), "holds no private key in PEM"),
            (str(own), None, "own.pem holds no private key in PEM"),
            (str(own), str(self.folder / "b.key"), "is not that of the certificate in"),
        ):
            more = () if key is None else ("--tls-key", key)
            for check in ((), ("--check-config",)):
                program = self.start("--port=0", "--tls-certificate", certificate, *more, *check)
                self.assertEqual(program.wait_for_exit(), 2)
                self.assertIn(told, program.stderr[0])
                self.assertNotIn("Traceback", "\n".join(program.stderr))

    def test_a_client_without_tls(self) -> None:
        """Who speaks plain HTTP is not answered, is told of once, and does no harm."""
        path = write_certificate(self.folder / "own.pem", "localhost")
        program = self.start("--listen", "127.0.0.1:0", "--tls-certificate", str(path))
        port = int(program.wait_for_line("stderr", r"listening on https://127\.0\.0\.1:(\d+)")[1])
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertNotIn(b"Ollama", b"".join(iter(lambda: connection.recv(4096), b"")))
        told = "no secure connection with 127.0.0.1: "
        program.wait_for_line("stderr", told + "it speaks http:// and not https://$")
        context = self.context(path)
        body = answer(HTTPSConnection("localhost", port, context=context, timeout=10))
        self.assertEqual(body, b"Ollama is running")
        with self.assertRaises(ProgramMisbehaved):
            program.wait_for_line("stderr", "Traceback", 0.0)
        self.assertEqual(len([line for line in program.stderr if told in line]), 1)

    def test_a_client_without_trust(self) -> None:
        """Who does not trust the certificate is told of with that, and one that leaves is not."""
        path = write_certificate(self.folder / "own.pem", "localhost")
        program = self.start("--listen", "127.0.0.1:0", "--tls-certificate", str(path))
        port = int(program.wait_for_line("stderr", r"listening on https://127\.0\.0\.1:(\d+)")[1])
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
        stranger = HTTPSConnection(
            "localhost", port, context=ssl.create_default_context(), timeout=10
        )
        with self.assertRaises(ssl.SSLCertVerificationError):
            stranger.connect()
        stranger.close()
        told = "no secure connection with 127.0.0.1: "
        program.wait_for_line("stderr", told + "it does not know the authority")
        self.assertEqual(len([line for line in program.stderr if told in line]), 1)
