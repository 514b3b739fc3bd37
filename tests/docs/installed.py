"""What the programs on the pages need besides the daemon, and where that is installed."""

import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Final

from tests.docs.commands import KNOWN, Kind, commands_of, words_of
from tests.docs.pages import ROOT, Block

_CLIENTS: Final = ROOT / ".clients"

#: Node.js looks for packages beside a program, so there is a link to them.
MODULES: Final = _CLIENTS / "javascript" / "node_modules"

#: Where programs are looked for: nothing that only the person who runs the tests has.
FOLDERS: Final = (
    Path(sys.executable).parent,
    *(_CLIENTS / path for path in ("agents/node_modules/.bin", "aider/bin", "python/bin")),
    _CLIENTS / "ollama-cli",
    # It has many ways of being installed.
    *([Path(node).parent] if (node := which("node")) else []),
    *map(Path, ("/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")),
)

_PYTHON: Final = _CLIENTS / "python" / "bin" / "python"
_LITELLM: Final = ROOT / ".venv-litellm" / "bin" / "python"

_IMPORTED: Final = re.compile(r'from "([^"./][^"]*)"')


def missing_for(block: Block, kind: Kind) -> list[str]:
    """Return what a block needs and is not installed: packages, programs."""
    if kind is Kind.SHELL:
        called = {words[0] for command in commands_of(block) if (words := words_of(command))}
        return [name for name in KNOWN if name in called and not _is_there(name)]
    if kind is Kind.JAVASCRIPT:
        names = _IMPORTED.findall(block.text)
        return [name for name in names if not (MODULES / name).is_dir()]
    names = _python_packages(block.text)
    return [] if any(_has(python, names) for python in _pythons()) else names


def _is_there(program: str) -> bool:
    return which(program, path=":".join(map(str, FOLDERS))) is not None


def python_for(text: str) -> str:
    """Return an interpreter that has what a program imports; the tests' own, if none has."""
    names = _python_packages(text)
    return next((str(python) for python in _pythons() if _has(python, names)), sys.executable)


def _pythons() -> list[Path]:
    """Return the interpreters that may have a package, the tests' own in front."""
    others = [path for path in (_PYTHON, _LITELLM) if path.exists()]
    return [Path(sys.executable), *others]


def _has(python: Path, names: list[str]) -> bool:
    if python == Path(sys.executable):
        return all(find_spec(name) is not None for name in names)
    [packages] = python.parents[1].glob("lib/python3*/site-packages")
    return all((packages / name).is_dir() for name in names)


def _python_packages(text: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return [name.partition(".")[0] for name in names]
