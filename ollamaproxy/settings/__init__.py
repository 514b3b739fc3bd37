"""
What an operator can set, checked once and then unchangeable.

Nothing here reads the environment, a file or the command line;
:mod:`ollamaproxy.configuration` does, and ends with one :class:`Settings`.
"""

import re
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from ollamaproxy.callers.rules import ClientAuth
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.hidden import Hidden
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.settings.base_url import parse_base_url
from ollamaproxy.settings.deadlines import Deadlines
from ollamaproxy.settings.freshness import Freshness
from ollamaproxy.settings.limits import KIB, MIB, Limits
from ollamaproxy.settings.listening import Listening
from ollamaproxy.settings.logs import LogWishes
from ollamaproxy.settings.network import Network
from ollamaproxy.settings.secret import Secret

__all__ = (
    "KIB",
    "MIB",
    "Deadlines",
    "Freshness",
    "Limits",
    "Listening",
    "LogWishes",
    "Network",
    "Secret",
    "Settings",
    "parse_version",
)

#: In characters; a header's value that is shorter is no secret, and stands in many a word.
_SHORTEST_SECRET: Final = 4
#: Gateways without keys are given "x", "none" or "ollama"; to mask these would spoil any sentence.
_SHORTEST_KEY: Final = 8

_VERSION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){2}")


def _parse_base_urls(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(parse_base_url, texts))


def parse_version(text: str) -> str:
    """
    Return a version for ``/api/version``.

    Raises:
        InvalidSetting: It is not three numbers with dots; clients compare them,
            and some take anything else for 0.
    """
    if not _VERSION.fullmatch(text):
        raise InvalidSetting(f"{text!r} is not three numbers with dots, such as 0.32.15")
    return text


@frozen(kw_only=True)
class Settings:
    """
    Everything that the daemon can be told.

    Attributes:
        base_url: The gateway, as :func:`parse_base_url` returns it.
        more_base_urls: Gateways that are asked, in this order, while it cannot
            be; with the same key.
        cooldown_s: For how long a gateway that failed is tried last, in
            seconds.  A restart of LiteLLM takes about as long.
        no_retry: No request but a GET is ever sent twice, not even if the
            connection closed before anything of an answer came.
        api_key: Sent to the gateway as a Bearer token; ``None`` sends none.
        origins: Pages of these may use the daemon, besides Ollama's own list;
            each may have one ``*``.
        host_names: The daemon's own names, which a browser may ask for.
        keys_file: The path of the file with the callers' keys.
        client_auth: Who may call; if not given, whoever is in the keys file,
            or everybody if there is none: a file that is named must not be idle.
        end_user_header: The gateway is told the caller's name in this header,
            in lower case; ``None`` does not tell it.
        tags: What the gateway is to book requests under, as LiteLLM has it.
        version: What ``/api/version`` reports: the Ollama release that is
            imitated, in plain numbers, because clients compare them.
        ready_needs_gateway: The daemon is not ready while no gateway is up.
        listening: Where clients find the daemon.
        network: What the way to the gateway is like.
        deadlines: How long the gateway may keep silent.
        models: What is decided about the models.
        freshness: For how long what is known of them is good.
        limits: How much may accumulate.
        logs: Where and how the daemon writes of its work.
        trusted_proxies: Whose ``X-Forwarded-For`` counts: networks, addresses,
            or ``unix``.
    """

    base_url: str = field(converter=parse_base_url)
    more_base_urls: tuple[str, ...] = field(default=(), converter=_parse_base_urls)
    cooldown_s: float = 30.0
    no_retry: bool = False
    api_key: Secret | None = None
    version: str = field(default="0.32.15", converter=parse_version)
    origins: tuple[str, ...] = ()
    host_names: tuple[str, ...] = ()
    keys_file: str | None = None
    client_auth: ClientAuth = field()
    end_user_header: str | None = None
    tags: tuple[str, ...] = ()
    ready_needs_gateway: bool = False
    listening: Listening = field(factory=Listening)
    network: Network = field(factory=Network)
    models: ModelRules = field(factory=ModelRules)
    freshness: Freshness = field(factory=Freshness)
    deadlines: Deadlines = field(factory=Deadlines)
    limits: Limits = field(factory=Limits)
    logs: LogWishes = field(factory=LogWishes)
    trusted_proxies: tuple[str, ...] = ()

    @more_base_urls.validator
    def _check_more(self, _attribute: object, urls: tuple[str, ...]) -> None:
        for url in urls:
            if self.base_urls.count(url) > 1:
                raise InvalidSetting(f"{url!r} is given twice", "base-url")

    @client_auth.default
    def _implied_client_auth(self) -> ClientAuth:
        return ClientAuth.NONE if self.keys_file is None else ClientAuth.KEYS

    @client_auth.validator
    def _check_client_auth(self, _attribute: object, value: ClientAuth) -> None:
        if value is ClientAuth.KEYS and self.keys_file is None:
            raise InvalidSetting(
                "'keys' needs a --keys-file; ollamaproxy add-key makes one", "client-auth"
            )
        if value is not ClientAuth.KEYS and self.keys_file is not None:
            raise InvalidSetting(
                f"{value.value!r} does not go with a keys file", "client-auth", "keys-file"
            )

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """What must not be shown wherever it comes up, such as in a gateway's answer."""
        values = [header.value for header in self.network.headers]
        if self.api_key is not None and len(self.api_key.text) >= _SHORTEST_KEY:
            values.insert(0, self.api_key)
        return tuple(it for it in values if len(it.text) >= _SHORTEST_SECRET)

    @property
    def base_urls(self) -> tuple[str, ...]:
        """All gateways, the first one in front."""
        return (self.base_url, *self.more_base_urls)
