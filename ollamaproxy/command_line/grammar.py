"""
The commands and their flags, as values.

Taken from what parses them, and from the table of settings for what that does
not say: which are paths, and what the choices are.
"""

from collections.abc import Iterator
from typing import Final

from attrs import frozen
from twisted.python.reflect import accumulateClassList
from twisted.python.usage import Options as UsageOptions

from ollamaproxy.callers.add_key import AddKeyOptions
from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.doctor.options import DoctorOptions

#: The shells that there is a script for.
SHELLS: Final = ("bash", "zsh", "fish")

_SETTINGS: Final = {setting.name: setting for setting in SETTINGS}

#: Paths that are no settings.
_PATHS: Final = frozenset({"config"})


@frozen(kw_only=True)
class Flag:
    """
    A flag.

    Attributes:
        name: Without dashes.
        text: What it means.
        takes_value: Something must follow it.
        is_path: That is a path.
        choices: All that may follow; empty if there are other texts.
        repeats: It may be given several times.
    """

    name: str
    text: str
    takes_value: bool = False
    is_path: bool = False
    choices: tuple[str, ...] = ()
    repeats: bool = False


@frozen(kw_only=True)
class Command:
    """
    What can be called.

    Attributes:
        name: The first word; empty for the daemon itself.
        text: What it does, in a sentence without a full stop.
        flags: All, by name.
        words: What may stand behind it, besides flags; empty if that is
            nothing, or anything.
    """

    name: str
    text: str
    flags: tuple[Flag, ...]
    words: tuple[str, ...] = ()


_HELP: Final = Flag(name="help", text="Say what there is to say, and exit.")
_VERSION: Final = Flag(name="version", text="Print the version, and exit.")


def flags_of(options: type[UsageOptions]) -> tuple[Flag, ...]:
    """Return the flags of what parses a command line, by name."""
    return tuple(sorted((*_rows_of(options), _HELP), key=lambda flag: flag.name))


def _rows_of(options: type[UsageOptions]) -> Iterator[Flag]:
    parameters: list[list[str]] = []
    switches: list[list[str]] = []
    accumulateClassList(options, "optParameters", parameters)
    accumulateClassList(options, "optFlags", switches)
    for name, *_short_and_default, text in parameters:
        setting = _SETTINGS.get(name)
        yield Flag(
            name=name,
            text=text,
            takes_value=True,
            is_path=name in _PATHS if setting is None else setting.is_path,
            choices=() if setting is None else setting.choices,
        )
    for name, *_short, text in switches:
        yield Flag(name=name, text=text)
    if issubclass(options, Options):
        yield _VERSION
        for setting in SETTINGS:
            if setting.repeats:  # a method of its own parses it
                yield Flag(
                    name=setting.name,
                    text=setting.help,
                    takes_value=True,
                    is_path=setting.is_path,
                    choices=setting.choices,
                    repeats=True,
                )


DAEMON: Final = Command(
    name="",
    text="serve Ollama's API with the models of an OpenAI-compatible gateway",
    flags=flags_of(Options),
)
COMMANDS: Final = (
    DAEMON,
    Command(
        name="add-key",
        text="make a key for a client, and add it to the keys file",
        flags=flags_of(AddKeyOptions),
    ),
    Command(
        name="doctor",
        text="say why a set-up does not work, and what to change",
        flags=flags_of(DoctorOptions),
    ),
    Command(
        name="completion",
        text="print what makes a shell complete this command line",
        flags=(),
        words=SHELLS,
    ),
)
