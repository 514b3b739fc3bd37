"""
The command line and the environment, to :class:`~ollamaproxy.settings.Settings`.

A flag wins over its environment variable, which wins over the default.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.python import usage

from ollamaproxy import __version__
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.flags import FLAGS, SEPARATOR, Flag
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.settings import Secret, Settings


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
        f"Several values in one variable are parted by {SEPARATOR!r}."
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
        super().parseOptions([self._with_two_dashes(word) for word in options or ()])

    def _with_two_dashes(self, word: str) -> str:
        if word == "-h":
            return "--help"
        name = word[1:].partition("=")[0]
        known = {*(flag.name for flag in FLAGS), "demo", "help", "version"}
        return f"-{word}" if word.startswith("-") and name in known else word

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
            if self["base-url"] is not None:
                raise usage.UsageError("--demo brings its own gateway; leave --base-url out")
            self.settings_for("http://127.0.0.1:1", None)
            return
        base_url = next(iter(self._texts(_flag("base-url"))), None)
        api_key = next(iter(self._texts(_flag("api-key"))), None)
        if base_url is None:
            raise usage.UsageError(
                "--base-url is required: the address of your gateway, such as "
                "https://litellm.example.com (or set OLLAMAPROXY_BASE_URL; "
                "or try --demo, which needs no gateway)"
            )
        self.settings = self.settings_for(base_url, api_key)

    def settings_for(self, base_url: str, api_key: str | None) -> Settings:
        """
        Return the settings with this gateway.

        Raises:
            UsageError: A value cannot work.
        """
        given: dict[str, Any] = {"base_url": base_url}
        rules: dict[str, Any] = {}
        try:
            if api_key is not None:
                given["api_key"] = Secret(api_key)
            for flag in FLAGS:
                if flag.setting in {"base_url", "api_key"}:
                    continue
                values = tuple(_parse(flag, text) for text in self._texts(flag))
                if values:
                    value = values if flag.repeats else values[0]
                    (rules if flag.is_rule else given)[flag.setting] = value
            return Settings(**given, models=ModelRules(**rules))
        except InvalidSetting as error:
            raise usage.UsageError(str(error)) from error

    def _texts(self, flag: Flag) -> list[str]:
        """Return what was given, on the command line or else in the environment, without blanks."""
        if flag.repeats:
            texts = self._repeated.get(flag.name) or self._environ.get(flag.variable, "").split(
                SEPARATOR
            )
        elif flag.is_switch:
            texts = ["true"] if self[flag.name] else [self._environ.get(flag.variable, "")]
        else:
            given: str | None = self[flag.name]
            texts = [self._environ.get(flag.variable, "") if given is None else given]
        return [text.strip() for text in texts if text.strip()]


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
