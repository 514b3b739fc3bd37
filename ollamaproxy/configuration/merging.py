"""From what is given in several places to one :class:`~ollamaproxy.settings.Settings`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from attrs import frozen

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.configuration.sources import CommandLine, Given, Source
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.errors import CannotListen, InvalidSetting
from ollamaproxy.mistakes import Mistakes
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.settings import Deadlines, Limits, Listening, LogWishes, Network, Settings

#: The parts of the settings, and what makes them.
_GROUPS: Final[Mapping[str, Callable[..., Any]]] = {
    "listening": Listening,
    "models": ModelRules,
    "deadlines": Deadlines,
    "limits": Limits,
    "logs": LogWishes,
    "network": Network,
}

#: Returns what is in a file that holds one text, such as a key.
ReadSecret = Callable[[str], str]


@frozen
class Configuration:
    """
    The settings, and where each comes from.

    Attributes:
        settings: Checked.
        given: What was given, by the names of the settings; what is not there
            has its default.
        warnings: What the operator should think about.
    """

    settings: Settings
    given: Mapping[str, Given]
    warnings: Sequence[str] = ()

    @property
    def texts(self) -> dict[str, Sequence[str]]:
        """All that was given, as flags that would make the same settings."""
        held = {setting.name for setting in SETTINGS if setting.holds}
        return {name: it.texts for name, it in self.given.items() if name not in held}

    @property
    def origins(self) -> dict[str, str]:
        """Where all that was given comes from, by the names of the settings."""
        return {name: it.origin for name, it in self.given.items()}

    def naming_origins(self) -> AbstractContextManager[None]:
        """
        Return a context whose mistakes begin with where the settings come from.

        Only the configuration knows that, and many a mistake is found later,
        in files and addresses.
        """
        return _naming(self.given)


@contextmanager
def _naming(given: Mapping[str, Given]) -> Iterator[None]:
    try:
        yield
    except (CannotListen, InvalidSetting) as error:
        raise error.with_origins({name: it.origin for name, it in given.items()}) from error


def merge(sources: Sequence[Source], read_secret: ReadSecret) -> Configuration:
    """
    Return the settings: of each what the first place says that says something.

    Args:
        sources: The places, the one that wins in front.
        read_secret: Reads the file that a setting names; raises InvalidSetting.

    Raises:
        InvalidSetting: Values cannot work, or no gateway is named.
    """
    mistakes = Mistakes()
    given, values = {}, {}
    for setting in SETTINGS:
        with mistakes.gathered():
            found = _find(setting, sources, read_secret)
            if found is not None and found.texts:
                given[setting.name] = found
                values[setting.name] = _value(setting, found)
    if "base-url" not in given:
        mistakes.add(
            InvalidSetting(
                "--base-url is required: the address of your gateway, such as "
                "https://litellm.example.com (or set OLLAMAPROXY_BASE_URL, or base-url in a "
                "--config file; or try --demo, which needs no gateway)"
            )
        )
    with _naming(given):
        mistakes.raise_any()
        return Configuration(_settings(values), given, tuple(_warnings(sources)))


def _find(setting: Setting, sources: Sequence[Source], read_secret: ReadSecret) -> Given | None:
    """Return what the first place says of a setting, by itself or with the path of a file."""
    holders = [other for other in SETTINGS if other.holds == setting.name]
    for source in sources:
        found = source.given(setting)
        files = list(filter(None, map(source.given, holders)))
        if files and found is not None:
            raise InvalidSetting(f"{found.origin} and {files[0].origin}: give one of the two")
        if found is not None:
            return found
        for file in files:
            texts = [_read(path, file, read_secret) for path in file.texts]
            return Given(texts, f"{file.origin} {' '.join(file.texts)}")
    return None


def _read(path: str, file: Given, read_secret: ReadSecret) -> str:
    try:
        return read_secret(path)
    except InvalidSetting as error:
        raise InvalidSetting(f"{file.origin}: {error}") from error


def _settings(values: Mapping[str, Any]) -> Settings:
    """Return the settings of values that are good by themselves, but may not go together."""
    own: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {"": own, **{name: {} for name in _GROUPS}}
    for setting in SETTINGS:
        if setting.name in values and not setting.holds:
            groups[setting.group][setting.place] = values[setting.name]
    own["base_url"], *more = own.pop("base_urls")
    own["more_base_urls"] = tuple(more)
    mistakes = Mistakes()
    for name, make in _GROUPS.items():
        with mistakes.gathered():
            own[name] = make(**groups[name])
    with mistakes.gathered():
        settings = Settings(**own)
    mistakes.raise_any()
    return settings


def _value(setting: Setting, given: Given) -> Any:
    try:
        values = tuple(map(setting.parse, given.texts))
    except InvalidSetting as error:
        raise InvalidSetting(str(error), setting.name) from error
    return values if setting.repeats else values[-1]


def _warnings(sources: Sequence[Source]) -> Iterable[str]:
    for setting in SETTINGS:
        for source in sources:
            shown = setting.is_secret and isinstance(source, CommandLine) and source.given(setting)
            if shown and any(setting.masked(text) != text for text in shown.texts):
                files = [f"--{other.name}" for other in SETTINGS if other.holds == setting.name]
                yield (
                    f"{shown.origin} is on the command line, where other users of this machine can "
                    f"see it; {' or '.join([*files, setting.variable])} keeps it to yourself"
                )
