"""The settings of the gateway."""

from typing import Final

from ollamaproxy.configuration.setting import Setting
from ollamaproxy.configuration.values import parse_seconds_or_none, parse_switch
from ollamaproxy.settings.base_url import parse_base_url
from ollamaproxy.settings.secret import Secret

GATEWAY: Final = (
    Setting(
        name="base-url",
        text="The gateway's address, with or without /v1. Required. The next one is asked while"
        " one cannot be reached.",
        parse=parse_base_url,
        field="base_urls",
        repeats=True,
    ),
    Setting(
        name="api-key",
        text="The gateway's key, sent as a Bearer token. On the command line other users of the"
        " machine can see it.",
        parse=Secret,
        is_secret=True,
    ),
    Setting(
        name="api-key-file",
        text="PATH of a file with nothing but the gateway's key.",
        parse=str,
        is_path=True,
        holds="api-key",
    ),
    Setting(
        name="cooldown",
        text="SECONDS for which a gateway that failed is tried last.",
        parse=parse_seconds_or_none,
        default="30",
        field="cooldown_s",
    ),
    Setting(
        name="no-retry",
        text="Never send a request twice, not even if its connection closed without an answer.",
        parse=parse_switch,
        is_switch=True,
    ),
)
