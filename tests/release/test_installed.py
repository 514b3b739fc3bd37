"""The wheel in an environment that has nothing else: all ways to start it, from elsewhere."""

import json
import tarfile
import tempfile
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

import pytest

from ollamaproxy import __version__
from release.source import ROOT
from tests.case import Case
from tests.processes import RunningProgram
from tests.release.made import distributions, environment

pytestmark = pytest.mark.live

_DEMO: Final = ("--demo", "--host=127.0.0.1", "--port=0")
_LISTENING: Final = r"ollamaproxy \S+ listening on http://127\.0\.0\.1:(\d+)"
_STATUS_PAGE: Final = r"status page on http://127\.0\.0\.1:(\d+)"

#: Imports all modules, and prints the name and the path of each that is ours.
_IMPORT_ALL: Final = """
import importlib, pkgutil, sys
import ollamaproxy
for module in pkgutil.walk_packages(ollamaproxy.__path__, "ollamaproxy."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from twisted.plugins import ollamaproxy_plugin
for name, module in sys.modules.items():
    if name.startswith(("ollamaproxy", "twisted.plugins.ollamaproxy")):
        print(name, module.__file__)
"""


def get(port: int, path: str) -> bytes:
    """Return the body of an answer that says 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        return body
    finally:
        connection.close()


class Installed(Case):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, script: str, *words: str, **environ: str) -> RunningProgram:
        """Start a script of the environment's, in a folder with nothing in it."""
        return self.run_in([str(environment() / "bin" / script), *words], environ)

    def run_in(self, argv: list[str], environ: Mapping[str, str]) -> RunningProgram:
        program = RunningProgram(argv, environ, cwd=self.folder)
        self.addCleanup(program.stop)
        return program

    def printed(self, script: str, *words: str) -> str:
        program = self.start(script, *words)
        self.assertEqual(program.wait_for_exit(), 0, program.stderr)
        return "\n".join(program.stdout)

    def assert_lists_models(self, program: RunningProgram) -> None:
        port = int(program.wait_for_line("stderr", _LISTENING)[1])
        models = json.loads(get(port, "/api/tags"))["models"]
        self.assertIn("demo-chat", [model["name"].partition(":")[0] for model in models])
        self.assertEqual(program.stop(), 0, program.stderr)

    def test_versions(self) -> None:
        """The program, the plugin and what pip shows say the version of this checkout."""
        expected = f"ollamaproxy {__version__}"
        self.assertEqual(self.printed("ollamaproxy", "--version"), expected)
        self.assertEqual(self.printed("twistd", "ollamaproxy", "--version"), expected)
        shown = self.printed("python", "-m", "pip", "show", "ollamaproxy")
        self.assertIn(f"\nVersion: {__version__}\n", shown)

    def test_nothing_is_missing(self) -> None:
        """To pip everything fits together."""
        self.assertEqual(
            self.printed("python", "-m", "pip", "check"), "No broken requirements found."
        )

    def test_modules(self) -> None:
        """All modules can be imported with nothing else installed, and are the wheel's."""
        lines = self.printed("python", "-c", _IMPORT_ALL).splitlines()
        self.assertGreater(len(lines), 100)
        for line in lines:
            _name, _space, path = line.partition(" ")
            self.assertIn(environment(), Path(path).parents, line)

    def test_console_script(self) -> None:
        """``ollamaproxy --demo`` lists models, and its status page has style and script."""
        program = self.start("ollamaproxy", *_DEMO)
        port = int(program.wait_for_line("stderr", _STATUS_PAGE)[1])
        page = get(port, "/")
        for name in ("page.css", "page.js"):
            self.assertIn((ROOT / "ollamaproxy/admin/page" / name).read_bytes(), page)
        self.assert_lists_models(program)

    def test_plugin_is_listed(self) -> None:
        """``twistd --help`` has the plugin among its commands."""
        self.assertRegex(self.printed("twistd", "--help"), r"(?m)^ +ollamaproxy +An Ollama server")

    def test_plugin(self) -> None:
        """``twistd -n ollamaproxy --demo`` lists models."""
        self.assert_lists_models(self.start("twistd", "-n", "ollamaproxy", *_DEMO))

    def test_application_file(self) -> None:
        """``twistd -y ollamaproxy.tac`` serves, with the file from the sdist."""
        with tarfile.open(distributions().sdist) as archive:
            file = archive.extractfile(f"ollamaproxy-{__version__}/ollamaproxy.tac")
            assert file is not None
            (self.folder / "ollamaproxy.tac").write_bytes(file.read())
        environ = {
            "OLLAMAPROXY_BASE_URL": "http://127.0.0.1:9",
            "OLLAMAPROXY_HOST": "127.0.0.1",
            "OLLAMAPROXY_PORT": "0",
        }
        program = self.start("twistd", "-n", "-y", "ollamaproxy.tac", **environ)
        port = int(program.wait_for_line("stderr", _LISTENING)[1])
        self.assertEqual(get(port, "/"), b"Ollama is running")
        self.assertEqual(program.stop(), 0, program.stderr)

    def test_manual_page(self) -> None:
        """``man`` finds the manual page below the environment's ``share/man``."""
        installed = environment() / "share/man/man1/ollamaproxy.1"
        self.assertEqual(installed.read_bytes(), (ROOT / "docs/man/ollamaproxy.1").read_bytes())

    def test_types(self) -> None:
        """Type checkers find the mark that says that the package has types."""
        [mark] = environment().glob("lib/python*/site-packages/ollamaproxy/py.typed")
        self.assertTrue(mark.is_file())

    def test_bare(self) -> None:
        """Nothing is installed that only the tests or the packagers need."""
        rows = json.loads(self.printed("python", "-m", "pip", "list", "--format=json"))
        names = {row["name"].lower() for row in rows}
        self.assertIn("ollamaproxy", names)
        self.assertEqual(names & {"pytest", "docutils", "hypothesis", "build"}, set())
