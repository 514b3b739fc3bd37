"""``ollamaproxy doctor`` as a person starts it: what it prints, and how it ends."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.case import Case
from tests.live.certificates import write_certificate
from tests.live.proxy import proxy
from tests.processes import RunningDaemon, RunningProgram, free_port

pytestmark = pytest.mark.live

DOCTOR = (sys.executable, "-m", "ollamaproxy", "doctor")
KEY = "sk-canary-1234567890"


class DoctorCase(Case):
    def doctor(self, *words: str, environ: Mapping[str, str] | None = None) -> RunningProgram:
        """Return the doctor after its end; that it prints no key is seen to there."""
        key = {"OLLAMAPROXY_API_KEY": KEY}
        program = RunningProgram([*DOCTOR, *words], {**key, **(environ or {})})
        self.addCleanup(program.stop)
        program.wait_for_exit(60)
        return program

    def here(self) -> tuple[str, str]:
        """Return flags that make the daemon's own address a free one."""
        return "--host=127.0.0.1", f"--port={free_port()}"


class Commands(DoctorCase):
    def test_all_is_well(self) -> None:
        """In front of a gateway in good health it is 0, and the models are shown as a table."""
        # The daemon is a gateway, too.
        with RunningDaemon("--demo") as daemon:
            program = self.doctor("--base-url", daemon.url, *self.here())
        self.assertEqual(program.wait_for_exit(), 0, program.stdout)
        told = "\n".join(program.stdout)
        self.assertIn("ok       settings      given: base-url, api-key (OLLAMAPROXY_API_KEY)", told)
        self.assertIn(f"\nGateway {daemon.url}\n", told)
        self.assertRegex(told, r"\n  demo-chat +completion, tools +\d+")
        self.assertEqual(program.stdout[-1], "All is well; not looked at: certificate.")
        self.assertNotIn("\x1b", told)
        self.assertEqual(program.stderr, [])

    def test_a_daemon_runs(self) -> None:
        """A daemon that runs is known for one."""
        with RunningDaemon("--demo") as daemon:
            port = f"--port={daemon.port}"
            program = self.doctor("--base-url", daemon.url, "--host=127.0.0.1", port)
        self.assertIn(
            f"ok       address       an ollamaproxy runs at 127.0.0.1:{daemon.port}", program.stdout
        )
        self.assertEqual(program.wait_for_exit(), 0)

    def test_something_failed(self) -> None:
        """If something failed it is 1, and the key is not printed, even where it is the name."""
        url = f"http://127.0.0.1:{free_port()}/{KEY}"
        program = self.doctor("--base-url", url, *self.here())
        self.assertEqual(program.wait_for_exit(), 1)
        told = "\n".join(program.stdout)
        self.assertIn("failed   connection", told)
        self.assertIn("1 of 6 checks failed; 6 more were skipped.", told)
        self.assertIn("/***\n", told)
        self.assertNotIn(KEY, told)

    def test_interrupt(self) -> None:
        """Ctrl-C ends it, and then it does not say that all is well."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            program = RunningProgram([*DOCTOR, "--base-url", url, *self.here()])
            self.addCleanup(program.stop)
            program.wait_for_line("stdout", "^ok       connection")
            program.send_signal(signal.SIGINT)
            self.assertEqual(program.wait_for_exit(), 1)
        self.assertIn("stopped before its end", program.stderr[-1])
        self.assertNotIn("All", "\n".join(program.stdout))

    def test_a_reader_who_leaves(self) -> None:
        """Whoever has read enough hears no complaints."""
        ours, theirs = os.pipe()
        with socket.create_server(("127.0.0.1", 0)) as gateway:
            url = f"http://127.0.0.1:{gateway.getsockname()[1]}"
            argv = [*DOCTOR, "--base-url", url, *self.here()]
            program = subprocess.Popen(argv, stdout=theirs, stderr=subprocess.PIPE)
            os.close(theirs)
            with open(ours, encoding="utf-8") as reader:  # noqa: PTH123 - a pipe
                while not reader.readline().startswith("ok       connection"):
                    self.assertIsNone(program.poll())
        # Only now what it waits for fails, and it has something to say.
        _, complaints = program.communicate(timeout=60)
        self.assertEqual(complaints, b"")
        self.assertEqual(program.returncode, 0)

    def test_json(self) -> None:
        """--json is one object with everything in it, and nothing else."""
        for base_url, status in ((f"http://127.0.0.1:{free_port()}", 1), ("nonsense", 1)):
            program = self.doctor("--json", "--base-url", base_url, *self.here())
            self.assertEqual(program.wait_for_exit(), status)
            told = json.loads("\n".join(program.stdout))
            self.assertFalse(told["ok"])
            self.assertEqual(told["models"], [])
            self.assertIn("failed", {finding["verdict"] for finding in told["findings"]})

    def test_bad_settings(self) -> None:
        """Settings with which the daemon would not start are a finding, wherever they are."""
        for words, environ, told in (
            ((), {}, "--base-url is required"),
            (("--base-url=http://h",), {"OLLAMAPROXY_PORT": "x"}, "OLLAMAPROXY_PORT: "),
            (
                ("--base-url=http://h", "--keys-file=/nowhere"),
                {},
                "--keys-file: there is no /nowhere",
            ),
        ):
            program = self.doctor(*words, environ=environ)
            self.assertEqual(program.wait_for_exit(), 1)
            self.assertIn(f"failed   settings      {told}", "\n".join(program.stdout))

    def test_bad_command_line(self) -> None:
        """If the command line is wrong it is 2, and standard error says how."""
        for words, told in (
            (("--bogus",), "--bogus"),
            (("bogus",), "unexpected argument"),
            (("--demo",), "--demo needs no doctor"),
            (("--doctor-wait=0",), "--doctor-wait: '0' is not a number of seconds above 0"),
        ):
            program = self.doctor(*words)
            self.assertEqual(program.wait_for_exit(), 2)
            self.assertEqual(program.stdout, [])
            self.assertIn(told, program.stderr[0])
            self.assertEqual(program.stderr[1:], ["Try: ollamaproxy doctor --help"])

    def test_colours(self) -> None:
        """There are colours on a terminal, unless NO_COLOR says no."""
        for no_colour, coloured in (("", True), ("1", False)):
            ours, theirs = pty.openpty()
            self.addCleanup(os.close, ours)
            environ = {"PATH": os.environ["PATH"], "NO_COLOR": no_colour}
            subprocess.run([*DOCTOR], stdout=theirs, env=environ, check=False, timeout=60)
            os.close(theirs)
            told = os.read(ours, 65536)
            self.assertIn(b"settings", told)
            self.assertEqual(b"\x1b[31mfailed" in told, coloured, told)


class CertificateCase(DoctorCase):
    """
    A test with a gateway that has TLS.

    Attributes:
        host: Whom its certificate is for.
    """

    host = "localhost"

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = write_certificate(Path(folder.name, "certificate.pem"), self.host)
        # The gateway is a daemon with TLS.
        self.daemon_flags = (f"--tls-certificate={self.file}", "--host=127.0.0.1")
        argv = [sys.executable, "-m", "ollamaproxy", "--demo", "--port=0", *self.daemon_flags]
        daemon = RunningProgram(argv)
        self.addCleanup(daemon.stop)
        listening = daemon.wait_for_line("stderr", r"listening on https://127\.0\.0\.1:(\d+)")
        self.port = listening[1]

    def examine(
        self, host: str, port: str, environ: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return what is said by checks, with a gateway by a host's name, and a daemon's port."""
        trusting = {"SSL_CERT_FILE": str(self.file)} if environ is None else environ
        program = self.doctor(
            *("--json", f"--base-url=https://{host}:{self.port}", f"--port={port}"),
            *self.daemon_flags,
            environ=trusting,
        )
        findings = json.loads("\n".join(program.stdout))["findings"]
        return {it["check"]: f"{it['verdict']}: {it['told']}" for it in findings}


class Certificates(CertificateCase):
    def test_trusted(self) -> None:
        """The file that the advice names makes a certificate a trusted one; this one ends soon."""
        told = self.examine("localhost", str(free_port()))
        self.assertRegex(told["certificate"], "^warning: trusted, issued by localhost, but it ends")
        self.assertRegex(told["token"], "^ok: demo-chat answered")

    def test_another_host(self) -> None:
        """A certificate that is trusted and for another host is told with its names."""
        told = self.examine("127.0.0.1", str(free_port()))
        self.assertEqual(
            told["certificate"], "failed: the certificate is for localhost, and not for 127.0.0.1"
        )

    def test_a_daemon_runs(self) -> None:
        """A daemon with TLS is known for one, whatever its certificate."""
        told = self.examine("localhost", self.port)
        self.assertEqual(told["address"], f"ok: an ollamaproxy runs at 127.0.0.1:{self.port}")


class ThroughAProxy(CertificateCase):
    host = "gateway.test"

    def test_trusted(self) -> None:
        """Through a proxy all is as it is without, but that the name is the proxy's to know."""
        with proxy({self.host: "127.0.0.1"}) as between:
            environ = {
                "SSL_CERT_FILE": str(self.file),
                "HTTPS_PROXY": f"http://127.0.0.1:{between.port}",
            }
            told = self.examine(self.host, str(free_port()), environ)
            self.assertRegex(told["name"], "^skipped: the proxy 127.0.0.1 is told the name")
            self.assertRegex(told["connection"], f"^ok: port {between.port} of 127.0.0.1 answers")
            self.assertRegex(told["certificate"], "^warning: trusted, issued by gateway.test")
            self.assertRegex(told["token"], "^ok: demo-chat answered")
            self.assertEqual(set(between.asked), {f"CONNECT {self.host}:{self.port}"})

    def test_not_trusted(self) -> None:
        """A certificate that is not trusted is looked at through the proxy, too."""
        with proxy({self.host: "127.0.0.1"}) as between:
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{between.port}"}
            told = self.examine(self.host, str(free_port()), environ)
            self.assertRegex(told["certificate"], "gateway.test vouches for itself")
            self.assertEqual(set(between.asked), {f"CONNECT {self.host}:{self.port}"})
