"""``ollamaproxy add-key``, and a daemon that is started with a keys file."""

import io
import signal
import sys
import tempfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from ollamaproxy.assembly import read_keys
from ollamaproxy.callers.add_key import add_key
from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings import Listening, Secret, Settings
from ollamaproxy.start_warnings import start_warnings
from tests.case import Case
from tests.processes import RunningDaemon, RunningProgram

pytestmark = pytest.mark.live

NO_GATEWAY = "http://127.0.0.1:9"


class KeysCase(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name, "keys")

    def add(self, line: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Return the exit status and both outputs."""
        stdout, stderr = io.BytesIO(), io.StringIO()
        status = add_key(line.format(self.path).split(), environ or {}, stdout, stderr)
        return status, stdout.getvalue().decode(), stderr.getvalue()

    def added(self, line: str, environ: Mapping[str, str] | None = None) -> Secret:
        """Return the key that is added."""
        status, stdout, stderr = self.add(line, environ)
        self.assertEqual(status, 0, stderr)
        return Secret(stdout.removesuffix("\n"))


class AddKey(KeysCase):
    def test_a_new_file(self) -> None:
        """The file is made for its owner alone, and knows the key without holding it."""
        key = self.added("alice --keys-file {}")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(key.text, self.path.read_text())
        entry = KeyFile(str(self.path)).read().find(key)
        assert entry is not None
        self.assertEqual((entry.name, entry.gateway_key), ("alice", None))

    def test_one_more(self) -> None:
        """A key is added to what is there, comments and a missing line end included."""
        self.path.write_text("# mine\n\n# and this")
        alice = self.added("--keys-file={} alice")
        bob = self.added("bob -keys-file {} --gateway-key sk-bob")
        self.assertNotEqual(alice, bob)
        self.assertTrue(self.path.read_text().startswith("# mine\n\n# and this\nalice sha256:"))
        ring = KeyFile(str(self.path)).read()
        self.assertEqual([entry.name for entry in ring.entries], ["alice", "bob"])
        entry = ring.find(bob)
        assert entry is not None
        self.assertEqual(entry.gateway_key, Secret("sk-bob"))

    def test_environment(self) -> None:
        """Both flags may be environment variables; flags win."""
        environ = {
            "OLLAMAPROXY_KEYS_FILE": str(self.path),
            "OLLAMAPROXY_GATEWAY_KEY": "sk-env",
        }
        self.added("alice", environ)
        self.added("bob --gateway-key=sk-flag", environ)
        keys = [entry.gateway_key for entry in KeyFile(str(self.path)).read().entries]
        self.assertEqual(keys, [Secret("sk-env"), Secret("sk-flag")])

    def test_what_the_file_does_not_allow(self) -> None:
        """A name that is taken and a bad file are told, and nothing changes."""
        self.added("alice --keys-file {}")
        before = self.path.read_text()
        status, stdout, stderr = self.add("ALICE --keys-file {}")
        self.assertEqual((status, stdout), (1, ""))
        self.assertIn("has a key of that name; remove its line first", stderr)
        self.assertEqual(self.path.read_text(), before)
        self.path.write_text("hunter2")
        status, stdout, stderr = self.add("bob --keys-file {}")
        self.assertEqual((status, stdout), (1, ""))
        self.assertIn(f"ollamaproxy: {self.path}, line 1: after the name", stderr)
        self.assertEqual(self.path.read_text(), "hunter2")

    def test_no_such_folder(self) -> None:
        """A file that cannot be made is told by its name."""
        status, _stdout, stderr = self.add("alice --keys-file {}/x/y")
        self.assertEqual(status, 1)
        self.assertIn(f"cannot add to the keys file {self.path}/x/y: No such file", stderr)

    def test_what_is_no_file(self) -> None:
        """What cannot be read is told with the reason; what is not there is not exposed."""
        self.assertFalse(KeyFile(str(self.path)).is_exposed)
        self.path.mkdir()
        with self.assertRaisesRegex(InvalidSetting, "^--keys-file: cannot read .*: Is a directory"):
            KeyFile(str(self.path)).read()

    def test_wrong_command_lines(self) -> None:
        """A wrong command line is told in words that do not repeat what may be a key."""
        for line, told in (
            ("--keys-file {}", "give one NAME"),
            ("alice hunter2 --keys-file {}", "give one NAME"),
            ("alice --keys-file {} --gateway-key sk hunter2", "give one NAME"),
            ("alice", "--keys-file is required"),
            ("alice --keys-file= ", "--keys-file is required"),
            ("hünter2 --keys-file {}", "a caller's name is a word"),
            ("alice --keys-file {} --gateway-key hünter2", "a key must be one word"),
            ("alice --keys-file", "keys-file requires argument"),
            ("alice --keys-file {} --port 1", "--port"),
        ):
            status, stdout, stderr = self.add(line)
            self.assertEqual((status, stdout), (2, ""), line)
            self.assertIn(told, stderr)
            self.assertNotIn("nter2", stderr)
        self.assertFalse(self.path.exists())


class Daemon(KeysCase):
    def status(self, port: int, key: str, path: str = "/api/ps") -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            return connection.getresponse().status
        finally:
            connection.close()

    def run_add_key(self, name: str) -> str:
        argv = [sys.executable, "-m", "ollamaproxy", "add-key", name]
        with RunningProgram(argv, {"OLLAMAPROXY_KEYS_FILE": str(self.path)}) as program:
            self.assertEqual(program.wait_for_exit(), 0)
            self.assertIn("it cannot be shown again", program.stderr[0])
            [key] = program.stdout
            return key

    def test_from_the_command_line(self) -> None:
        """A key that the command made lets in; one that is added later does so after SIGHUP."""
        alice = self.run_add_key("alice")
        flags = ("--base-url", NO_GATEWAY, "--keys-file", str(self.path))
        with RunningDaemon(*flags) as daemon:
            self.assertEqual(self.status(daemon.port, alice), 200)
            self.assertEqual(self.status(daemon.port, "x"), 401)
            self.assertEqual(self.status(daemon.port, "x", "/"), 200)
            bob = self.run_add_key("bob")
            self.assertEqual(self.status(daemon.port, bob), 401)
            daemon.send_signal(signal.SIGHUP)
            daemon.wait_for_line("stderr", "2 keys in the keys file")
            self.assertEqual(self.status(daemon.port, bob), 200)
            daemon.stop()
            printed = "\n".join(daemon.stdout + daemon.stderr)
        for key in (alice, bob):
            self.assertNotIn(key, printed)

    def test_an_exposed_file(self) -> None:
        """A file that others can read is warned of at the start."""
        self.added("alice --keys-file {}")
        self.path.chmod(0o644)
        with RunningDaemon("--base-url", NO_GATEWAY, "--keys-file", str(self.path)) as daemon:
            daemon.wait_for_line("stderr", "can be read or changed by other users")

    def test_no_good_file(self) -> None:
        """A file that is bad or missing keeps the daemon from starting, in one line."""
        for content, told in ((None, "--keys-file: there is no /"), ("hunter2", "line 1: after")):
            if content is not None:
                self.path.write_text(content)
            argv = [sys.executable, "-m", "ollamaproxy", "--base-url", NO_GATEWAY]
            with RunningProgram([*argv, "--keys-file", str(self.path)]) as program:
                self.assertEqual(program.wait_for_exit(), 2)
                self.assertEqual(len(program.stderr), 1, program.stderr)
                self.assertIn(told, program.stderr[0])
                self.assertNotIn("hunter2", program.stderr[0])


class Warnings(KeysCase):
    def told(self, **more: Any) -> str:
        """Return what the person is told who starts a daemon that everybody can reach."""
        listening = Listening(host=more.pop("host", "192.0.2.1"))
        settings = Settings(base_url=NO_GATEWAY, listening=listening, **more)
        return "\n".join(start_warnings(settings, read_keys(settings)))

    def test_who_can_spend_the_key(self) -> None:
        """It is said that everybody can use the gateway, if they can."""
        self.added("alice --keys-file {}")
        rows: tuple[tuple[dict[str, Any], bool], ...] = (
            ({}, True),
            ({"api_key": Secret("k")}, True),
            ({"host": "127.0.0.1"}, False),
            ({"host": "::1"}, False),
            ({"host": "localhost"}, False),
            ({"host": "gateway"}, True),
            ({"keys_file": str(self.path)}, False),
            ({"client_auth": ClientAuth.PASSTHROUGH}, False),
            ({"client_auth": ClientAuth.PASSTHROUGH, "api_key": Secret("k")}, True),
        )
        for more, warned in rows:
            told = self.told(**dict(more))
            self.assertEqual(
                "can use the gateway through this daemon without" in told, warned, more
            )

    def test_names_that_nobody_has(self) -> None:
        """A header for names is worth a word where there are none."""
        self.added("alice --keys-file {}")
        header = {"end_user_header": "x-user"}
        self.assertIn("--end-user-header has no effect", self.told(**header))
        self.assertEqual(self.told(keys_file=str(self.path), **header), "")
