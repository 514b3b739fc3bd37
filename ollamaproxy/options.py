"""
The command line and the environment, to :class:`~ollamaproxy.settings.Settings`.

A flag wins over its environment variable, which wins over the default.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from twisted.python import usage

from ollamaproxy import __version__
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.flag import SEPARATOR, Flag
from ollamaproxy.flags import FLAGS
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.settings import Deadlines, Limits, Secret, Settings

#: The parts of the settings, and what makes them.
_GROUPS: Final[Mapping[str, Callable[..., Any]]] = {
    "models": ModelRules,
    "deadlines": Deadlines,
    "limits": Limits,
}


class Options(usage.Options):
    """
    What ``ollamaproxy`` and ``twistd ollamaproxy`` take.

    After parsing, ``settings`` holds the result, unless ``demo`` is on: then
    there is no gateway to name, and :meth:`settings_for` takes the one that
    the demonstration brings.
    """

    synopsis = "[--base-url=URL] [--api-key=KEY] [--port=PORT] [--host=ADDRESS] [--demo] ..."
    longdesc = (
        "Serves Ollama's API with the models of an OpenAI-compatible gateway such as LiteLLM. "
        "Each flag can also be given as an environment variable, "
        "such as OLLAMAPROXY_BASE_URL for --base-url; flags win. "
        f"Several values in one variable are parted by {SEPARATOR!r}. "
        "The command 'ollamaproxy add-key NAME' makes a key for a client; it has a --help, too."
    )
    optParameters: Sequence[Sequence[object]] = [
        [flag.name, None, None, flag.text]
        for flag in FLAGS
        if not flag.repeats and not flag.is_switch
    ]
    optFlags: Sequence[Sequence[object]] = [
        ["demo", None, "Try it without a gateway: answers come from a built-in demonstration."],
        *([flag.name, None, flag.text] for flag in FLAGS if flag.is_switch),
    ]

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """
        Prepare.

        Args:
            environ: The environment; this process's if ``None``.
        """
        self._repeated: dict[str, list[str]] = {}
        super().__init__()
        self._environ = os.environ if environ is None else environ
        self.settings: Settings | None = None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: take ``-port 1`` for ``--port 1``, as programs written in Go do."""
        known = {*(flag.name for flag in FLAGS), "demo", "help", "version"}
        super().parseOptions([with_two_dashes(word, known) for word in options or ()])

    def repeat(self, name: str, text: str) -> None:
        """Note one of the values of a flag that can be repeated."""
        self._repeated.setdefault(name, []).append(text)

    def getSynopsis(self) -> str:
        """Override: twistd puts its own name in front, the console script has none to put."""
        synopsis: str = super().getSynopsis()
        return synopsis if self.parent is not None else f"Usage: ollamaproxy {synopsis}"

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"ollamaproxy {__version__}")  # noqa: T201 - that is what was asked for
        raise SystemExit(0)

    def parseArgs(self, *words: str) -> None:
        """Override: there are no arguments without a flag."""
        if words:
            # Not repeated: it may be the second half of a key with a blank in it.
            raise usage.UsageError(
                "unexpected argument without a flag in front; a value with blanks needs quotes"
            )

    def postOptions(self) -> None:
        """Override: merge and check."""
        if self["demo"]:
            if self._repeated.get("base-url"):
                raise usage.UsageError("--demo brings its own gateway; leave --base-url out")
            self.settings_for("http://127.0.0.1:1", None)
            return
        base_urls = self._texts(_flag("base-url"))
        api_key = next(iter(self._texts(_flag("api-key"))), None)
        if not base_urls:
            raise usage.UsageError(
                "--base-url is required: the address of your gateway, such as "
                "https://litellm.example.com (or set OLLAMAPROXY_BASE_URL; "
                "or try --demo, which needs no gateway)"
            )
        self.settings = self.settings_for(base_urls[0], api_key, base_urls[1:])

    def settings_for(
        self, base_url: str, api_key: str | None, more_base_urls: Sequence[str] = ()
    ) -> Settings:
        """
        Return the settings with this gateway, and others for when it cannot be reached.

        Raises:
            UsageError: A value cannot work.
        """
        given: dict[str, Any] = {"base_url": base_url, "more_base_urls": more_base_urls}
        groups: dict[str, dict[str, Any]] = {"": given, **{name: {} for name in _GROUPS}}
        try:
            if api_key is not None:
                given["api_key"] = Secret(api_key)
            for flag in FLAGS:
                if flag.setting in {"base_urls", "api_key"}:
                    continue
                values = tuple(_parse(flag, text) for text in self._texts(flag))
                if values:
                    value = values if flag.repeats else values[0]
                    groups[flag.group][flag.setting] = value
            parts = {name: make(**groups[name]) for name, make in _GROUPS.items()}
            return Settings(**given, **parts)
        except InvalidSetting as error:
            raise usage.UsageError(str(error)) from error

    def _texts(self, flag: Flag) -> list[str]:
        """Return what was given, on the command line or else in the environment, without blanks."""
        if flag.repeats:
            texts = self._repeated.get(flag.name) or self._from_environment(flag)
        elif flag.is_switch:
            texts = ["true"] if self[flag.name] else [self._environ.get(flag.variable, "")]
        else:
            given: str | None = self[flag.name]
            texts = [self._environ.get(flag.variable, "") if given is None else given]
        return [text.strip() for text in texts if text.strip()]

    def _from_environment(self, flag: Flag) -> list[str]:
        """Return the values of a variable, ours or else Ollama's."""
        if flag.variable in self._environ or flag.ollamas_variable is None:
            return self._environ.get(flag.variable, "").split(SEPARATOR)
        return self._environ.get(flag.ollamas_variable, "").split(",")


def with_two_dashes(word: str, known: Collection[str]) -> str:
    """Return a word of a command line; a known flag with one dash in front gets another."""
    if word == "-h":
        return "--help"
    name = word[1:].partition("=")[0]
    return f"-{word}" if word.startswith("-") and name in known else word


def _parse(flag: Flag, text: str) -> Any:
    try:
        return flag.parse(text)
    except InvalidSetting as error:
        # All others name themselves.
        raise InvalidSetting(f"{flag.variable}: {error}" if flag.is_switch else error) from error


def _flag(name: str) -> Flag:
    return next(flag for flag in FLAGS if flag.name == name)


def _repeating(flag: Flag) -> Callable[[Options, str], None]:
    def take(self: Options, text: str) -> None:
        self.repeat(flag.name, text)

    take.__doc__ = flag.text
    return take


# usage.Options keeps the last value of a parameter, and all that a method of
# this kind wants to keep; --help takes its text from the method.
for _repeated in (flag for flag in FLAGS if flag.repeats):
    setattr(Options, "opt_" + _repeated.name.replace("-", "_"), _repeating(_repeated))
