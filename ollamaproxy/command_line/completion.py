"""``ollamaproxy completion``: prints what makes a shell complete the command line."""

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final, TextIO

from ollamaproxy.command_line.bash import bash_script
from ollamaproxy.command_line.fish import fish_script
from ollamaproxy.command_line.grammar import COMMANDS, SHELLS, Command
from ollamaproxy.command_line.zsh import zsh_script

_SCRIPTS: Final[Mapping[str, Callable[[Sequence[Command]], str]]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}

_USAGE: Final = f"Usage: ollamaproxy completion {'|'.join(SHELLS)}"


def completion(
    argv: Sequence[str], _environ: Mapping[str, str], stdout: BinaryIO, stderr: TextIO
) -> int:
    """
    Print a script.

    Args:
        argv: The command line after ``completion``.
        _environ: The environment, of which nothing is needed.
        stdout: Gets the script.
        stderr: Gets what is wrong.

    Returns:
        The exit status: 0, or 2 if the command line is wrong.
    """
    if list(argv) in (["--help"], ["-h"]):
        stdout.write(f"{_USAGE}\n".encode("ascii"))
        return 0
    if len(argv) != 1 or argv[0] not in _SCRIPTS:
        print(f"ollamaproxy: name one shell\n{_USAGE}", file=stderr)
        return 2
    stdout.write(_SCRIPTS[argv[0]](COMMANDS).encode("utf-8"))
    stdout.flush()
    return 0
