"""
What a flag is, and how the texts of flags become values.

Every flag has an environment variable of its own.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings import KIB, MIB

#: What stands between several values in one environment variable.
SEPARATOR: Final = ";"


def parse_switch(text: str) -> bool:
    """
    Return whether the value of an environment variable turns a switch on.

    Raises:
        InvalidSetting: It is neither yes nor no.
    """
    word = text.lower()
    if word not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise InvalidSetting(f"{text!r} is neither true nor false")
    return word in {"1", "true", "yes", "on"}


@frozen(kw_only=True)
class Flag:
    """
    A flag.

    Attributes:
        name: Without dashes.
        text: What ``--help`` says.
        parse: Makes the setting's value of a text.
        setting: The name in :class:`Settings`, or in the group.
        repeats: It may be given several times; the setting is a tuple.
        group: The part of the settings that it is in, such as ``models``;
            empty if it is in none.
        is_switch: It has no value on the command line.
        ollamas_variable: Ollama's own environment variable for it, if it has
            one; its values are parted by commas.
    """

    name: str
    text: str
    parse: Callable[[str], Any]
    setting: str
    repeats: bool = False
    group: str = ""
    is_switch: bool = False
    ollamas_variable: str | None = None

    @property
    def variable(self) -> str:
        """The environment variable that stands for it."""
        return "OLLAMAPROXY_" + self.name.upper().replace("-", "_")


def parse_seconds(text: str) -> float:
    """
    Return a time in seconds.

    Raises:
        InvalidSetting: It is not a number above 0.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise InvalidSetting(f"{text!r} is not a number of seconds above 0")
    return seconds


_UNITS: Final = {"": 1, "kib": KIB, "mib": MIB, "gib": KIB * MIB}


def parse_size(text: str) -> int:
    """
    Return a number of bytes, which may be told as ``64KiB`` or ``32MiB``.

    Raises:
        InvalidSetting: It is not a whole number above 0 with such a unit or none.
    """
    number = text.rstrip("kKmMgGiIbB ")
    unit = text[len(number) :].strip().lower()
    if not _is_count(number) or unit not in _UNITS:
        raise InvalidSetting(f"{text!r} is not a number of bytes, such as 65536, 64KiB or 32MiB")
    return int(number) * _UNITS[unit]


def parse_count(text: str) -> int:
    """
    Return a number of things.

    Raises:
        InvalidSetting: It is not a whole number above 0.
    """
    if not _is_count(text):
        raise InvalidSetting(f"{text!r} is not a whole number above 0")
    return int(text)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 13 and int(text) > 0
