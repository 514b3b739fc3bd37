"""
The places where a setting can be given.

In the order in which they win: the command line, the environment, a file; and
for the key systemd's credentials, if no other place has one.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from attrs import field, frozen

from ollamaproxy.configuration.setting import SEPARATOR, Setting

#: The name of systemd's credential: LoadCredential=api-key:/etc/ollamaproxy/api-key
CREDENTIAL: Final = "api-key"


def _as_tuple(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@frozen
class Given:
    """
    What was given for a setting.

    Attributes:
        texts: Without blanks around; none takes back what lower places say.
        origin: Where it comes from, for a person.
    """

    texts: tuple[str, ...] = field(converter=_as_tuple, repr=False)  # it may be the key
    origin: str


def stripped(texts: Sequence[str]) -> list[str]:
    """Return the texts without blanks around them, and none that is nothing but blanks."""
    return [text.strip() for text in texts if text.strip()]


class Source(Protocol):
    """A place where settings can be given."""

    def given(self, setting: Setting) -> Given | None:
        """Return what is given for a setting here; ``None`` if nothing is."""


@frozen
class Fixed:
    """
    What cannot be chosen: the demonstration brings its own gateway.

    Attributes:
        texts: By the names of the settings.
        origin: Why.
    """

    texts: Mapping[str, Sequence[str]]
    origin: str

    def given(self, setting: Setting) -> Given | None:
        """Implement Source."""
        texts = self.texts.get(setting.name)
        return None if texts is None else Given(texts, self.origin)


@frozen
class Accepted:
    """
    What another process has found in all these places.

    Attributes:
        texts: By the names of the settings.
        origins: Of all that are there.
    """

    texts: Mapping[str, Sequence[str]] = field(repr=False)
    origins: Mapping[str, str]

    def given(self, setting: Setting) -> Given | None:
        """Implement Source."""
        texts = self.texts.get(setting.name)
        return None if texts is None else Given(texts, self.origins[setting.name])


@frozen
class CommandLine:
    """
    The flags.

    Attributes:
        texts: By the names of the settings; the last counts of one that does
            not repeat.
    """

    texts: Mapping[str, Sequence[str]] = field(repr=False)

    def given(self, setting: Setting) -> Given | None:
        """Implement Source."""
        texts = self.texts.get(setting.name)
        return None if texts is None else Given(stripped(texts), f"--{setting.name}")


@frozen
class Environment:
    """
    Environment variables, ours and after them Ollama's.

    Attributes:
        variables: All there are.
    """

    variables: Mapping[str, str] = field(repr=False)

    def given(self, setting: Setting) -> Given | None:
        """Implement Source; a variable that is blank is as good as none."""
        value = self.variables.get(setting.variable, "")
        texts = stripped(value.split(SEPARATOR) if setting.repeats else [value])
        if texts:
            return Given(texts, setting.variable)
        if setting.ollamas is None or setting.variable in self.variables:
            return None
        value = self.variables.get(setting.ollamas.name, "").strip()
        texts = stripped(setting.ollamas.texts(value)) if value else []
        return Given(texts, setting.ollamas.name) if texts else None


@frozen
class ConfigFile:
    """
    A file with settings.

    Attributes:
        path: Its own.
        texts: By the names of the settings.
    """

    path: str
    texts: Mapping[str, Sequence[str]] = field(repr=False)

    def given(self, setting: Setting) -> Given | None:
        """Implement Source."""
        texts = self.texts.get(setting.name)
        return None if texts is None else Given(stripped(texts), f"{self.path}: {setting.name}")


@frozen
class Credentials:
    """
    What systemd hands a service in files that nobody else can read.

    Attributes:
        directory: systemd's ``$CREDENTIALS_DIRECTORY``.
    """

    directory: str

    def given(self, setting: Setting) -> Given | None:
        """Implement Source: the path of the key, if there is one."""
        path = Path(self.directory, CREDENTIAL)
        if setting.holds != CREDENTIAL or not path.is_file():
            return None
        return Given([str(path)], "the credential of systemd's")
