"""
What runs the clients' programs, and whether it is installed.

Each lives in a folder of ``.clients``, which ``make clients`` fills from the
pins in ``environments``.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

HERE: Final = Path(__file__).parent
PROJECT: Final = HERE.parents[1]
PROGRAMS: Final = HERE / "programs"
INSTALLED: Final = PROJECT / ".clients"


@frozen(kw_only=True)
class Runtime:
    """
    Something that can run programs.

    Attributes:
        title: What it is, for the message of a test that is skipped.
        command: What comes before the program's file; the first word is a
            file in ``.clients``, or a program to be found in PATH.
        needs: A file in ``.clients`` that is there if all is installed; what
            ``make`` makes, too.
        packages: A folder of Node.js packages in ``.clients``, if the programs
            import some.  Node.js looks for them beside and above a program
            only, so the programs are copied to where a link to the folder is.
        built: Whether the programs are in ``.clients`` already; they have no
            file then, and their words are the command's.
    """

    title: str
    command: Sequence[str]
    needs: str
    packages: str | None = None
    built: bool = False

    def missing(self) -> str | None:
        """Return why its programs cannot be run; ``None`` if they can."""
        if not (INSTALLED / self.needs).exists():
            return f"no {self.title}; `make .clients/{self.needs}` installs them, if it can"
        return None

    def argv(self, program: Sequence[str], home: Path) -> list[str]:
        """
        Return the command line that runs a program of ``programs/``.

        Args:
            program: The file, unless it is built, and further words.
            home: An empty folder, for what the runtime has to lay out for it.
        """
        first, *others = self.command
        known = INSTALLED / first
        command = [str(known) if known.exists() else first, *others]
        if self.built:
            return [*command, *program]
        file, *words = program
        path = PROGRAMS / file
        if self.packages is not None:
            (home / "node_modules").symlink_to(INSTALLED / self.packages)
            for source in PROGRAMS.glob("*.mjs"):
                shutil.copy(source, home)
            path = home / file
        return [*command, str(path), *words]


PYTHON_PACKAGES: Final = Runtime(
    title="clients for Python",
    command=("python/bin/python",),
    needs="python/installed",
)
LITELLM: Final = Runtime(
    title="LiteLLM as a client",
    command=("litellm/bin/python",),
    needs="litellm/installed",
)
AIDER: Final = Runtime(
    title="aider",
    command=("aider/bin/python",),
    needs="aider/installed",
)
#: Large, and hence not among those that ``make clients`` installs.
OPEN_WEBUI: Final = Runtime(
    title="Open WebUI",
    command=("open-webui/bin/python",),
    needs="open-webui/installed",
)
JAVASCRIPT_PACKAGES: Final = Runtime(
    title="clients for JavaScript",
    command=("node",),
    needs="javascript/installed",
    packages="javascript/node_modules",
)
#: Programs that start other programs need no more than the tests do.
AGENTS: Final = Runtime(
    title="command-line agents",
    command=(sys.executable,),
    needs="agents/installed",
)
#: curl and Java, which the system's own packages install.
SYSTEM: Final = Runtime(
    title="curl with HTTP/2, or no Java",
    command=(sys.executable,),
    needs="system/installed",
)
#: The heap's size keeps the JVM from taking a part of what a large machine has.
JVM_LIBRARIES: Final = Runtime(
    title="clients for the JVM",
    command=(
        *("java", "-XX:TieredStopAtLevel=1", "-Xmx256m"),
        *("-cp", f"{INSTALLED}/jvm/classes:{INSTALLED}/jvm/lib/*"),
    ),
    needs="jvm/installed",
    built=True,
)
GO_PROGRAMS: Final = Runtime(
    title="clients for Go",
    command=("go/api",),
    needs="go/installed",
    built=True,
)
OLLAMA_CLI: Final = Runtime(
    title="command line of Ollama's",
    command=(sys.executable,),
    needs="ollama-cli/installed",
)
