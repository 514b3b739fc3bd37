"""
What the programs for command-line agents have in common: they start the real one for a scenario.

Each run has a folder of its own, where the agent works.  All have one home, which
is empty at first, so that there are no settings and no sessions of anybody's.
Standard library only.
"""

import json
import os
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

#: Where ``make .clients/agents/installed`` puts them.
INSTALLED: Final = Path(__file__).parents[3] / ".clients" / "agents" / "node_modules"

#: For one scenario: what still runs then is ended, and not left behind.
PATIENCE_S: Final = 120.0

#: What a tool is to an agent, which has its own: a command that notes how it was called.
COMMAND: Final = """\
#!{python}
import json, sys
with open({calls!r}, "a") as file:
    print(json.dumps([{name!r}, {{"city": sys.argv[1]}}]), file=file)
print({result!r})
"""


class Run:
    """
    A run of an agent.

    Attributes:
        folder: Where it works.
        status: How it ended: 0 if it was content.
        printed: What it has printed.
        complained: What it has printed of errors.
        events: The lines of that which are JSON objects.
    """

    def __init__(self) -> None:
        """Make the folder."""
        self.folder = Path(mkdtemp(dir=Path.cwd()))
        self.status = 0
        self.printed = self.complained = ""
        self.events: Sequence[Mapping[str, Any]] = ()

    def start(
        self, program: str, words: Sequence[str], variables: Mapping[str, str], told: str = ""
    ) -> None:
        """Run the agent to its end; ``told`` is all that it can read, so nobody answers it."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        ended = subprocess.run(
            [INSTALLED / ".bin" / program, *words],
            env={**kept, "HOME": str(Path.cwd()), **variables},
            cwd=self.folder,
            input=told,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        self.status = ended.returncode
        self.printed, self.complained = ended.stdout, ended.stderr
        self.events = list(objects_in(ended.stdout))
        sys.stderr.write(ended.stderr)

    def file(self, name: str, text: str) -> str:
        """Write a file for the agent, and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def picture(self, png: str) -> str:
        """Write a picture, which is in base64, and return its path."""
        path = self.folder / "picture.png"
        path.write_bytes(b64decode(png))
        return str(path)

    def prompt_for(self, asked: Mapping[str, Any]) -> str:
        """Write the commands that the scenario's tools are, and return what to ask."""
        for name, result in asked["tools"].items():
            told = {"calls": str(self._calls), "name": name, "result": result}
            path = self.file(name, COMMAND.format(python=sys.executable, **told))
            Path(path).chmod(0o755)
        commands = " and ".join(f"`./{name} Paris`" for name in asked["tools"])
        return f"{asked['prompt']} Run {commands}."

    def calls(self) -> list[Any]:
        """Return how the commands were called."""
        return list(map(json.loads, self._calls.read_text(encoding="utf-8").splitlines()))

    @property
    def _calls(self) -> Path:
        return self.folder / "calls"


def objects_in(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the lines that are JSON objects."""
    for line in text.splitlines():
        if line.startswith("{"):
            yield json.loads(line)


def version_of(package: str) -> str:
    """Return the version of an installed package."""
    return json.loads((INSTALLED / package / "package.json").read_text(encoding="utf-8"))["version"]
