"""The file with settings: TOML, one key for each setting, under the names of the flags."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.configuration.sources import ConfigFile
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.mistakes import Mistakes


def read_config_file(path: str, settings: Iterable[Setting]) -> ConfigFile:
    """
    Read a file.

    Args:
        path: Its path.
        settings: All that may stand in it.

    Raises:
        InvalidSetting: It is not to be had, is no TOML, or holds what is no setting.
    """
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except OSError as error:
        raise InvalidSetting(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"{path} is not text in UTF-8") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSetting(f"{path} is not TOML: {error}") from error
    try:
        texts = texts_of(tables, settings)
    except InvalidSetting as error:
        Mistakes(InvalidSetting(f"{path}: {mistake}") for mistake in error.mistakes).raise_any()
        raise
    return ConfigFile(path, texts)


def texts_of(tables: Mapping[str, Any], settings: Iterable[Setting]) -> dict[str, Sequence[str]]:
    """
    Return the texts that a file gives, by the names of the settings.

    ``base_url`` is the same key as ``base-url``.

    Args:
        tables: The file's content, as :mod:`tomllib` has it.
        settings: All that may stand in it.

    Raises:
        InvalidSetting: Keys are none of them, are there twice, or have values of
            a kind that no setting has.
    """
    known = {setting.name: setting for setting in settings}
    texts: dict[str, Sequence[str]] = {}
    mistakes = Mistakes()
    for key, value in tables.items():
        name = key.replace("_", "-")
        with mistakes.gathered():
            if name not in known:
                raise InvalidSetting(_unknown(key, value, known))
            if name in texts:
                raise InvalidSetting(f"{name} is given twice, once with dashes and once without")
            texts[name] = _texts(known[name], value)
    mistakes.raise_any()
    return texts


def _unknown(key: str, value: object, known: Iterable[str]) -> str:
    if isinstance(value, dict):
        return f"there are no sections in this file, so [{key}] has no meaning"
    close = get_close_matches(key.replace("_", "-"), known, n=1)
    hint = f"; do you mean {close[0]}?" if close else "; --help lists all"
    return f"there is no setting {key!r}{hint}"


def _texts(setting: Setting, value: object) -> list[str]:
    if isinstance(value, list):
        if not setting.repeats:
            raise InvalidSetting(f"{setting.name} takes one value and not a list")
        return [_text(setting, item) for item in value]
    return [_text(setting, value)]


def _text(setting: Setting, value: object) -> str:
    """Return a value as it would stand on a command line."""
    if isinstance(value, str):
        if "\0" in value:
            raise InvalidSetting(f"{setting.name} has a NUL character in it")
        return value
    if isinstance(value, bool):
        if setting.is_switch:
            return str(value).lower()
    elif isinstance(value, (int, float)):
        return repr(value)
    kind = {dict: "a table", bool: "true or false", list: "a list"}.get(type(value), "a date")
    raise InvalidSetting(f"{setting.name} cannot be {kind}; put the value in quotes")
