"""Runs a block as it is shown, but for what ``replaced.py`` has."""

import os
import signal
from pathlib import Path
from typing import Final

from tests.docs.commands import Kind, begins_daemon, commands_of
from tests.docs.daemons import (
    Asked,
    wait_until_it_answers,
    wait_until_it_is_gone,
    what_is_wrong,
)
from tests.docs.installed import python_for
from tests.docs.not_run import NotRun, row_for
from tests.docs.pages import Block
from tests.docs.replaced import Place, replaced
from tests.docs.sandbox import Sandbox
from tests.processes import ProgramMisbehaved, RunningProgram, free_port

#: An agent starts in seconds, on a busy machine in tens of them.
_PATIENCE_S: Final = 120.0

#: Behind a command: what the next one needs to know of what it exported.
_TELL: Final = "\nenv -0 > ../environment"


class BlockFailed(AssertionError):
    """A block does not do what its page says."""


def run_block(block: Block, kind: Kind, sandbox: Sandbox, asked: Asked) -> set[NotRun]:
    """
    Run a block.

    Args:
        block: Which.
        kind: Shell, Python or JavaScript.
        sandbox: Where, after the page's earlier blocks.
        asked: The daemon that its clients ask, and the gateway for those that it begins.

    Returns:
        The rows for commands of it that cannot be run.

    Raises:
        BlockFailed: It does not work as shown.
    """
    commands = commands_of(block) if kind is Kind.SHELL else [block.text]
    rows = {command: row_for(command) for command in commands if kind is Kind.SHELL}
    left = [command for command in commands if rows.get(command) is None]
    own = any(begins_daemon(command) for command in left) if kind is Kind.SHELL else False
    port = free_port() if own else asked.daemon.port
    admin_port = free_port() if own else asked.admin_port
    place = Place(gateway=asked.gateway, port=port, admin_port=admin_port, root=str(sandbox.root))
    run = _Run(sandbox, place)
    mark = asked.mark
    try:
        for command in left:
            run.run(command, kind)
    except ProgramMisbehaved as error:
        raise BlockFailed(f"{block}:\n{error}") from None
    if left and not own and "11434" in block.text:
        told = what_is_wrong(asked, asked.requests_since(mark), "\n".join(run.printed))
        if told:
            raise BlockFailed(f"{block}: {told}")
    return {row for row in rows.values() if row is not None}


class _Run:
    """
    The commands of one block, one after the other.

    Attributes:
        printed: The lines on standard output.
    """

    def __init__(self, sandbox: Sandbox, place: Place) -> None:
        self._sandbox = sandbox
        self._place = place
        self._environ = {
            **sandbox.environ,
            # Pages say what is true where nobody else listens; and other machines need not come.
            "OLLAMAPROXY_PORT": str(place.port),
            "OLLAMAPROXY_HOST": "127.0.0.1",
        }
        self._folder = sandbox.home
        self.printed: list[str] = []

    def run(self, shown: str, kind: Kind) -> None:
        """
        Run one command or program.

        Raises:
            ProgramMisbehaved: It ends in an error, or not at all; or a daemon does not answer.
        """
        text = replaced(shown, self._place)
        if kind is Kind.SHELL and begins_daemon(shown):
            self._daemon(text)
            return
        program = self._start(self._argv(text, kind))
        status = program.wait_for_exit(_PATIENCE_S)
        self.printed += program.stdout
        if status != 0:
            raise program.misbehaved("a bad end")
        if kind is Kind.SHELL:
            self._remember()

    def _argv(self, text: str, kind: Kind) -> list[str]:
        if kind is Kind.SHELL:
            paste = f"exec < {self._sandbox.pasted}"
            return ["bash", "-c", f"set -e -o pipefail\n{paste}\n{text}{_TELL}"]
        if kind is Kind.PYTHON:
            return [python_for(text), "-c", text]
        program = self._sandbox.home / "program.mjs"
        program.write_text(text)
        return ["node", str(program)]

    def _start(self, argv: list[str]) -> RunningProgram:
        return RunningProgram(argv, self._environ, cwd=self._folder)

    def _remember(self) -> None:
        """Let the next command have what this one exported, and be where it went."""
        told = (self._sandbox.home.parent / "environment").read_text().split("\0")
        self._environ = dict(entry.split("=", 1) for entry in told if "=" in entry)
        self._folder = Path(self._environ["PWD"])

    def _daemon(self, text: str) -> None:
        with self._start(["bash", "-c", text]) as program:
            wait_until_it_answers(program, self._place.port)
        background = self._folder / "twistd.pid"
        if background.exists():
            os.kill(int(background.read_text()), signal.SIGTERM)
        wait_until_it_is_gone(program, self._place.port)
