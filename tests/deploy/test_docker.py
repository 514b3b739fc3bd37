"""
The image's build, step by step in folders of this machine, and its entry point.

No container is started: that the base image exists and that a container engine
agrees is not seen here.
"""

import json
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from tests.case import Case
from tests.deploy.files import program, read
from tests.processes import RunningProgram, free_port

pytestmark = pytest.mark.live

_ROOT: Final = Path(__file__).parents[2]
_UID: Final = 65532


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its arguments in one line."""
    lines = [line for line in read("docker/Dockerfile").splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]  # type: ignore[misc]


def in_exec_form(name: str) -> list[str]:
    """Return the words of an instruction that starts a program without a shell."""
    [text] = [text for instruction, text in instructions() if instruction == name]
    words: list[str] = json.loads(text[text.index("[") :])
    return words


class Image(Case):
    def setUp(self) -> None:
        super().setUp()
        # Not in a folder that only its owner may enter.
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(self.remove)
        self.folder.chmod(0o755)
        self.context = self.folder / "src"
        self.venv = self.folder / "ollamaproxy"

    def remove(self) -> None:
        for path in self.folder.rglob("*"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.folder)

    def copy_context(self) -> None:
        """Copy what .dockerignore leaves of the checkout."""
        lines = (_ROOT / ".dockerignore").read_text().splitlines()
        named = [line[1:] for line in lines if line.startswith("!")]
        without = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
        self.assertIn("*", lines)
        self.context.mkdir()
        for name in named:
            if (_ROOT / name).is_dir():
                ignored = shutil.ignore_patterns(*without)
                shutil.copytree(_ROOT / name, self.context / name, ignore=ignored)
            else:
                shutil.copy(_ROOT / name, self.context / name)

    def build(self) -> None:
        """Run the Dockerfile's RUN instructions, with this machine's Python."""
        self.copy_context()
        for instruction, text in instructions():
            if instruction != "RUN":
                continue
            command = text.replace("/opt/ollamaproxy", str(self.venv)).replace(
                "/src", str(self.context)
            )
            command = re.sub(r"^python ", f"{shlex.quote(self.python())} ", command)
            done = subprocess.run(
                ["sh", "-c", command], capture_output=True, text=True, timeout=300, check=False
            )
            if "No matching distribution found" in done.stderr:
                raise unittest.SkipTest("no package index to install from")
            self.assertEqual(done.returncode, 0, done.stderr)

    def python(self) -> str:
        """Return a Python that another user may start as well."""
        if os.geteuid() != 0:
            return program("python3")
        for path in ("/usr/local/bin/python3", "/usr/bin/python3"):
            if Path(path).exists() and self.runs_as_nobody(path):
                return path
        raise unittest.SkipTest("no Python 3.11 with venv that another user may start")

    def runs_as_nobody(self, path: str) -> bool:
        code = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
        done = subprocess.run([path, "-c", code], user=_UID, capture_output=True, check=False)
        return done.returncode == 0

    def test_entry_point(self) -> None:
        """What is built runs as the image's user, writes nowhere, is healthy and stops cleanly."""
        self.build()
        cache = list(self.venv.glob("lib/python*/site-packages/twisted/plugins/dropin.cache"))
        self.assertEqual(len(cache), 1)
        for path in [self.venv, *self.venv.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        before = {path: path.stat().st_mtime_ns for path in self.venv.rglob("*")}
        port = free_port()
        as_user = ["setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups", "--"]
        become = as_user if os.geteuid() == 0 else []
        environ = {
            "PATH": f"{self.venv}/bin:/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/",
        }
        [entry] = in_exec_form("ENTRYPOINT")
        flags = ["--demo", "--host", "127.0.0.1", "--port", str(port)]
        daemon = RunningProgram([*become, str(self.venv / "bin" / entry), *flags], environ)
        self.addCleanup(daemon.stop)
        daemon.wait_for_line("stderr", "listening on")
        connection = HTTPConnection("127.0.0.1", port, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/tags")
        self.assertEqual(connection.getresponse().status, 200)
        check = [*become, *in_exec_form("HEALTHCHECK"), f"http://127.0.0.1:{port}/"]
        done = subprocess.run(check, env=environ, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait_for_exit(), 0)
        plugin = RunningProgram([*become, str(self.venv / "bin" / "twistd"), "--help"], environ)
        self.assertEqual(plugin.wait_for_exit(), 0)
        self.assertTrue(any("ollamaproxy" in line for line in plugin.stdout))
        self.assertNotIn("plugin cache", "\n".join(plugin.stderr))
        after = {path: path.stat().st_mtime_ns for path in self.venv.rglob("*")}
        self.assertEqual(before, after)

    def test_user(self) -> None:
        """The image's user is a number that this machine's users do not have."""
        self.assertIn(("USER", f"{_UID}:{_UID}"), instructions())
        self.assertNotIn(_UID, {user.pw_uid for user in pwd.getpwall()})

    def test_context(self) -> None:
        """Nothing goes into the build but what the package is made of."""
        self.copy_context()
        names = {path.name for path in self.context.iterdir()}
        folders = {"docs", "ollamaproxy", "twisted"}
        self.assertEqual(names, folders | {"LICENSE", "README.rst", "pyproject.toml", "setup.py"})
        manual = self.context / "docs" / "man" / "ollamaproxy.1"
        self.assertEqual(list((self.context / "docs").rglob("*.*")), [manual])
