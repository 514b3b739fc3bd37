"""What is to be run of a block: its language, its commands, and which of them begin a daemon."""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final

from tests.docs.not_run import row_for
from tests.docs.pages import Block

_SHELLS: Final = frozenset({"bash", "sh", "shell", "zsh", "console"})
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*=")
_HERE_DOCUMENT: Final = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?\s*$")
#: Words of the program's with which it does something, and ends.
_ERRANDS: Final = frozenset(
    {"doctor", "add-key", "completion", "--help", "--version"}
    | {"--check-config", "--print-config", "--sample-config"}
)


#: Programs that not every machine has, and that pages call all the same.
KNOWN: Final = (
    "aider",
    "claude",
    "codex",
    "curl",
    "haproxy",
    "llm",
    "nginx",
    "ollama",
    "opencode",
)


class Kind(Enum):
    """
    What a block is.

    SHELL: Commands.
    PYTHON: A program.
    JAVASCRIPT: A program, as a module.
    TOML: Settings.
    JSON: A value.
    OTHER: Nothing that could be run: a diagram, lines of a log, settings of other programs.
    """

    SHELL = auto()
    PYTHON = auto()
    JAVASCRIPT = auto()
    TOML = auto()
    JSON = auto()
    OTHER = auto()


_KINDS: Final = {
    **dict.fromkeys(_SHELLS, Kind.SHELL),
    "python": Kind.PYTHON,
    "javascript": Kind.JAVASCRIPT,
    "js": Kind.JAVASCRIPT,
    "toml": Kind.TOML,
    "json": Kind.JSON,
    **dict.fromkeys(("text", "yaml", "ini", "lua", "lisp", "kotlin", "xml"), Kind.OTHER),
}


def is_installed(program: str) -> bool:
    """Whether a program is known, to be found on this machine, or in the tests' own environment."""
    if program in KNOWN:
        return True
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return shutil.which(program, path=here) is not None


def kind_of(block: Block, is_program: Callable[[str], bool] = is_installed) -> Kind:
    """
    Return what a block is.

    One that does not say is commands if it begins with one, whether or not this machine
    has all of them.

    Args:
        block: The block.
        is_program: Tells of a word whether a program is called that.

    Raises:
        KeyError: Its language is not known here.
    """
    if block.language:
        return _KINDS[block.language]
    first = next(_split(block.text.splitlines()), "")
    try:
        words = words_of(first)
    except ValueError:
        return Kind.OTHER
    if not words:
        return Kind.OTHER
    sets_variables = words != shlex.split(first, comments=True)
    is_command = sets_variables or is_program(Path(words[0]).name) or row_for(first) is not None
    return Kind.SHELL if is_command else Kind.OTHER


def is_command(literal: str) -> bool:
    """
    Whether what stands in a sentence is a command, with words that could be entered.

    A program's name alone is a word of the sentence, and a colon behind a word is a message's.
    """
    words = literal.split()
    if len(words) < 2 or any(word.endswith(":") for word in words):
        return False
    return kind_of(Block("", 0, "", literal)) is Kind.SHELL


def commands_of(block: Block) -> list[str]:
    """
    Return the commands of a block, each with all its lines, without comments of their own lines.

    Of a ``console`` block, they are behind ``$``, and the rest is what they print.
    """
    lines = block.text.splitlines()
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith(("$ ", "> ", "# "))]
    return list(_split(lines))


def _split(lines: list[str]) -> Iterator[str]:
    pending: list[str] = []
    end: str | None = None
    for line in lines:
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        pending.append(line)
        if end is None and (found := _HERE_DOCUMENT.search(line)):
            end = found[1]
        elif end is not None:
            if line.strip() == end:
                yield "\n".join(pending)
                pending, end = [], None
        elif not line.endswith("\\") and _is_whole("\n".join(pending)):
            yield "\n".join(pending)
            pending = []
    if pending:
        yield "\n".join(pending)


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


def words_of(command: str) -> list[str]:
    """
    Return the words of a command, without variables that are set in front of it.

    Raises:
        ValueError: A quote is not closed.
    """
    words = shlex.split(command, comments=True)
    while words and _VARIABLE.match(words[0]):
        del words[0]
    return words


def begins_daemon(command: str) -> bool:
    """Whether a command goes on until it is ended, with a daemon that answers meanwhile."""
    words = words_of(re.split(r"&&|;", command)[-1])
    if words[:2] == ["make", "demo"]:
        return True
    program, rest = (Path(words[0]).name, words[1:]) if words else ("", [])
    if program == "twistd":
        return any("ollamaproxy" in word for word in rest) and "--help" not in rest
    if program.startswith("python") and rest[:2] == ["-m", "ollamaproxy"]:
        program, rest = "ollamaproxy", rest[2:]
    return program == "ollamaproxy" and not _ERRANDS & set(rest)
