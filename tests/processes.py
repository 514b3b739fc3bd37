"""
Real programs in tests: started, read from all the time, and stopped for certain.

Nothing here sleeps for luck: a test waits for a line or for the end, each wait
has a bound, and one that fails shows what the program has printed.
"""

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from pathlib import Path
from threading import Condition, Thread
from typing import IO, Final, Literal, Self
from urllib.parse import urlsplit

#: All that a program gets of the tests' own environment: no proxies, no keys,
#: no settings of whoever runs the tests.  Coverage counts in children too.
_KEPT_VARIABLES: Final = (
    *("PATH", "HOME", "TMPDIR"),
    *("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"),
)

#: A shell lets what it starts in the background ignore ^C, and so would do all
#: programs that are started here, also those that a test ends so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Linux hands out 32768 and more by itself.
_FIRST_PORT: Final = 16384
_LAST_PORT: Final = 32768

StreamName = Literal["stdout", "stderr"]


def secrets_in(argv: Sequence[str], environ: Mapping[str, str]) -> list[str]:
    """Return the keys that a program is given: it must never print one."""
    told = [environ.get("OLLAMAPROXY_API_KEY", "")]
    paths = [environ.get("OLLAMAPROXY_API_KEY_FILE", "")]
    for word, following in pairwise([*argv, ""]):
        name, equals, value = word.lstrip("-").partition("=")
        if name in {"api-key", "api-key-file"}:
            (told if name == "api-key" else paths).append(value if equals else following)
    told += [Path(path).read_text() for path in paths if Path(path).is_file()]
    return [secret.strip() for secret in told if len(secret.strip()) > 8]


class ProgramMisbehaved(AssertionError):
    """A program did not do in time what was waited for; the text has all it printed."""


class RunningProgram:
    """
    A program that runs; as a context manager, until the end of the block.

    Attributes:
        stdout, stderr: The lines so far, without their ends.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        """
        Start it.

        Args:
            argv: The program, as a path or to be found in PATH, and its arguments.
            environ: Added to a nearly empty environment.
            cwd: Where it runs; the tests' own working directory if ``None``.
            pass_fds: File descriptors of the tests' that it shall have, too.
        """
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self._lines: dict[StreamName, list[str]] = {"stdout": self.stdout, "stderr": self.stderr}
        self._ended: set[StreamName] = set()
        self._changed = Condition()  # guards the three above
        self._argv = argv
        self._secrets = secrets_in(argv, environ or {})
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        self._process = subprocess.Popen(
            argv,
            env={**kept, "LANG": "C.UTF-8", **(environ or {})},
            cwd=cwd,
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        pipes = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        # Daemon threads: the interpreter waits for others before it runs the
        # exit functions, and one of those may be what stops this program.
        self._readers = [
            Thread(target=self._read, args=item, daemon=True) for item in pipes.items()
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: StreamName, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                with self._changed:
                    text = line.decode("utf-8", "backslashreplace").rstrip("\r\n")
                    self._lines[stream].append(text)
                    self._changed.notify_all()
        with self._changed:
            self._ended.add(stream)
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._process.poll() is None

    def wait_for_line(
        self, stream: StreamName, pattern: str, timeout_s: float = 20.0
    ) -> re.Match[str]:
        """
        Return the match of the first line, from the program's start, that holds ``pattern``.

        Raises:
            ProgramMisbehaved: The time is up, or the stream has ended without such a line.
        """
        return self.wait_for_lines(stream, pattern, 1, timeout_s)[0]

    def wait_for_lines(
        self, stream: StreamName, pattern: str, count: int, timeout_s: float = 20.0
    ) -> list[re.Match[str]]:
        """
        Return the matches of the first ``count`` lines that hold ``pattern``, oldest first.

        Raises:
            ProgramMisbehaved: The time is up, or the stream has ended without so many.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while True:
                matches = [re.search(pattern, line) for line in self._lines[stream]]
                found = list(filter(None, matches))
                if len(found) >= count:
                    return found[:count]
                left_s = deadline_s - time.monotonic()
                if stream in self._ended or left_s <= 0:
                    raise self.misbehaved(f"no line like {pattern!r} on {stream}")
                self._changed.wait(left_s)

    def wait_for_exit(self, timeout_s: float = 20.0) -> int:
        """
        Return the exit status, negative for a signal; all lines are there then.

        Raises:
            ProgramMisbehaved: It still runs when the time is up.
        """
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise self.misbehaved("no end") from None
        for reader in self._readers:
            # Bounded: a child of the program may live on and hold the pipe open.
            reader.join(timeout_s)
        if any(secret in line for secret in self._secrets for line in self.stdout + self.stderr):
            raise self.misbehaved("a secret was printed")
        return status

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended does not mind."""
        self._process.send_signal(number)

    def stop(self, patience_s: float = 10.0) -> int:
        """Ask the program to end, kill it if it does not, and return the exit status."""
        self.send_signal(signal.SIGTERM)  # does nothing to a program that has ended
        try:
            return self.wait_for_exit(patience_s)
        except ProgramMisbehaved:
            self._process.kill()
            return self.wait_for_exit()

    def misbehaved(self, what: str) -> ProgramMisbehaved:
        """Return the error that says ``what`` is wrong and shows what was printed."""
        state = "runs" if self.is_running else f"ended with {self._process.returncode}"
        told = [f"{name}: {line}" for name, lines in self._lines.items() for line in lines]
        story = [f"{what}; the program {state}: {' '.join(self._argv)}", *told]
        return ProgramMisbehaved("\n  ".join(story))


class RunningDaemon(RunningProgram):
    """
    ``ollamaproxy`` on a port that the system chose, ready to be asked.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(self, *flags: str, environ: Mapping[str, str] | None = None) -> None:
        """Start it with flags (``--base-url`` and the like) and wait until it listens."""
        where = ("--host", "127.0.0.1", "--port", "0")
        super().__init__([sys.executable, "-m", "ollamaproxy", *where, *flags], environ)
        try:
            listening = self.wait_for_line("stderr", r"listening on http://127\.0\.0\.1:(\d+)")
        except ProgramMisbehaved:
            self.stop()
            raise
        self.port = int(listening[1])

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"


def wait_until_ready(program: RunningProgram, url: str, timeout_s: float) -> None:
    """
    Return as soon as ``GET url`` is answered with 200.

    Asks again and again, with short pauses: a program of somebody else's has
    no other way of saying that it is ready which the next release will keep.

    Raises:
        ProgramMisbehaved: The time is up, or the program has ended.
    """
    address = urlsplit(url)
    deadline_s = time.monotonic() + timeout_s
    while True:
        connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
        try:
            connection.request("GET", address.path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        finally:
            connection.close()
        if not program.is_running or time.monotonic() > deadline_s:
            raise program.misbehaved(f"{url} does not answer")
        time.sleep(0.1)


def wait_until(happened: Callable[[], bool], program: RunningProgram, what: str) -> None:
    """
    Return as soon as something is to be seen; look again and again, with short pauses.

    Raises:
        ProgramMisbehaved: It is not after 20 seconds.
    """
    deadline_s = time.monotonic() + 20
    while not happened():
        if time.monotonic() > deadline_s:
            raise program.misbehaved(f"never {what}")
        time.sleep(0.01)


def free_port() -> int:
    """
    Return a port that nobody listens on, for a program that cannot choose one itself.

    It is below those that the system hands out by itself, so that nobody gets
    it by chance before the program takes it.
    """
    while True:
        port = secrets.randbelow(_LAST_PORT - _FIRST_PORT) + _FIRST_PORT
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
