"""The settings of which models there are, what they are called and what they can do."""

from typing import Final

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.configuration.values import parse_switch
from ollamaproxy.models.rules import parse_alias, parse_override, parse_pattern
from ollamaproxy.settings import parse_version

MODELS: Final = (
    Setting(
        name="alias",
        text="NAME=MODEL: a further name for a model.",
        parse=parse_alias,
        field="aliases",
        group="models",
        repeats=True,
    ),
    Setting(
        name="include",
        text="PATTERN: only models that match exist for clients.",
        parse=parse_pattern,
        group="models",
        repeats=True,
    ),
    Setting(
        name="exclude",
        text="PATTERN: models that match do not exist for clients.",
        parse=parse_pattern,
        group="models",
        repeats=True,
    ),
    Setting(
        name="model-info",
        text="PATTERN=WORDS: what models can do, such as qwen*=tools,no-vision,context=32768.",
        parse=parse_override,
        field="overrides",
        group="models",
        repeats=True,
    ),
    Setting(
        name="hide-wildcards",
        text="Do not list what only a wildcard of the gateway's covers.",
        parse=parse_switch,
        group="models",
        is_switch=True,
    ),
    Setting(
        name="default-model",
        text="Answers requests that name no model.",
        parse=str,
        group="models",
    ),
    Setting(
        name="ollama-version",
        text="The release of Ollama to report.",
        parse=parse_version,
        default="0.32.15",
        field="version",
    ),
)
