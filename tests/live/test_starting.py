"""The three ways to start the daemon, and what each says when it cannot."""

import os
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from ollamaproxy import __version__
from tests.case import Case
from tests.processes import (
    ProgramMisbehaved,
    RunningDaemon,
    RunningProgram,
    free_port,
    wait_until_ready,
)

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
CONSOLE_SCRIPT = [str(Path(sys.executable).with_name("ollamaproxy"))]
TWISTD = str(Path(sys.executable).with_name("twistd"))

#: Nobody listens there; the tests here do not get as far as the gateway.
NO_GATEWAY = "http://127.0.0.1:9"
KEY = "sk-canary-1234567890"
#: twistd stops cleanly and then ends by the signal that it was sent.
ACCESS_LINE = (
    r'^ACCESS: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d 127\.0\.0\.1 "GET / HTTP/1\.1" 200 17 [\d.]+(µs|ms)$'
)
LISTENING = r"listening on http://127\.0\.0\.1:(\d+), gateway http://127\.0\.0\.1:9$"


def ask(port: int) -> bytes:
    """Return the body of ``GET /``."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read()
    finally:
        connection.close()


class Folder(Case):
    """A test with a folder of its own, where twistd may leave its files."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, argv: list[str], environ: Mapping[str, str] | None = None) -> RunningProgram:
        program = RunningProgram(argv, environ, cwd=self.folder)
        self.addCleanup(program.stop)
        return program

    def assert_serves(self, program: RunningProgram, exit_status: int = 0) -> None:
        """Ask the daemon once, and look at all that it prints until it has been stopped."""
        port = int(program.wait_for_line("stderr", LISTENING)[1])
        self.assertEqual(ask(port), b"Ollama is running")
        program.wait_for_line("stdout", ACCESS_LINE)
        self.assertEqual(program.stop(), exit_status)
        self.assertEqual(len(program.stdout), 1, program.stdout)
        self.assertIn("ollamaproxy stops", "".join(program.stderr))
        self.assertNotIn(KEY, "".join(program.stdout + program.stderr))


FLAGS = ["--base-url", NO_GATEWAY, "--api-key", KEY, "--host=127.0.0.1", "--port=0"]


class ConsoleScript(Folder):
    def test_serves(self) -> None:
        """The console script serves, with access lines and nothing else on standard output."""
        self.assert_serves(self.start([*CONSOLE_SCRIPT, *FLAGS]))

    def test_module(self) -> None:
        """``python -m ollamaproxy`` is the same."""
        self.assert_serves(self.start([sys.executable, "-m", "ollamaproxy", *FLAGS]))

    def test_flags_as_in_go(self) -> None:
        """Flags with one dash work, with = and without, as they do for users of Go programs."""
        flags = ["-base-url", NO_GATEWAY, "-host=127.0.0.1", "-port", "0", f"-api-key={KEY}"]
        self.assert_serves(self.start([*CONSOLE_SCRIPT, *flags]))

    def test_environment(self) -> None:
        """The environment stands in for flags."""
        environ = {
            "OLLAMAPROXY_BASE_URL": NO_GATEWAY,
            "OLLAMAPROXY_API_KEY": KEY,
            "OLLAMAPROXY_HOST": "127.0.0.1",
            "OLLAMAPROXY_PORT": "0",
        }
        self.assert_serves(self.start(CONSOLE_SCRIPT, environ))

    def test_a_file(self) -> None:
        """A file stands in for flags, with the key in another file; neither is printed."""
        key = self.folder / "key"
        key.write_text(f"{KEY}\n")
        key.chmod(0o600)
        path = self.folder / "settings.toml"
        path.write_text(
            f'base-url = "{NO_GATEWAY}"\nhost = "127.0.0.1"\nport = 0\napi-key-file = "{key}"\n'
        )
        self.assert_serves(self.start([*CONSOLE_SCRIPT, "--config", str(path)]))
        self.assert_serves(self.start([TWISTD, "-n", "ollamaproxy", "--config", str(path)]))
        environ = {"OLLAMAPROXY_CONFIG": str(path)}
        self.assert_serves(self.start([TWISTD, "-noy", str(ROOT / "ollamaproxy.tac")], environ))

    def test_systemd_s_credential(self) -> None:
        """A credential of systemd's is the key, and is not printed."""
        (self.folder / "api-key").write_text(KEY)
        environ = {"CREDENTIALS_DIRECTORY": str(self.folder), "OLLAMAPROXY_API_KEY": ""}
        flags = [flag for flag in FLAGS if flag not in {"--api-key", KEY}]
        self.assert_serves(self.start([*CONSOLE_SCRIPT, *flags], environ))

    def test_interrupt(self) -> None:
        """Ctrl-C ends it as cleanly as SIGTERM."""
        program = self.start([*CONSOLE_SCRIPT, *FLAGS])
        program.wait_for_line("stderr", LISTENING)
        program.send_signal(signal.SIGINT)
        self.assertEqual(program.wait_for_exit(), 0)

    def test_help_and_version(self) -> None:
        """--help names every flag; --version names the program's own version."""
        program = self.start([*CONSOLE_SCRIPT, "--help"])
        self.assertEqual(program.wait_for_exit(), 0)
        for flag in ("--base-url=", "--api-key=", "--port=", "--host=", "--demo"):
            self.assertIn(flag, "\n".join(program.stdout))
        program = self.start([*CONSOLE_SCRIPT, "--version"])
        self.assertEqual(program.wait_for_exit(), 0)
        self.assertEqual(program.stdout, [f"ollamaproxy {__version__}"])

    def test_a_reader_that_has_seen_enough(self) -> None:
        """--help into a pipe whose reader goes away is no error."""
        script = 'set -o pipefail; "$@" | head -1'
        for flag in ("--help", "--sample-config"):
            program = self.start(["bash", "-c", script, "bash", *CONSOLE_SCRIPT, flag])
            self.assertEqual(program.wait_for_exit(), 0)
            self.assertEqual(program.stderr, [])

    def test_a_closed_standard_output(self) -> None:
        """A reader of the access lines that goes away does not stop the daemon."""
        reads_one_line = 'exec "$@" > >(read line; echo "$line")'
        program = self.start(["bash", "-c", reads_one_line, "bash", *CONSOLE_SCRIPT, *FLAGS])
        port = int(program.wait_for_line("stderr", LISTENING)[1])
        ask(port)
        # No such line will come: it is the end of the reader that is waited for.
        with self.assertRaises(ProgramMisbehaved):
            program.wait_for_line("stdout", "no such line")
        self.assertEqual(len(program.stdout), 1)
        # The reader's last descriptor may close a moment later, and a line into it be lost.
        for _ in range(1000):
            self.assertEqual(ask(port), b"Ollama is running")
            if any("no more access lines" in line for line in program.stderr):
                break
        program.wait_for_line("stderr", "no more access lines")
        self.assertEqual(ask(port), b"Ollama is running")


class Twistd(Folder):
    def test_plugin(self) -> None:
        """``twistd -n ollamaproxy`` serves, with access lines only on standard output."""
        program = self.start([TWISTD, "-n", "ollamaproxy", *FLAGS])
        self.assert_serves(program)

    def test_plugin_with_a_log_file(self) -> None:
        """With --logfile, the daemon's messages go there; access lines stay where they are."""
        log = self.folder / "daemon.log"
        port = str(free_port())
        flags = [*FLAGS[:-1], f"--port={port}"]
        program = self.start([TWISTD, "-n", f"--logfile={log}", "ollamaproxy", *flags])
        wait_until_ready(program, f"http://127.0.0.1:{port}/", 20)
        program.wait_for_line("stdout", ACCESS_LINE)
        program.stop()
        self.assertIn("listening on", log.read_text())
        self.assertNotIn("ACCESS", log.read_text())

    def test_tac_in_the_foreground(self) -> None:
        """``twistd -n -y ollamaproxy.tac`` is set by the environment and serves alike."""
        environ = {
            "OLLAMAPROXY_BASE_URL": NO_GATEWAY,
            "OLLAMAPROXY_API_KEY": KEY,
            "OLLAMAPROXY_HOST": "127.0.0.1",
            "OLLAMAPROXY_PORT": "0",
        }
        program = self.start([TWISTD, "-noy", str(ROOT / "ollamaproxy.tac")], environ)
        self.assert_serves(program)

    def test_tac_in_the_background(self) -> None:
        """``twistd -y ollamaproxy.tac`` goes into the background and logs to twistd's log."""
        port = free_port()
        environ = {
            "OLLAMAPROXY_BASE_URL": NO_GATEWAY,
            "OLLAMAPROXY_API_KEY": KEY,
            "OLLAMAPROXY_HOST": "127.0.0.1",
            "OLLAMAPROXY_PORT": str(port),
        }
        program = self.start([TWISTD, "-y", str(ROOT / "ollamaproxy.tac")], environ)
        self.assertEqual(program.wait_for_exit(), 0)
        pid = int((self.folder / "twistd.pid").read_text())
        gone = os.pidfd_open(pid)
        try:
            self.assertEqual(ask(port), b"Ollama is running")
        finally:
            os.kill(pid, signal.SIGTERM)
            select.select([gone], [], [], 20)
            os.close(gone)
        log = (self.folder / "twistd.log").read_text()
        self.assertRegex(log, r"ACCESS: .* 127\.0\.0\.1 \"GET / HTTP/1\.1\" 200 17 ")
        self.assertIn("listening on", log)
        self.assertNotIn(KEY, log)
        self.assertEqual(program.stdout + program.stderr, [])


class Mistakes(Folder):
    """Every mistake is one clear line, an exit status of 1 or 2, and no traceback."""

    def assert_complaint(
        self, argv: list[str], words: str, environ: Mapping[str, str] | None = None
    ) -> None:
        program = self.start(argv, environ)
        self.assertIn(program.wait_for_exit(), {1, 2})
        printed = program.stdout + program.stderr
        complaints = [line for line in printed if words in line]
        self.assertEqual(len(complaints), 1, printed)
        self.assertNotIn("Traceback", "\n".join(printed))
        self.assertNotIn(KEY, "\n".join(printed))

    def test_no_base_url(self) -> None:
        """Without a base URL all three say that it is required."""
        words = "--base-url is required"
        self.assert_complaint([*CONSOLE_SCRIPT], words)
        self.assert_complaint([TWISTD, "-n", "ollamaproxy"], words)
        self.assert_complaint([TWISTD, "-y", str(ROOT / "ollamaproxy.tac")], words)

    def test_malformed_values(self) -> None:
        """A bad port, a malformed URL and a broken key are each told by name."""
        for flags, words in (
            (["--base-url", NO_GATEWAY, "--port", "http"], "--port: 'http' is not a whole number"),
            (
                ["--base-url", NO_GATEWAY, "--port", "70000"],
                "--port: '70000' is not a whole number",
            ),
            (["--base-url", "gateway:4000"], "'gateway:4000' is not an http:// or https://"),
            (["--base-url", NO_GATEWAY, "--api-key", f"{KEY} x"], "a key must be one word"),
            (["--base-url", NO_GATEWAY, "--bogus"], "--bogus"),
            (["--base-url", NO_GATEWAY, "bogus"], "unexpected argument without a flag"),
            (["--base-url", NO_GATEWAY, "--demo"], "--demo brings its own gateway"),
        ):
            self.assert_complaint([*CONSOLE_SCRIPT, *flags], words)

    def test_check_config(self) -> None:
        """--check-config looks at the files that settings name, under twistd as well."""
        flags = ["--base-url", NO_GATEWAY, "--check-config", "--ca-file", "/no/such"]
        words = "--ca-file: cannot read /no/such"
        self.assert_complaint([*CONSOLE_SCRIPT, *flags], words)
        self.assert_complaint([TWISTD, "ollamaproxy", *flags], words)

    def test_port_in_use(self) -> None:
        """A port in use is told before anything goes into the background, by all three."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = str(server.getsockname()[1])
            words = f"cannot listen on 127.0.0.1:{port}: Address already in use"
            flags = ["--base-url", NO_GATEWAY, "--host", "127.0.0.1", "--port", port]
            environ = {
                "OLLAMAPROXY_BASE_URL": NO_GATEWAY,
                "OLLAMAPROXY_HOST": "127.0.0.1",
                "OLLAMAPROXY_PORT": port,
            }
            tac = str(ROOT / "ollamaproxy.tac")
            self.assert_complaint([*CONSOLE_SCRIPT, *flags], words)
            self.assert_complaint([TWISTD, "-n", "ollamaproxy", *flags], words)
            self.assert_complaint([TWISTD, "ollamaproxy", *flags], words)
            self.assert_complaint([TWISTD, "-y", tac], words, environ)

    def test_an_address_of_another_machine(self) -> None:
        """An address that is none of this machine's is told."""
        flags = ["--base-url", NO_GATEWAY, "--host", "192.0.2.1", "--port", "0"]
        self.assert_complaint([*CONSOLE_SCRIPT, *flags], "cannot listen on 192.0.2.1:0")


class Demonstration(Case):
    def test_says_what_to_try(self) -> None:
        """--demo prints a command to try and the address for an IDE."""
        with RunningDaemon("--demo") as daemon:
            daemon.wait_for_line("stderr", f"curl -N {daemon.url}/api/generate")
            daemon.wait_for_line("stderr", "JetBrains")

    def test_warns_of_nothing(self) -> None:
        """--demo has no key that others could spend, so it does not warn."""
        with RunningDaemon("--demo", "--host", "127.0.0.1") as daemon:
            daemon.wait_for_line("stderr", "Ctrl-C")
        self.assertNotIn("everybody", "\n".join(daemon.stderr))
