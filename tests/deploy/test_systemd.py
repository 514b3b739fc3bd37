"""The units of deploy/systemd, judged by systemd's own tools and against the daemon."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from tests.case import Case
from tests.deploy.files import program, read, rendered
from tests.processes import RunningProgram, free_port

pytestmark = pytest.mark.live

_SCRIPT: Final = Path(sys.executable).with_name("ollamaproxy")
_SYSTEM: Final = "systemd/ollamaproxy.service"
_USER: Final = "systemd/user/ollamaproxy.service"
_SOCKET: Final = "systemd/ollamaproxy.socket"

#: Of ten; 1.3 is what is left for a service that needs the network.
_EXPOSURE: Final = "1.3"
#: After a drain the replies that were cut have a second, and the rest is slack.
_SLACK_S: Final = 5


def unit(name: str) -> Mapping[str, list[str]]:
    """Return a unit's settings, each with all of its values."""
    settings: dict[str, list[str]] = {}
    for line in read(name).splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(key, []).append(value)
    return settings


class Units(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def analyze(self, *words: str) -> tuple[int, str]:
        argv = [program("systemd-analyze"), *words]
        done = subprocess.run(
            argv,
            # A user's manager wants one, though it only reads.
            env={"XDG_RUNTIME_DIR": str(self.folder), "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def written(self, name: str, changes: Mapping[str, str]) -> str:
        path = self.folder / Path(name).name
        path.write_text(rendered(name, changes))
        return str(path)

    def test_valid(self) -> None:
        """Every line of the units is one that systemd understands."""
        for flag, name, script in (
            ("--system", _SYSTEM, "/opt/ollamaproxy/bin/ollamaproxy"),
            ("--user", _USER, "%h/.local/bin/ollamaproxy"),
        ):
            paths = [self.written(name, {f"ExecStart={script}": f"ExecStart={_SCRIPT}"})]
            if name == _SYSTEM:
                paths.append(self.written(_SOCKET, {}))
            self.assertEqual(self.analyze("verify", flag, "--man=no", *paths), (0, ""))

    def test_exposure(self) -> None:
        """What the system's service may do beyond its work is as little as it was."""
        path = self.written(_SYSTEM, {})
        status, text = self.analyze("security", "--offline=true", "--threshold=13", path)
        self.assertEqual(status, 0, text)
        self.assertIn(f"exposure level for ollamaproxy.service: {_EXPOSURE} ", text)

    def test_tls_works(self) -> None:
        """Memory that is written and run stays allowed, for pyOpenSSL needs it."""
        for name in (_SYSTEM, _USER):
            self.assertNotIn("MemoryDenyWriteExecute", unit(name))

    def test_system_calls(self) -> None:
        """The service allows every system call that a life of the daemon's makes."""
        for flags in (["--demo"], ["--base-url", "http://127.0.0.1:9", "--workers", "2"]):
            made = self.calls_made(flags)
            self.assertIn("epoll_wait", made)
            allowed = self.allowed_calls(unit(_SYSTEM)["SystemCallFilter"])
            self.assertEqual(made - allowed, set())

    def calls_made(self, flags: list[str]) -> set[str]:
        """Return the system calls of a daemon that starts, answers, reads anew and stops."""
        trace = self.folder / f"trace {flags[0]}"
        port = free_port()
        daemon = RunningProgram(
            [
                *(program("strace"), "-f", "-qq", "-o", str(trace)),
                *(str(_SCRIPT), *flags, "--host", "127.0.0.1", "--port", str(port)),
            ]
        )
        self.addCleanup(daemon.stop)
        daemon.wait_for_line("stderr", "listening on")
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/tags")
        connection.getresponse().read()
        pid = int(trace.read_text().split(maxsplit=1)[0])
        for name in ("-HUP", "-TERM"):
            subprocess.run(["kill", name, str(pid)], check=True)
        self.assertEqual(daemon.wait_for_exit(), 0)
        return set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))

    def allowed_calls(self, filters: Iterable[str]) -> set[str]:
        """Return the system calls that filters allow, one after the other."""
        # systemd always allows what its own start of a service needs.
        allowed = self.expanded("@default")
        for text in filters:
            calls: set[str] = set()
            for word in text.removeprefix("~").split():
                calls |= self.expanded(word)
            allowed = allowed - calls if text.startswith("~") else allowed | calls
        return allowed

    def expanded(self, word: str) -> set[str]:
        """Return a name, or the names in a group of system calls."""
        if not word.startswith("@"):
            return {word}
        status, text = self.analyze("syscall-filter", "--no-pager", word)
        self.assertEqual(status, 0, text)
        lines = [line.strip() for line in text.splitlines()[1:]]
        names = {line for line in lines if line and not line.startswith("#")}
        return set().union(*map(self.expanded, names))


class Socket(Case):
    def test_who_comes_early(self) -> None:
        """Whoever connects to systemd's socket before the daemon runs is answered by it."""
        [listen] = re.findall(r'^# +listen = \["(.*)"\]$', read(_SOCKET), re.MULTILINE)
        [address] = unit(_SOCKET)["ListenStream"]
        port = free_port()
        self.assertEqual(address, "0.0.0.0:11434")
        systemd = RunningProgram(
            [
                *(program("systemd-socket-activate"), f"--listen=127.0.0.1:{port}"),
                # The name that a socket has if its unit gives it none.
                "--fdname=ollamaproxy.socket",
                *("--setenv=PATH", str(_SCRIPT), "--demo", "--listen", listen),
            ]
        )
        self.addCleanup(systemd.stop)
        systemd.wait_for_line("stderr", "Listening on")
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/")
        self.assertEqual(connection.getresponse().read(), b"Ollama is running")


class Arithmetic(Case):
    def test_time_to_stop(self) -> None:
        """The time that systemd waits is longer than the daemon takes to stop."""
        settings = read("systemd/ollamaproxy.toml")
        delay_s, drain_s = (
            float(re.findall(rf"^{name} = (\d+)$", settings, re.MULTILINE)[0])
            for name in ("drain-delay", "drain-timeout")
        )
        for name in (_SYSTEM, _USER):
            timeout_s = float(unit(name)["TimeoutStopSec"][0])
            self.assertGreaterEqual(timeout_s, delay_s + drain_s + _SLACK_S, name)
