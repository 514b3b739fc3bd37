"""
The command line and the environment, to :class:`~ollamaproxy.settings.Settings`.

A flag wins over its environment variable, which wins over the default.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from twisted.python import usage

from ollamaproxy import __version__
from ollamaproxy.settings import InvalidSetting, Secret, Settings, parse_port


@frozen
class Flag:
    """A flag with a value: its name without dashes, and what ``--help`` says."""

    name: str
    text: str

    @property
    def variable(self) -> str:
        """The environment variable that stands for it."""
        return "OLLAMAPROXY_" + self.name.upper().replace("-", "_")


FLAGS: Final = (
    Flag("base-url", "The gateway's address, with or without /v1. Required."),
    Flag("api-key", "The gateway's key, sent as a Bearer token."),
    Flag("port", "The port to listen on. [default: 11434]"),
    Flag("host", "The address to listen on. [default: 0.0.0.0]"),
)


class Options(usage.Options):
    """
    What ``ollamaproxy`` and ``twistd ollamaproxy`` take.

    After parsing, ``settings`` holds the result, unless ``demo`` is on: then
    there is no gateway to name, and :meth:`settings_for` takes the one that
    the demonstration brings.
    """

    synopsis = "[--base-url=URL] [--api-key=KEY] [--port=PORT] [--host=ADDRESS] [--demo]"
    longdesc = (
        "Serves Ollama's API with the models of an OpenAI-compatible gateway such as LiteLLM. "
        "Each flag can also be given as an environment variable, "
        "such as OLLAMAPROXY_BASE_URL for --base-url; flags win."
    )
    optParameters: Sequence[Sequence[object]] = [
        [flag.name, None, None, flag.text] for flag in FLAGS
    ]
    optFlags: Sequence[Sequence[object]] = [
        ["demo", None, "Try it without a gateway: answers come from a built-in demonstration."],
    ]

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        """
        Prepare.

        Args:
            environ: The environment; this process's if ``None``.
        """
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
        known = {flag.name for flag in FLAGS} | {"demo", "help", "version"}
        return f"-{word}" if word.startswith("-") and name in known else word

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
        base_url = self._value("base-url")
        if base_url is None:
            raise usage.UsageError(
                "--base-url is required: the address of your gateway, such as "
                "https://litellm.example.com (or set OLLAMAPROXY_BASE_URL; "
                "or try --demo, which needs no gateway)"
            )
        self.settings = self.settings_for(base_url, self._value("api-key"))

    def settings_for(self, base_url: str, api_key: str | None) -> Settings:
        """
        Return the settings with this gateway.

        Raises:
            UsageError: A value cannot work.
        """
        given: dict[str, Any] = {"base_url": base_url}
        try:
            if api_key is not None:
                given["api_key"] = Secret(api_key)
            if (port := self._value("port")) is not None:
                given["port"] = parse_port(port)
            if (host := self._value("host")) is not None:
                given["host"] = host.removeprefix("[").removesuffix("]")  # of an IPv6 address
            return Settings(**given)
        except InvalidSetting as error:
            raise usage.UsageError(str(error)) from error

    def _value(self, name: str) -> str | None:
        """Return what was given; nothing but blanks is as good as not given."""
        flag = next(flag for flag in FLAGS if flag.name == name)
        given: str | None = self[name]
        if given is None:
            given = self._environ.get(flag.variable)
        return (given or "").strip() or None
