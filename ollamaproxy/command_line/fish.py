"""The script for fish."""

from collections.abc import Sequence

from ollamaproxy.command_line.grammar import Command, Flag

_HEAD = """\
# fish completion for ollamaproxy, made by: ollamaproxy completion fish
# For this shell:  ollamaproxy completion fish | source
complete -c ollamaproxy -f
"""


def fish_script(commands: Sequence[Command]) -> str:
    """
    Return a script to be sourced.

    Args:
        commands: That of the daemon itself in front.
    """
    _daemon, *others = commands
    lines = [
        f"complete -c ollamaproxy -n __fish_use_subcommand -a {command.name}"
        f" -d {_quoted(command.text)}"
        for command in others
    ]
    names = " ".join(command.name for command in others)
    for command in commands:
        seen = f"__fish_seen_subcommand_from {command.name or names}"
        when = f"-n {_quoted(seen if command.name else f'not {seen}')}"
        if command.words:
            lines.append(f"complete -c ollamaproxy {when} -a {_quoted(' '.join(command.words))}")
        lines += [f"complete -c ollamaproxy {when} {_flag(flag)}" for flag in command.flags]
    return _HEAD + "\n".join(lines) + "\n"


def _flag(flag: Flag) -> str:
    told = f"-l {flag.name} -d {_quoted(flag.text)}"
    if flag.choices:
        return f"{told} -x -a {_quoted(' '.join(flag.choices))}"
    if flag.is_path:
        return f"{told} -r -F"
    return f"{told} -x" if flag.takes_value else told


def _quoted(text: str) -> str:
    """Return a text in single quotes, in which fish knows two escapes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
