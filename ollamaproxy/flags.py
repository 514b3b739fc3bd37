"""
The table of all flags: what each is called, what it means, and which setting it makes.

Every flag has an environment variable of its own.
"""

from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.models.rules import parse_alias, parse_override, parse_pattern
from ollamaproxy.settings import Secret, parse_base_url, parse_port

#: What stands between several values in one environment variable.
SEPARATOR: Final = ";"


def parse_host(text: str) -> str:
    """Return an address; an IPv6 address may have brackets."""
    in_brackets = text.startswith("[") and text.endswith("]")
    return text[1:-1] if in_brackets else text


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
        setting: The name in :class:`Settings`, or in :class:`ModelRules`.
        repeats: It may be given several times; the setting is a tuple.
        is_rule: The setting is one of :class:`ModelRules`.
        is_switch: It has no value on the command line.
    """

    name: str
    text: str
    parse: Callable[[str], Any]
    setting: str
    repeats: bool = False
    is_rule: bool = False
    is_switch: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that stands for it."""
        return "OLLAMAPROXY_" + self.name.upper().replace("-", "_")


FLAGS: Final = (
    Flag(
        name="base-url",
        text="The gateway's address, with or without /v1. Required.",
        parse=parse_base_url,
        setting="base_url",
    ),
    Flag(
        name="api-key",
        text="The gateway's key, sent as a Bearer token.",
        parse=Secret,
        setting="api_key",
    ),
    Flag(
        name="port",
        text="The port to listen on. [default: 11434]",
        parse=parse_port,
        setting="port",
    ),
    Flag(
        name="host",
        text="The address to listen on. [default: 0.0.0.0]",
        parse=parse_host,
        setting="host",
    ),
    Flag(
        name="alias",
        text="NAME=MODEL: a further name for a model. Can be repeated.",
        parse=parse_alias,
        setting="aliases",
        repeats=True,
        is_rule=True,
    ),
    Flag(
        name="include",
        text="PATTERN: only models that match exist for clients. Can be repeated.",
        parse=parse_pattern,
        setting="include",
        repeats=True,
        is_rule=True,
    ),
    Flag(
        name="exclude",
        text="PATTERN: models that match do not exist for clients. Can be repeated.",
        parse=parse_pattern,
        setting="exclude",
        repeats=True,
        is_rule=True,
    ),
    Flag(
        name="model-info",
        text="PATTERN=WORDS: what models can do, such as qwen*=tools,no-vision,context=32768."
        " Can be repeated.",
        parse=parse_override,
        setting="overrides",
        repeats=True,
        is_rule=True,
    ),
    Flag(
        name="hide-wildcards",
        text="Do not list what only a wildcard of the gateway's covers.",
        parse=parse_switch,
        setting="hide_wildcards",
        is_rule=True,
        is_switch=True,
    ),
    Flag(
        name="default-model",
        text="Answers requests that name no model.",
        parse=str,
        setting="default_model",
        is_rule=True,
    ),
    Flag(
        name="ollama-version",
        text="The release of Ollama to report. [default: 0.32.15]",
        parse=str,
        setting="version",
    ),
)
