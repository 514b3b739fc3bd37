"""Several workers behind one supervisor, as real processes."""

import contextlib
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.case import Case
from tests.live.certificates import write_certificate
from tests.live.paced import PacedGatewayCase
from tests.live.test_listening import UnixConnection, answer
from tests.live.test_starting import TWISTD
from tests.processes import RunningProgram, free_port, wait_until

pytestmark = pytest.mark.live

NO_GATEWAY = "http://127.0.0.1:9"
LISTENING = r"listening on http://127\.0\.0\.1:(\d+), gateway .*, with 2 workers"


class WorkersCase(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(
        self, *flags: str, base_url: str = NO_GATEWAY, argv: tuple[str, ...] = ()
    ) -> RunningProgram:
        command = argv or (sys.executable, "-m", "ollamaproxy")
        where = ("--base-url", base_url, "--workers", "2")
        program = RunningProgram([*command, *where, *flags], cwd=self.folder)
        self.addCleanup(program.stop)
        return program

    def start_on_tcp(self, *flags: str, base_url: str = NO_GATEWAY) -> RunningProgram:
        program = self.start("--host=127.0.0.1", "--port=0", *flags, base_url=base_url)
        self.port = int(program.wait_for_line("stderr", LISTENING)[1])
        return program

    def workers(self, program: RunningProgram) -> list[int]:
        """Return the process ids of the workers, the oldest first."""
        tasks = Path(f"/proc/{program.pid}/task").iterdir()
        children = " ".join((task / "children").read_text() for task in tasks)
        return sorted(map(int, children.split()))

    def others(self, program: RunningProgram, *known: int) -> bool:
        """Whether there are workers that are not among the known ones."""
        return not set(self.workers(program)) <= set(known)

    def freeze(self, pid: int) -> None:
        """Let a process do nothing any more, until :meth:`thaw`."""
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(self.thaw, pid)

    def thaw(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def version(self) -> str:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/api/version")
            return str(json.loads(connection.getresponse().read())["version"])
        finally:
            connection.close()

    def assert_ends(self, pids: list[int]) -> None:
        """Wait until processes have ended."""
        for pid in pids:
            try:
                gone = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            try:
                self.assertTrue(select.select([gone], [], [], 20)[0], pid)
            finally:
                os.close(gone)


class Sharing(WorkersCase):
    def test_each_answers(self) -> None:
        """Each worker answers alone when the other one cannot."""
        program = self.start_on_tcp()
        for pid in self.workers(program):
            self.freeze(pid)
            self.assertEqual(self.version(), "0.32.15")
            self.thaw(pid)
        self.assertEqual(program.stop(), 0)
        self.assertEqual(len([line for line in program.stdout if "ACCESS" in line]), 2)

    def test_a_dead_one_is_replaced(self) -> None:
        """A worker that dies is replaced at once, by one that answers."""
        program = self.start_on_tcp()
        first, second = self.workers(program)
        os.kill(first, signal.SIGKILL)
        program.wait_for_line("stderr", r"worker 1 was ended by SIGKILL; a new one starts now")
        self.freeze(second)
        self.assertEqual(self.version(), "0.32.15")
        self.thaw(second)
        self.assertNotIn(first, self.workers(program))

    def test_all_kinds_of_endpoints(self) -> None:
        """Sockets with a path and the PROXY protocol work as with one process."""
        path, port = str(self.folder / "socket"), free_port()
        program = self.start(
            *("--listen", f"unix:{path}"),
            *("--listen", f"haproxy:tcp:{port}:interface=127.0.0.1"),
        )
        program.wait_for_line("stderr", "listening on")
        self.assertEqual(answer(UnixConnection(path)), b"Ollama is running")
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 5 80\r\n")
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            received = b"".join(iter(lambda: connection.recv(4096), b""))
        self.assertIn(b"Ollama is running", received)
        program.wait_for_line("stdout", r'192\.0\.2\.7 "GET / HTTP/1.1" 200')
        self.assertEqual(program.stop(), 0)
        self.assertFalse(Path(path).exists())
        self.assertNotIn("Traceback", "\n".join(program.stderr))

    def test_the_key_is_not_on_their_command_lines(self) -> None:
        """A worker's command line holds nothing of the supervisor's."""
        key = "sk-canary-1234567890"
        program = self.start_on_tcp("--api-key", key)
        for pid in self.workers(program):
            self.assertNotIn(key, Path(f"/proc/{pid}/cmdline").read_text())

    def test_not_with_the_demonstration(self) -> None:
        """The demonstration runs in one process, and says so."""
        program = RunningProgram([sys.executable, "-m", "ollamaproxy", "--demo", "--workers=2"])
        self.addCleanup(program.stop)
        self.assertEqual(program.wait_for_exit(), 2)
        self.assertIn("--demo runs in one process", program.stderr[0])

    def test_the_delay(self) -> None:
        """With --drain-delay the workers still take requests when they are told to stop."""
        path = str(self.folder / "socket")
        program = self.start("--listen", f"unix:{path}", "--drain-delay", "60")
        program.wait_for_line("stderr", "listening on")
        program.send_signal(signal.SIGTERM)
        for worker in (1, 2):
            program.wait_for_line("stderr", f"worker {worker}: ollamaproxy is about to stop")
        self.assertEqual(answer(UnixConnection(path)), b"Ollama is running")
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait_for_exit(), 0)
        self.assertFalse(Path(path).exists())


class Signals(PacedGatewayCase, WorkersCase):
    def setUp(self) -> None:
        super().setUp()
        self.gateway_url = f"http://127.0.0.1:{self.gateway_port}"

    def test_one_drain(self) -> None:
        """SIGTERM lets the replies of all workers finish, and leaves none of them."""
        program = self.start_on_tcp(base_url=self.gateway_url)
        workers = self.workers(program)
        replies = []
        for frozen in workers:  # so that each has one
            self.freeze(frozen)
            replies.append(self.begin_at(self.port, f"drain-{frozen}"))
            self.thaw(frozen)
        program.send_signal(signal.SIGTERM)
        program.wait_for_line("stderr", r"worker 1: ollamaproxy stops")
        program.wait_for_line("stderr", r"worker 2: ollamaproxy stops")
        for frozen, reply in zip(workers, replies, strict=True):
            for _ in range(3):
                self.release(f"drain-{frozen}")
            self.assertIn(b'"done":true', reply.read())
        self.assertEqual(program.wait_for_exit(), 0)
        self.assert_ends(workers)

    def test_a_second_sigterm_does_not_wait(self) -> None:
        """A second SIGTERM ends all workers at once."""
        program = self.start_on_tcp(base_url=self.gateway_url)
        workers = self.workers(program)
        reply = self.begin_at(self.port, "hurry")
        program.send_signal(signal.SIGTERM)
        program.wait_for_line("stderr", r"worker 1: ollamaproxy stops")
        program.wait_for_line("stderr", r"worker 2: ollamaproxy stops")
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait_for_exit(), 0)
        try:
            rest = reply.read()
        except OSError:
            rest = b""
        self.assertNotIn(b'"done":true', rest)
        self.assert_ends(workers)

    def test_a_supervisor_that_is_killed(self) -> None:
        """Without their supervisor the workers finish what they do and end."""
        program = self.start_on_tcp(base_url=self.gateway_url)
        workers = self.workers(program)
        reply = self.begin_at(self.port, "orphan")
        program.send_signal(signal.SIGKILL)
        program.wait_for_line("stderr", r"worker 1: ollamaproxy stops")
        program.wait_for_line("stderr", r"worker 2: ollamaproxy stops")
        for _ in range(3):
            self.release("orphan")
        self.assertIn(b'"done":true', reply.read())
        self.assert_ends(workers)

    def test_sighup(self) -> None:
        """All workers read the settings anew, and none does if they are bad."""
        path = self.folder / "settings.toml"
        path.write_text("")
        program = self.start_on_tcp("--config", str(path))
        for content, version in (
            ('ollama-version = "1.2.3"', "1.2.3"),
            ('ollama-version = "x"', "1.2.3"),
        ):
            path.write_text(content)
            program.send_signal(signal.SIGHUP)
            if version in content:
                program.wait_for_line("stderr", r"worker 1: settings read anew")
                program.wait_for_line("stderr", r"worker 2: settings read anew")
            else:
                program.wait_for_line(
                    "stderr", r"warn: nothing is changed: .*toml: ollama-version: 'x'"
                )
            for pid in self.workers(program):
                self.freeze(pid)
                self.assertEqual(self.version(), version)
                self.thaw(pid)
        self.assertEqual(len([it for it in program.stderr if "nothing is changed" in it]), 1)


class Restarts(WorkersCase):
    """What a worker that is started later knows."""

    def test_what_was_accepted(self) -> None:
        """It has the settings that hold, also if the file is bad by then."""
        path = self.folder / "settings.toml"
        path.write_text('ollama-version = "1.2.3"')
        program = self.start_on_tcp("--config", str(path))
        path.write_text("nonsense")
        program.send_signal(signal.SIGHUP)
        program.wait_for_line("stderr", "nothing is changed")
        first, second = self.workers(program)
        os.kill(first, signal.SIGKILL)
        program.wait_for_line("stderr", "worker 1 was ended by SIGKILL")
        self.freeze(second)
        self.assertEqual(self.version(), "1.2.3")

    def test_what_needs_a_restart(self) -> None:
        """What needs a restart is with it as with the others."""
        path = self.folder / "settings.toml"
        path.write_text("")
        program = self.start_on_tcp("--config", str(path))
        own = write_certificate(self.folder / "own.pem", "localhost")
        path.write_text(f'tls-certificate = "{own}"')
        program.send_signal(signal.SIGHUP)
        program.wait_for_line("stderr", "worker 2: settings read anew")
        first, second = self.workers(program)
        os.kill(first, signal.SIGKILL)
        program.wait_for_line("stderr", "worker 1 was ended by SIGKILL")
        self.freeze(second)
        self.assertEqual(self.version(), "0.32.15")

    def test_no_descriptors(self) -> None:
        """One that cannot be started for want of descriptors is started when there are some."""
        program = self.start_on_tcp()
        workers = self.workers(program)
        before = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, (8, before[1]))
        os.kill(workers[0], signal.SIGKILL)
        program.wait_for_line("stderr", "worker 1 cannot be started")
        resource.prlimit(program.pid, resource.RLIMIT_NOFILE, before)
        self.freeze(workers[1])
        self.assertEqual(self.version(), "0.32.15")
        self.thaw(workers[1])
        self.assertEqual(program.stop(), 0)
        self.assertNotIn("Traceback", "\n".join(program.stderr))

    def test_a_signal_without_a_name(self) -> None:
        """One that a signal for real time has ended is replaced as well."""
        program = self.start_on_tcp()
        os.kill(self.workers(program)[0], signal.SIGRTMIN + 1)
        program.wait_for_line("stderr", r"worker 1 was ended by signal \d+; a new one starts now")
        self.assertEqual(self.version(), "0.32.15")
        self.assertEqual(program.stop(), 0)

    def test_a_signal_that_comes_too_early(self) -> None:
        """A SIGHUP while a worker starts does not end it; it is told when it is ready."""
        program = self.start_on_tcp()
        first, second = self.workers(program)
        os.kill(first, signal.SIGKILL)
        # The line that says so comes before the new one is there.
        program.wait_for_line("stderr", "worker 1 was ended by SIGKILL")
        wait_until(lambda: self.others(program, first, second), program, "was there a new worker")
        program.send_signal(signal.SIGHUP)
        program.wait_for_line("stderr", "worker 1: settings read anew")
        self.assertNotIn("SIGHUP", "\n".join(program.stderr))

    def test_code_of_the_current_directory(self) -> None:
        """Nothing that lies about where the daemon is started is run by its workers."""
        (self.folder / "attrs.py").write_text("print('mischief')\n")
        script = str(Path(sys.executable).with_name("ollamaproxy"))
        program = self.start("--host=127.0.0.1", "--port=0", argv=(script,))
        self.port = int(program.wait_for_line("stderr", LISTENING)[1])
        self.assertEqual(self.version(), "0.32.15")
        self.assertNotIn("mischief", "\n".join(program.stdout))


class Admin(WorkersCase):
    """What is told of all workers at one address."""

    def start_with_admin(self, *flags: str) -> RunningProgram:
        program = self.start_on_tcp("--admin-listen", "127.0.0.1:0", *flags)
        told = program.wait_for_line("stderr", r"status page on http://127\.0\.0\.1:(\d+)")
        self.admin_port = int(told[1])
        return program

    def ask_admin(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.admin_port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def requests(self) -> float:
        """Return how many requests are said to have ended."""
        _status, text = self.ask_admin("/metrics")
        lines = [it for it in text.splitlines() if it.startswith("ollamaproxy_requests_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def test_all_are_added(self) -> None:
        """The counts are those of all workers, and never go back when one dies."""
        program = self.start_with_admin()
        first, second = self.workers(program)
        for pid in (first, second):
            self.freeze(pid)
            self.version()
            self.thaw(pid)
        self.assertEqual(self.requests(), 2)
        document = json.loads(self.ask_admin("/status.json")[1])
        self.assertEqual(document["totals"]["requests"], 2)
        self.assertEqual(len(document["recent"]), 2)
        self.assertEqual(self.ask_admin("/readyz")[0], 200)
        os.kill(second, signal.SIGKILL)
        program.wait_for_line("stderr", "worker 2 was ended by SIGKILL")
        self.assertEqual(self.requests(), 2)
        self.version()
        self.assertEqual(self.requests(), 3)

    def test_a_worker_that_is_stuck(self) -> None:
        """A worker that does not answer holds nothing up; the last that it told counts."""
        program = self.start_with_admin()
        self.version()
        self.assertEqual(self.requests(), 1)
        for pid in self.workers(program):
            self.freeze(pid)
        self.assertEqual(self.requests(), 1)
        self.assertEqual(self.ask_admin("/healthz")[0], 200)

    def test_being_taken_out(self) -> None:
        """After SIGTERM the address says that no requests are wanted, until all have ended."""
        program = self.start_with_admin("--drain-delay", "60")
        self.assertEqual(self.ask_admin("/readyz")[0], 200)
        program.send_signal(signal.SIGTERM)
        # Both: two signals that a worker has not yet seen are but one to it.
        program.wait_for_line("stderr", "worker 1: ollamaproxy is about to stop")
        program.wait_for_line("stderr", "worker 2: ollamaproxy is about to stop")
        status, text = self.ask_admin("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("about to stop", text)
        self.assertEqual(self.version(), "0.32.15")
        program.send_signal(signal.SIGTERM)
        self.assertEqual(program.wait_for_exit(), 0)


class Twistd(WorkersCase):
    def test_in_the_foreground(self) -> None:
        """``twistd -n`` runs workers as well."""
        argv = (TWISTD, "-n", "ollamaproxy")
        program = self.start("--host=127.0.0.1", "--port=0", argv=argv)
        self.port = int(program.wait_for_line("stderr", LISTENING)[1])
        self.assertEqual(self.version(), "0.32.15")
        program.wait_for_line("stdout", "^ACCESS: ")
        workers = self.workers(program)
        self.assertEqual(program.stop(), 0)
        self.assert_ends(workers)

    def test_in_the_background(self) -> None:
        """In the background all that the workers print is in twistd's log."""
        self.port = free_port()
        argv = (TWISTD, "ollamaproxy")
        program = self.start("--host=127.0.0.1", f"--port={self.port}", argv=argv)
        self.assertEqual(program.wait_for_exit(), 0)
        pid = int((self.folder / "twistd.pid").read_text())
        gone = os.pidfd_open(pid)
        try:
            self.assertEqual(self.version(), "0.32.15")
        finally:
            os.kill(pid, signal.SIGTERM)
            self.assertTrue(select.select([gone], [], [], 30)[0])
            os.close(gone)
        log = (self.folder / "twistd.log").read_text()
        self.assertIn('"GET /api/version HTTP/1.1" 200', log)
        self.assertRegex(log, "worker [12]: ollamaproxy stops")
