"""A test that leaves something behind fails, under pytest and under trial."""

import sys
import tempfile
from pathlib import Path

import pytest

from tests.case import Case
from tests.processes import RunningProgram

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]

PLANTED = """
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger
from twisted.python.failure import Failure
from tests.case import Case, ReactorCase, on_reactor
from tests.web.case import NetworkCase

class Sins(Case):
    def test_logged_failure(self):
        Logger().failure("oops", Failure(ZeroDivisionError()))

    def test_unhandled_error(self):
        cycle = [fail(ZeroDivisionError())]
        cycle.append(cycle)

class SinsOnTheReactor(ReactorCase):
    @on_reactor
    async def test_pending_call(self):
        reactor.callLater(1000, print)

    @on_reactor
    async def test_failed_assertion(self):
        self.assertEqual(1, 2)

class SinsInMemory(NetworkCase):
    def test_pending_call_in_memory(self):
        self.network.clock.callLater(1000, print)

class Virtues(ReactorCase):
    @on_reactor
    async def test_good(self):
        waited = Deferred()
        reactor.callLater(0, waited.callback, None)
        await waited
"""
SINS = (
    "test_logged_failure",
    "test_unhandled_error",
    "test_pending_call",
    "test_failed_assertion",
    "test_pending_call_in_memory",
)


class Strictness(Case):
    def run_planted(self, *runner: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "test_planted.py").write_text(PLANTED)
            environ = {"PYTHONPATH": f"{folder}:{ROOT}"}
            program = RunningProgram([sys.executable, "-m", *runner], environ, cwd=Path(folder))
            program.wait_for_exit(60)
            return program.stdout + program.stderr

    def test_under_pytest(self) -> None:
        """Under pytest each of the planted sins is reported, and the good test is not."""
        printed = self.run_planted("pytest", "-rfE", "-p", "no:cacheprovider", "test_planted.py")
        reported = {line.rpartition("::")[2].split(" ")[0] for line in printed if "::" in line}
        self.assertEqual(reported, set(SINS), "\n".join(printed))

    def test_under_trial(self) -> None:
        """Under trial each of the planted sins is reported, and the good test is not."""
        printed = self.run_planted("twisted.trial", "test_planted")
        reported = {
            line.rpartition(".")[2] for line in printed if line.startswith("test_planted.Sins")
        }
        self.assertEqual(reported, set(SINS), "\n".join(printed))
