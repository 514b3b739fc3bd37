"""Reads the settings, as often as need be: once at the start, and again on SIGHUP."""

import os
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from ollamaproxy.configuration.merging import Configuration, merge
from ollamaproxy.configuration.setting import PREFIX
from ollamaproxy.configuration.sources import (
    CommandLine,
    Credentials,
    Environment,
    Fixed,
    Source,
)
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.configuration.toml_file import read_config_file
from ollamaproxy.errors import InvalidSetting

#: systemd's variable, see systemd.exec(5).
_CREDENTIALS_DIRECTORY: Final = "CREDENTIALS_DIRECTORY"

#: Of the console script, and of its command that adds a key.
_OTHER_VARIABLES: Final = frozenset({"OLLAMAPROXY_CONFIG", "OLLAMAPROXY_GATEWAY_KEY"})

#: What Kubernetes makes of a service of that name, and what the tests are told.
_OF_OTHERS: Final = re.compile(r"OLLAMAPROXY_(SERVICE_|PORT_|TEST_)")

#: More is no key.
_MAX_SECRET_BYTES: Final = 64 * 1024


@frozen
class ConfigurationReader:
    """
    Knows all the places where settings are given.

    Attributes:
        flags: What stands on the command line, by the names of the settings.
        environ: The environment.
        config_path: The path of the file with settings; ``None`` if there is none.
        fixed: What wins over everything; ``None`` if nothing does.
    """

    flags: Mapping[str, Sequence[str]] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    config_path: str | None = None
    fixed: Fixed | None = None

    def for_demonstration(self, base_url: str) -> "ConfigurationReader":
        """Return one whose gateway is the demonstration's."""
        texts: dict[str, list[str]] = {"base-url": [base_url], "api-key": []}
        return evolve(self, fixed=Fixed(texts, "the demonstration"))

    def read(self) -> Configuration:
        """
        Return the settings as they are now.

        Raises:
            InvalidSetting: One cannot work; the text says where it comes from.
        """
        exposed: list[str] = []

        def read(path: str) -> str:
            if _is_exposed(path):
                exposed.append(path)
            return read_secret(path)

        configuration = merge(self._sources(), read)
        warnings = [
            f"{path} can be read by other users of this machine; chmod 600 keeps it to its owner"
            for path in exposed
        ]
        warnings += unknown_variables(self.environ)
        return evolve(configuration, warnings=(*configuration.warnings, *warnings))

    def _sources(self) -> list[Source]:
        sources: list[Source] = [] if self.fixed is None else [self.fixed]
        sources += [CommandLine(self.flags), Environment(self.environ)]
        if self.config_path is not None:
            sources.append(read_config_file(self.config_path, SETTINGS))
        if directory := self.environ.get(_CREDENTIALS_DIRECTORY):
            sources.append(Credentials(directory))
        return sources


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable that looks like one of ours and is none."""
    known = {setting.variable for setting in SETTINGS} | _OTHER_VARIABLES
    return [
        f"{name} in the environment means nothing{_meant(name, known)}"
        for name in sorted(environ)
        if name.startswith(PREFIX) and name not in known and not _OF_OTHERS.match(name)
    ]


def _meant(name: str, known: Iterable[str]) -> str:
    # Without what all begin with, which would make any two of them alike.
    endings = [it.removeprefix(PREFIX) for it in known]
    close = get_close_matches(name.removeprefix(PREFIX), endings, n=1)
    return f"; do you mean {PREFIX}{close[0]}?" if close else ""


def read_secret(path: str) -> str:
    """
    Return the text of a file, without blanks and line ends around it.

    Raises:
        InvalidSetting: It is not to be had, or there is nothing in it.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise InvalidSetting(f"cannot read {path}: {error.strerror}") from error
    text = content.decode("latin-1").strip()
    if not text or len(content) > _MAX_SECRET_BYTES:
        raise InvalidSetting(f"{path} is {'too long' if text else 'empty'}")
    return text


def _is_exposed(path: str) -> bool:
    """Whether other users than the owner can read a file."""
    try:
        return bool(os.stat(path).st_mode & (stat.S_IRGRP | stat.S_IROTH))  # noqa: PTH116 - any file
    except OSError:
        return False
