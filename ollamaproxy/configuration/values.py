"""How the texts of settings become values; every mistake is told with what would be right."""

import math
from typing import Final

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings.limits import KIB, MIB

#: More than the largest machines have cores.
_MAX_WORKERS: Final = 256
_DAY_S: Final = 24 * 60 * 60
_UNITS: Final = {"": 1, "kib": KIB, "mib": MIB, "gib": KIB * MIB}


def parse_switch(text: str) -> bool:
    """
    Return whether a text turns a switch on.

    Raises:
        InvalidSetting: It is neither yes nor no.
    """
    word = text.lower()
    if word not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise InvalidSetting(f"{text!r} is neither true nor false")
    return word in {"1", "true", "yes", "on"}


def parse_seconds(text: str) -> float:
    """
    Return a time in seconds.

    Raises:
        InvalidSetting: It is not a number above 0.
    """
    seconds = _number(text)
    if not 0 < seconds < math.inf:
        raise InvalidSetting(f"{text!r} is not a number of seconds above 0")
    return seconds


def parse_seconds_or_none(text: str) -> float:
    """
    Return a time in seconds that may be 0, up to a day.

    Raises:
        InvalidSetting: It is not a number from 0 to 86400.
    """
    seconds = _number(text)
    if not 0 <= seconds <= _DAY_S:
        raise InvalidSetting(f"{text!r} is not a number of seconds from 0 to {_DAY_S}")
    return seconds


def _number(text: str) -> float:
    """Return a plain number; what is none is less than 0."""
    digits = text.replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdecimal() and len(text) < 20 else -1.0


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


def parse_workers(text: str) -> int:
    """
    Return a number of processes.

    Raises:
        InvalidSetting: It is not a whole number from 1 to 256.
    """
    if not _is_count(text) or int(text) > _MAX_WORKERS:
        raise InvalidSetting(f"{text!r} is not a whole number from 1 to {_MAX_WORKERS}")
    return int(text)


def parse_port(text: str) -> int:
    """
    Return a TCP port to listen on; 0 lets the system choose a free one.

    Raises:
        InvalidSetting: It is not a whole number from 0 to 65535.
    """
    # str.isdecimal also takes other scripts' digits; int() agrees with it.
    is_number = text.isascii() and text.isdecimal() and len(text) <= 5
    if not is_number or int(text) > 65535:
        raise InvalidSetting(f"{text!r} is not a whole number from 0 to 65535")
    return int(text)
