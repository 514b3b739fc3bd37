"""The command line of ``ollamaproxy`` and ``twistd ollamaproxy``."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from difflib import get_close_matches
from getopt import GetoptError
from typing import Final

from twisted.python import usage

from ollamaproxy import __version__
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.configuration.reading import ConfigurationReader
from ollamaproxy.configuration.setting import SEPARATOR, Setting
from ollamaproxy.configuration.shown import sample_file, shown
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings import Settings

#: The first words that make something else of the command line than a daemon.
COMMANDS: Final = ("add-key", "doctor", "completion")

#: What stands in for a gateway while the demonstration's is not there yet.
_NO_GATEWAY = "http://127.0.0.1:1"

#: Looks for mistakes beside the settings themselves; gets the environment, too.
Check = Callable[[Configuration, Mapping[str, str]], None]


class Options(usage.Options):
    """
    What ``ollamaproxy`` and ``twistd ollamaproxy`` take.

    Attributes:
        reader: After parsing: reads the settings, as often as need be.
        configuration: After parsing: what it has read; with ``demo``, of a
            gateway that is not there yet.
    """

    synopsis = "[--base-url=URL] [--api-key-file=PATH] [--config=PATH] [--demo] ..."
    longdesc = (
        "Serves Ollama's API with the models of an OpenAI-compatible gateway such as LiteLLM. "
        "Each setting can also be given as an environment variable, "
        "such as OLLAMAPROXY_BASE_URL for --base-url, or in the file of --config, "
        "under the name of its flag; flags win over variables, and those over the file. "
        f"Several values in one variable are parted by {SEPARATOR!r}. "
        "The command 'ollamaproxy add-key NAME' makes a key for a client, "
        "'ollamaproxy doctor' says why a set-up does not work, and "
        "'ollamaproxy completion SHELL' prints what completes this command line; "
        "each has a --help, too."
    )
    optParameters: Sequence[Sequence[object]] = [
        ["config", None, None, "PATH of a TOML file with settings, read anew on SIGHUP."],
        *(
            [setting.name, None, None, setting.help]
            for setting in SETTINGS
            if not setting.repeats and not setting.is_switch
        ),
    ]
    optFlags: Sequence[Sequence[object]] = [
        ["demo", None, "Try it without a gateway: answers come from a built-in demonstration."],
        ["check-config", None, "Check all settings and the files that they name, and exit."],
        ["print-config", None, "Print all settings and where each comes from, and exit."],
        ["sample-config", None, "Print a file for --config with all settings, and exit."],
        *([setting.name, None, setting.help] for setting in SETTINGS if setting.is_switch),
    ]

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        check: Check = lambda _configuration, _environ: None,
        write: Callable[[str], object] = print,
    ) -> None:
        """
        Prepare.

        Args:
            environ: The environment; this process's if ``None``.
            check: Reads the files that the settings name, for
                ``--check-config``, and what else the environment says; raises
                InvalidSetting.
            write: Gets the text that is asked for, such as the version's.
        """
        self._repeated: dict[str, list[str]] = {}
        super().__init__()
        self._environ = os.environ if environ is None else environ
        self._check = check
        self._write = write
        self.reader: ConfigurationReader | None = None
        self.configuration: Configuration | None = None

    @property
    def settings(self) -> Settings:
        """The settings, after parsing."""
        assert self.configuration is not None  # noqa: S101 - parsed or refused
        return self.configuration.settings

    def naming_origins(self) -> AbstractContextManager[None]:
        """Return, after parsing, :meth:`Configuration.naming_origins`."""
        assert self.configuration is not None  # noqa: S101 - parsed or refused
        return self.configuration.naming_origins()

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: take ``-port 1`` for ``--port 1``, as programs written in Go do."""
        known = {*self._names(), "help", "version"}
        words = [with_two_dashes(word, known) for word in options or ()]
        try:
            super().parseOptions(words)
        except usage.UsageError as error:
            if not isinstance(error.__context__, GetoptError):
                raise
            meant = _meant_flag(error.__context__.opt, words, known)
            raise usage.UsageError(f"{error}{meant}") from error

    @classmethod
    def _names(cls) -> set[str]:
        own = [*cls.optParameters, *cls.optFlags]
        return {str(row[0]) for row in own} | {setting.name for setting in SETTINGS}

    def repeat(self, name: str, text: str) -> None:
        """Note one of the values of a flag that can be repeated."""
        self._repeated.setdefault(name, []).append(text)

    def getSynopsis(self) -> str:
        """Override: twistd puts its own name in front, the console script has none to put."""
        synopsis: str = super().getSynopsis()
        return synopsis if self.parent is not None else f"Usage: ollamaproxy {synopsis}"

    def opt_version(self) -> None:
        """Print the version and exit."""
        self._print_and_exit(f"ollamaproxy {__version__}")

    def parseArgs(self, *words: str) -> None:
        """Override: there are no arguments without a flag."""
        if words:
            # Not repeated: it may be the second half of a key with a blank in it.
            close = get_close_matches(words[0], COMMANDS, n=1)
            raise usage.UsageError(
                "unexpected argument without a flag in front; "
                + (
                    f"do you mean: ollamaproxy {close[0]}?"
                    if close
                    else "a value with blanks needs quotes"
                )
            )

    def postOptions(self) -> None:
        """Override: merge and check."""
        if self["sample-config"]:
            self._print_and_exit(sample_file())
        config_path = self["config"] or self._environ.get("OLLAMAPROXY_CONFIG", "").strip() or None
        reader = ConfigurationReader(self._flags(), self._environ, config_path)
        if self["demo"]:
            if self._repeated.get("base-url"):
                raise usage.UsageError("--demo brings its own gateway; leave --base-url out")
            reader = reader.for_demonstration(_NO_GATEWAY)
        self.reader = reader
        try:
            self.configuration = reader.read()
            if self["check-config"]:
                self._check(self.configuration, self._environ)
        except InvalidSetting as error:
            raise usage.UsageError(str(error)) from error
        if self["print-config"]:
            self._print_and_exit(shown(self.configuration))
        if self["check-config"]:
            self._print_and_exit(_checked(self.configuration))

    def _flags(self) -> dict[str, list[str]]:
        """Return what was given on the command line."""
        flags = dict(self._repeated)
        for setting in SETTINGS:
            if setting.is_switch:
                flags |= {setting.name: ["true"]} if self[setting.name] else {}
            elif not setting.repeats and self[setting.name] is not None:
                flags[setting.name] = [self[setting.name]]
        return flags

    def _print_and_exit(self, text: str) -> None:
        self._write(text)
        raise SystemExit(0)


def _checked(configuration: Configuration) -> str:
    warnings = [f"warning: {warning}" for warning in configuration.warnings]
    return "\n".join([*warnings, "all settings are good"])


def with_two_dashes(word: str, known: Collection[str]) -> str:
    """Return a word of a command line; a known flag with one dash in front gets another."""
    if word == "-h":
        return "--help"
    name = word[1:].partition("=")[0]
    return f"-{word}" if word.startswith("-") and name in known else word


def _meant_flag(name: str, words: Sequence[str], known: Collection[str]) -> str:
    """
    Return words for the flag that somebody may have meant; empty if that is not known.

    Args:
        name: What was taken for a flag, without dashes; of one that began with
            a single dash it is the first letter.
        words: The command line.
        known: The names of all flags.
    """
    if len(name) == 1:
        wholes = (word[1:].partition("=")[0] for word in words if word.startswith(f"-{name}"))
        name = next(wholes, name)
    if any(it.startswith(name) for it in known):  # it is known, or is short for several
        return ""
    close = get_close_matches(name, known, n=1)
    return f"; do you mean --{close[0]}?" if close else ""


def _repeating(setting: Setting) -> Callable[[Options, str], None]:
    def take(self: Options, text: str) -> None:
        self.repeat(setting.name, text)

    take.__doc__ = setting.help
    return take


# usage.Options keeps the last value of a parameter, and all that a method of
# this kind wants to keep; --help takes its text from the method.
for _repeated in (setting for setting in SETTINGS if setting.repeats):
    setattr(Options, "opt_" + _repeated.name.replace("-", "_"), _repeating(_repeated))
