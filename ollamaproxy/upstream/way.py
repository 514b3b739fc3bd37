"""How connections to the gateways are made, as the settings and the environment have it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from twisted.logger import Logger

from ollamaproxy.network.proxies import Proxies, proxies_for
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.endpoints import GatewayEndpoints
from ollamaproxy.upstream.forwarding import make_agent
from ollamaproxy.upstream.retry import MakeAgent
from ollamaproxy.upstream.trust import read_trust
from ollamaproxy.upstream.tunnel import name_of

_log = Logger()


def make_way(settings: Settings, environ: Mapping[str, str], reactor: Any) -> MakeAgent:
    """
    Return what makes agents that send to the gateways.

    Args:
        settings: Say how.
        environ: May name proxies.
        reactor: Provides IReactorTCP, IReactorTime and IReactorPluggableNameResolver.

    Raises:
        InvalidSetting: A file that the settings name is not to be had, or is
            bad, or the environment names a proxy that is none.
    """
    trust, proxies = read_trust(settings.network), find_proxies(settings, environ)
    for url in settings.base_urls:
        if (proxy := proxies.proxy_to(url)) is not None:
            _log.info("{url} is reached through {proxy}", url=url, proxy=name_of(proxy))
    endpoints = GatewayEndpoints(reactor, settings.deadlines.connect_s, trust, proxies)
    return partial(make_agent, endpoints, proxies)


def find_proxies(settings: Settings, environ: Mapping[str, str]) -> Proxies:
    """
    Return the proxies on the ways to the gateways.

    Raises:
        InvalidSetting: The environment names one that is none.
    """
    network = settings.network
    return proxies_for(settings.base_urls, environ, network.proxies, network.bypass)
