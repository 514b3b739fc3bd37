"""What one setting is: a row of the table from which all that is said of settings is made."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

#: What stands between several values in one environment variable.
SEPARATOR: Final = ";"

#: Of all our environment variables.
PREFIX: Final = "OLLAMAPROXY_"


@frozen
class OllamasVariable:
    """
    An environment variable of Ollama's own that means something here, too.

    Attributes:
        name: Of the variable.
        texts: Makes a setting's texts of its value.
    """

    name: str
    texts: Callable[[str], Sequence[str]]


@frozen(kw_only=True)
class Setting:
    """
    A setting, as the operator sees it.

    Attributes:
        name: Without dashes in front; the flag, the key in a file, and in
            capitals the environment variable.
        text: What it means, in a sentence or two, for ``--help`` and the documentation.
        parse: Makes the value of a text.
        default: What holds if it is not given, as somebody would give it;
            empty if nothing does.
        field: The name in :class:`Settings`, or in the group; empty if it is
            the same.
        group: The part of the settings that it is in, such as ``models``;
            empty if it is in none.
        repeats: It may be given several times; the value is a tuple.
        is_switch: It has no value on the command line.
        is_secret: Its text is never shown.
        masked: Makes of such a text what may be shown of it.
        is_path: Its text is the path of a file.
        choices: All texts that it may have; empty if there are other ones.
        holds: The setting whose text is in the file that this one names;
            empty if it names none.
        needs_restart: It is read when the daemon starts, and not again.
        ollamas: Ollama's own environment variable for it, if it has one.
    """

    name: str
    text: str
    parse: Callable[[str], Any]
    default: str = ""
    field: str = ""
    group: str = ""
    repeats: bool = False
    is_switch: bool = False
    is_secret: bool = False
    masked: Callable[[str], str] = lambda _text: "***"
    is_path: bool = False
    choices: tuple[str, ...] = ()
    holds: str = ""
    needs_restart: bool = False
    ollamas: OllamasVariable | None = None

    @property
    def variable(self) -> str:
        """The environment variable that stands for it."""
        return PREFIX + self.name.upper().replace("-", "_")

    @property
    def place(self) -> str:
        """The name in the settings, or in the group."""
        return self.field or self.name.replace("-", "_")

    @property
    def help(self) -> str:
        """The text, with what else there is to know on a command line."""
        again = " Can be repeated." if self.repeats else ""
        default = f" [default: {self.default}]" if self.default else ""
        return f"{self.text}{again}{default}"


@frozen
class Section:
    """
    Settings that belong together.

    Attributes:
        title: For the documentation.
        settings: In the order in which a reader wants them.
    """

    title: str
    settings: tuple[Setting, ...]
