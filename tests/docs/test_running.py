"""A block that does not do what its page says is found out, whatever is wrong with it."""

import tempfile
from pathlib import Path
from shutil import which
from unittest import SkipTest

import pytest

from tests.case import Case
from tests.docs.commands import Kind
from tests.docs.daemons import demonstration
from tests.docs.installed import FOLDERS
from tests.docs.pages import Block
from tests.docs.running import BlockFailed, run_block
from tests.docs.sandbox import Sandbox

pytestmark = pytest.mark.live

QUESTION = '{"model": "demo-chat", "prompt": "Hi"}'


class Blocks(Case):
    def setUp(self) -> None:
        super().setUp()
        if which("curl", path=":".join(map(str, FOLDERS))) is None:
            raise SkipTest("curl is not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.asked = demonstration()
        self.sandbox = Sandbox(Path(folder.name), self.asked.gateway)

    def run_as(self, kind: Kind, text: str) -> None:
        run_block(Block("page.rst", 7, "", text), kind, self.sandbox, self.asked)

    def assert_found_out(self, text: str, words: str, kind: Kind = Kind.SHELL) -> None:
        error = self.assertRaises(BlockFailed, self.run_as, kind, text)
        self.assertIn("page.rst:7", str(error))
        self.assertIn(words, str(error))

    def test_good_ones(self) -> None:
        """What works does, also over several commands, and with what the first one exported."""
        self.run_as(Kind.SHELL, "export ADDRESS=http://localhost:11434\ncurl $ADDRESS/api/tags")
        self.run_as(Kind.SHELL, f"curl http://localhost:11434/api/generate -d '{QUESTION}'")
        self.run_as(Kind.SHELL, "ollamaproxy --demo")
        self.run_as(Kind.PYTHON, "print('no daemon is needed')")

    def test_a_bad_end(self) -> None:
        """A command or a program that ends in an error."""
        self.assert_found_out("false\ntrue", "ended with 1")
        self.assert_found_out("false | true", "ended with 1")
        self.assert_found_out("raise SystemExit(3)", "ended with 3", Kind.PYTHON)

    def test_no_such_path(self) -> None:
        """A request that the daemon refuses, though the program that sent it is content."""
        self.assert_found_out("curl http://localhost:11434/api/tag", "the daemon refused")

    def test_no_answer(self) -> None:
        """A chat of which nothing is seen."""
        chat = f"curl -s -o answer http://localhost:11434/api/generate -d '{QUESTION}'"
        self.assert_found_out(chat, "no answer of a model was printed")

    def test_nobody_asked(self) -> None:
        """A program that names the daemon's address and does not go there."""
        self.assert_found_out("echo http://localhost:11434", "nobody asked the daemon")

    def test_a_daemon_that_does_not_start(self) -> None:
        """One that ends with an error."""
        self.assert_found_out("ollamaproxy --base-url nonsense", "nobody listens")

    def test_a_daemon_without_models(self) -> None:
        """One that starts, and has nothing to offer."""
        self.assert_found_out("ollamaproxy --exclude '*' ...", "none of its models chats")
