"""The script for bash, also for the old one of macOS, which has no mapfile and no compopt."""

from collections.abc import Iterable, Sequence

from ollamaproxy.command_line.grammar import Command, Flag

_HEAD = """\
# bash completion for ollamaproxy, made by: ollamaproxy completion bash
# For this shell:  source <(ollamaproxy completion bash)

_ollamaproxy() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} flags words=""
    # readline takes the "=" of --flag=value for a word of its own.
    if [[ $word == "=" ]]; then
        word=""
    elif [[ $before == "=" ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
"""

_TAIL = """\
    if [[ $word != -* ]]; then
        flags="$words"
    fi
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
}

complete -F _ollamaproxy ollamaproxy
"""


def bash_script(commands: Sequence[Command]) -> str:
    """
    Return a script to be sourced.

    Args:
        commands: That of the daemon itself in front.
    """
    daemon, *others = commands
    names = " ".join(command.name for command in others)
    lines = [
        *_values(commands),
        "    case ${COMP_WORDS[1]} in",
        *(line for command in others for line in _case(command.name, command)),
        # What stands first may still become a command.
        *_case("*", daemon),
        "    esac",
        "    if (( COMP_CWORD == 1 )); then",
        f'        words="{names}"',
        "    fi",
    ]
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def _case(pattern: str, command: Command) -> list[str]:
    flags = " ".join(f"--{flag.name}" for flag in command.flags)
    words = " ".join(command.words)
    return [f'        {pattern}) flags="{flags}" words="{words}" ;;']


def _values(commands: Iterable[Command]) -> list[str]:
    """Return what completes the value of a flag; a name means the same for all commands."""
    flags = {flag.name: flag for command in commands for flag in command.flags}.values()
    valued = [flag for flag in flags if flag.takes_value]
    paths = [flag for flag in valued if flag.is_path]
    others = [flag for flag in valued if not flag.is_path and not flag.choices]
    return [
        "    case $before in",
        *(line for flag in valued if flag.choices for line in _choices(flag)),
        f"        {_pattern(paths)})",
        "            compopt -o filenames 2>/dev/null",
        "            local IFS=$'\\n'",
        '            COMPREPLY=($(compgen -f -- "$word"))',
        "            return ;;",
        f"        {_pattern(others)})",
        "            return ;;",
        "    esac",
    ]


def _choices(flag: Flag) -> list[str]:
    return [
        f"        --{flag.name})",
        f'            COMPREPLY=($(compgen -W "{" ".join(flag.choices)}" -- "$word"))',
        "            return ;;",
    ]


def _pattern(flags: Iterable[Flag]) -> str:
    return "|".join(f"--{flag.name}" for flag in flags)
