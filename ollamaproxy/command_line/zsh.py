"""The script for zsh."""

from collections.abc import Sequence

from ollamaproxy.command_line.grammar import Command, Flag

_HEAD = """\
#compdef ollamaproxy
# zsh completion for ollamaproxy, made by: ollamaproxy completion zsh
# Put it into a folder of $fpath as _ollamaproxy, or:  source <(ollamaproxy completion zsh)

_ollamaproxy() {
    local -a commands flags
    commands=(
"""

_TAIL = """\
    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
        _describe command commands
    fi
    _arguments $flags
}

if [[ $funcstack[1] == _ollamaproxy ]]; then
    _ollamaproxy "$@"
else
    compdef _ollamaproxy ollamaproxy
fi
"""


def zsh_script(commands: Sequence[Command]) -> str:
    """
    Return a script to be sourced, or to be autoloaded.

    Args:
        commands: That of the daemon itself in front.
    """
    daemon, *others = commands
    lines = [
        *(f"        {_quoted(f'{command.name}:{command.text}')}" for command in others),
        "    )",
        "    case $words[2] in",
        *(line for command in others for line in _case(command.name, command)),
        *_case("*", daemon),
        "    esac",
    ]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def _case(pattern: str, command: Command) -> list[str]:
    words = [_quoted(f"2:word:({' '.join(command.words)})")] if command.words else []
    specs = [*words, *(_quoted(_spec(flag)) for flag in command.flags)]
    return [
        f"        {pattern})",
        "            flags=(",
        *(f"                {spec}" for spec in specs),
        "            ) ;;",
    ]


def _spec(flag: Flag) -> str:
    """Return a flag as _arguments reads it."""
    text = "".join(f"\\{letter}" if letter in "[]:\\" else letter for letter in flag.text)
    again = "*" if flag.repeats else ""
    if not flag.takes_value:
        return f"{again}--{flag.name}[{text}]"
    action = f"({' '.join(flag.choices)})" if flag.choices else "_files" if flag.is_path else " "
    return f"{again}--{flag.name}=[{text}]:value:{action}"


def _quoted(text: str) -> str:
    """Return a text in single quotes, in which zsh sees nothing but text."""
    return "'" + text.replace("'", "'\\''") + "'"
