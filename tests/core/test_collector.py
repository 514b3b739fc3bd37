"""When Python's collector of garbage works."""

import sys

from tests.case import Case
from tests.processes import RunningProgram

PROGRAM = """
import gc
from ollamaproxy import collector
collector.rest()
print(gc.isenabled(), gc.get_freeze_count())
collector.settle()
print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


class Start(Case):
    def test_rest_and_settle(self) -> None:
        """It rests during a start, works after that, and leaves alone what is there by then."""
        program = RunningProgram([sys.executable, "-c", PROGRAM])
        self.addCleanup(program.stop)
        self.assertEqual(program.wait_for_exit(), 0)
        self.assertEqual(program.stdout, ["False 0", "True True"])
