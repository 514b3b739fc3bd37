"""The daemon's log files under rotation, by the real signals, and what cannot be opened."""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any
from unittest import SkipTest

import pytest

from tests.case import Case
from tests.processes import (
    RunningDaemon,
    RunningProgram,
    free_port,
    wait_until,
    wait_until_ready,
)

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
TWISTD = str(Path(sys.executable).with_name("twistd"))
CONSOLE_SCRIPT = str(Path(sys.executable).with_name("ollamaproxy"))
KEY = "sk-canary-1234567890"
FLAGS = ("--base-url", "http://127.0.0.1:9", "--api-key", KEY, "--host=127.0.0.1")
#: Debian has it where only root looks for programs.
LOGROTATE = shutil.which("logrotate", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class LogFolder(Case):
    """A folder for log files."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.access = self.folder / "access.log"
        self.messages = self.folder / "daemon.log"

    def start(self, argv: list[str]) -> RunningProgram:
        program = RunningProgram(argv, cwd=self.folder)
        self.addCleanup(program.stop)
        return program

    def start_daemon(self, *flags: str) -> RunningDaemon:
        daemon = RunningDaemon("--base-url", "http://127.0.0.1:9", "--api-key", KEY, *flags)
        self.addCleanup(daemon.stop)
        return daemon


def ask(port: int, request_id: str = "x") -> None:
    """Ask for the version under an id."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/api/version", headers={"X-Request-ID": request_id})
        connection.getresponse().read()
    finally:
        connection.close()


def ids_in(path: Path) -> list[str]:
    """Return the request ids of a file's lines, each of which must be whole."""
    return [json.loads(line)["request_id"] for line in path.read_text().splitlines()]


class Rotation(LogFolder):
    def rotate(self, daemon: RunningDaemon, to: str, number: signal.Signals) -> Path:
        """Do what logrotate does, and wait until there is a new file."""
        rotated = self.access.rename(self.folder / to)
        daemon.send_signal(number)
        wait_until(self.access.exists, daemon, "was a new file opened")
        return rotated

    def test_no_line_is_lost_or_doubled(self) -> None:
        """While clients ask on, each request has one line, in one of the files, in order."""
        daemon = self.start_daemon(f"--access-log={self.access}", "--log-format=json")
        rotated_enough, asked = Event(), []

        def ask_on() -> None:
            for number in count():
                if rotated_enough.is_set():
                    return
                ask(daemon.port, str(number))
                asked.append(str(number))

        asking = Thread(target=ask_on)
        asking.start()
        try:
            files = []
            for number, how in enumerate([signal.SIGUSR1, signal.SIGHUP] * 5):
                enough = len(asked) + 3
                wait_until(lambda: len(asked) >= enough, daemon, "was there an answer")  # noqa: B023
                files.append(self.rotate(daemon, f"access.log.{number}", how))
        finally:
            rotated_enough.set()
            asking.join()
        ask(daemon.port, "last")
        self.assertEqual(daemon.stop(), 0)
        found = [request_id for path in (*files, self.access) for request_id in ids_in(path)]
        self.assertEqual(found, [*asked, "last"])
        self.assertEqual(daemon.stdout, [])

    def test_a_rotation_that_fails(self) -> None:
        """If there can be no new file the old one goes on, and it is said."""
        daemon = self.start_daemon(f"--access-log={self.access}", "--log-format=json")
        rotated = self.access.rename(self.folder / "access.log.1")
        self.access.mkdir()
        daemon.send_signal(signal.SIGUSR1)
        daemon.wait_for_line("stderr", "cannot open .*access.log anew.* Is a directory")
        ask(daemon.port, "after")
        daemon.stop()
        self.assertEqual(ids_in(rotated), ["after"])

    def test_without_files(self) -> None:
        """Without log files the signal does nothing at all, and does not end the daemon."""
        daemon = self.start_daemon()
        daemon.send_signal(signal.SIGUSR1)
        ask(daemon.port)
        daemon.wait_for_line("stdout", "/api/version")
        self.assertEqual(daemon.stop(), 0)

    def test_by_logrotate(self) -> None:
        """The configuration in deploy/ makes logrotate rotate both files of a real daemon."""
        if LOGROTATE is None:
            raise SkipTest("there is no logrotate")
        port = str(free_port())
        files = (f"--access-log={self.access}", f"--log-file={self.messages}")
        program = self.start([CONSOLE_SCRIPT, *FLAGS, f"--port={port}", *files])
        wait_until_ready(program, f"http://127.0.0.1:{port}/", 20)
        sample = (ROOT / "deploy" / "logrotate.conf").read_text()
        config = self.folder / "logrotate.conf"
        signals = f"kill -USR1 {program.pid}"
        config.write_text(
            re.sub(
                r"systemctl kill .*",
                signals,
                sample.replace("/var/log/ollamaproxy", str(self.folder)),
            )
        )
        config.chmod(0o600)
        state = str(self.folder / "state")
        argv = [LOGROTATE, "--force", "--state", state, str(config)]
        subprocess.run(argv, cwd=self.folder, check=True, timeout=20)
        wait_until(self.access.exists, program, "was a new file opened")
        wait_until(self.messages.exists, program, "was a new file opened")
        self.assertIn("ACCESS", (self.folder / "access.log.1").read_text())
        self.assertIn("listening on", (self.folder / "daemon.log.1").read_text())


class Twistd(LogFolder):
    def test_its_own_log_is_rotated_too(self) -> None:
        """SIGUSR1 opens our file anew, and twistd's own rotation is not broken."""
        port, own = str(free_port()), self.folder / "twistd.log"
        program = self.start(
            [
                *(TWISTD, "-n", f"--logfile={own}", "ollamaproxy"),
                *(*FLAGS, f"--port={port}", f"--access-log={self.access}"),
            ]
        )
        wait_until_ready(program, f"http://127.0.0.1:{port}/", 20)
        rotated = self.access.rename(self.folder / "access.log.1")
        program.send_signal(signal.SIGUSR1)
        wait_until(self.access.exists, program, "was a new file opened")
        wait_until((self.folder / "twistd.log.1").exists, program, "was twistd's log rotated")
        self.assertIn("listening on", (self.folder / "twistd.log.1").read_text())
        self.assertIn("ACCESS", rotated.read_text())
        ask(int(port))
        wait_until(lambda: "ACCESS" in self.access.read_text(), program, "was a line written")
        program.stop()
        self.assertIn("ollamaproxy stops", own.read_text())

    def test_in_the_background(self) -> None:
        """A daemonised twistd writes to our files, although it goes to another folder."""
        port = str(free_port())
        files = ("--access-log=access.log", "--log-file=daemon.log", "--log-format=json")
        program = self.start([TWISTD, "ollamaproxy", *FLAGS, f"--port={port}", *files])
        self.assertEqual(program.wait_for_exit(), 0)
        pid = int((self.folder / "twistd.pid").read_text())
        gone = os.pidfd_open(pid)
        try:
            ask(int(port), "x")  # its address is taken before it goes into the background
        finally:
            os.kill(pid, signal.SIGTERM)
            select.select([gone], [], [], 20)
            os.close(gone)
        self.assertIn("x", ids_in(self.access))
        told = [json.loads(line) for line in self.messages.read_text().splitlines()]
        self.assertIn("listening on", told[0]["message"])
        self.assertEqual({line["kind"] for line in told}, {"message"})
        self.assertFalse((self.folder / "twistd.log").exists())


class Formats(LogFolder):
    def test_json(self) -> None:
        """Every line of both streams is one object, and none holds a key or a header's value."""
        daemon = self.start_daemon("--log-format=json", "--client-auth=none")
        connection = HTTPConnection("127.0.0.1", daemon.port, timeout=20)
        self.addCleanup(connection.close)
        headers = {
            "User-Agent": "a test",
            "Authorization": f"Bearer {KEY}",
            "X-Api-Key": KEY,
            "Cookie": f"key={KEY}",
            "X-Forwarded-For": KEY,
            "X-Request-ID": f"{KEY} x",
            "traceparent": KEY,
        }
        body = json.dumps({"model": "m", "api_key": KEY, "messages": [{"content": KEY}]})
        connection.request("POST", f"/api/chat?key={KEY}", body, headers)
        self.assertEqual(connection.getresponse().status, 502)
        self.assertEqual(daemon.stop(), 0)
        access = [json.loads(line) for line in daemon.stdout]
        messages = [json.loads(line) for line in daemon.stderr]
        self.assertEqual({line["kind"] for line in access}, {"access"})
        self.assertEqual({line["kind"] for line in messages}, {"message"})
        chat: dict[str, Any] = access[-1]
        self.assertEqual((chat["route"], chat["user_agent"]), ("/api/chat", "a test"))
        self.assertEqual((chat["outcome"], chat["model"]), ("upstream_unreachable", "m"))
        self.assertIn("/api/chat: unknown key 'api_key' (client 'a test')", str(messages))
        self.assertNotIn(KEY, "\n".join(daemon.stdout + daemon.stderr))

    def test_text_into_files(self) -> None:
        """Into files go the same lines as on the standard streams, which stay empty."""
        port = str(free_port())
        files = (f"--access-log={self.access}", f"--log-file={self.messages}")
        program = self.start([CONSOLE_SCRIPT, *FLAGS, f"--port={port}", *files])
        wait_until_ready(program, f"http://127.0.0.1:{port}/", 20)
        self.assertEqual(program.stop(), 0)
        self.assertEqual(program.stdout + program.stderr, [])
        self.assertRegex(self.access.read_text(), r'^ACCESS: .* "GET / HTTP/1\.1" 200 17 ')
        self.assertRegex(self.messages.read_text(), r"(?s)listening on .*ollamaproxy stops\n$")
        self.assertNotIn("ACCESS", self.messages.read_text())


class Mistakes(LogFolder):
    def test_a_file_that_cannot_be_opened(self) -> None:
        """A path that cannot be written to is one clear line, and nothing is started."""
        nowhere = str(self.folder / "not" / "there.log")
        for flag in ("--access-log", "--log-file"):
            words = f"{flag}: {nowhere} cannot be written to: No such file or directory"
            program = self.start([CONSOLE_SCRIPT, *FLAGS, "--port=0", flag, nowhere])
            self.assertEqual(program.wait_for_exit(), 2)
            self.assertIn(words, program.stderr[0])
            self.assertEqual(len(program.stderr), 1)
            program = self.start([TWISTD, "-n", "ollamaproxy", *FLAGS, "--port=0", flag, nowhere])
            self.assertEqual(program.wait_for_exit(), 1)
            self.assertIn(words, "\n".join(program.stderr))
            self.assertNotIn("Traceback", "\n".join(program.stderr))


class UnixSocket(LogFolder):
    def test_the_client_behind_it(self) -> None:
        """The peers of a unix socket have no address; if they are trusted they tell one."""
        for flags, told in (((), "-"), (("--trusted-proxy=unix",), "198.51.100.1")):
            path = self.folder / f"{len(flags)}.sock"
            words = ("--base-url", "http://127.0.0.1:9", f"--listen=unix:{path}", *flags)
            program = self.start([CONSOLE_SCRIPT, *words])
            wait_until(path.exists, program, "was there a socket")
            program.wait_for_line("stderr", "listening on")
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(20)
                client.connect(str(path))
                client.sendall(b"GET / HTTP/1.0\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n")
                self.assertIn(b" 200 ", client.recv(9999))
            program.wait_for_line("stdout", f'^ACCESS: .* {told} "GET / ')
            program.stop()


class Workers(LogFolder):
    def test_they_share_the_files(self) -> None:
        """Several processes write to one file, rotate together, and say who they are."""
        port = str(free_port())
        files = (f"--access-log={self.access}", f"--log-file={self.messages}")
        program = self.start(
            [CONSOLE_SCRIPT, *FLAGS, f"--port={port}", *files, "--log-format=json", "--workers=2"]
        )
        wait_until(
            lambda: self.messages.exists() and "with 2 workers" in self.messages.read_text(),
            program,
            "were there workers",
        )
        for number in range(20):
            ask(int(port), f"before-{number}")
        rotated = [path.rename(f"{path}.1") for path in (self.access, self.messages)]
        program.send_signal(signal.SIGUSR1)
        # All three processes say so in the new file.
        wait_until(
            lambda: self.messages.exists() and self.messages.read_text().count("opened anew") == 3,
            program,
            "have all opened the files anew",
        )
        for number in range(20):
            ask(int(port), f"after-{number}")
        self.assertEqual(program.stop(), 0)
        self.assertEqual(sorted(ids_in(rotated[0])), sorted(f"before-{i}" for i in range(20)))
        self.assertEqual(sorted(ids_in(self.access)), sorted(f"after-{i}" for i in range(20)))
        told = [json.loads(line) for line in self.messages.read_text().splitlines()]
        self.assertEqual(
            {line.get("process") for line in told}, {None, "worker 1", "worker 2"}, told
        )
        self.assertEqual(program.stdout + program.stderr, [])
