"""The files that settings name: all of them are looked at before anything starts."""

from collections.abc import Mapping
from typing import Any

from ollamaproxy.assembly import read_keys
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.logs.outputs import check_outputs
from ollamaproxy.mistakes import Mistakes
from ollamaproxy.server.listeners import check_endpoints
from ollamaproxy.server.tls import read_certificate
from ollamaproxy.upstream.trust import read_trust
from ollamaproxy.upstream.way import find_proxies


def check_files(configuration: Configuration, environ: Mapping[str, str], reactor: Any) -> None:
    """
    Look at the files that the settings name, for nothing but their mistakes.

    So with the proxies, which the environment may name, and the endpoints.

    Args:
        configuration: Good by itself.
        environ: The environment.
        reactor: What the endpoints would listen with.

    Raises:
        InvalidSetting: Some are not to be had, or are bad; the text names
            their origins.
    """
    settings = configuration.settings
    mistakes = Mistakes()
    with mistakes.gathered():
        read_keys(settings)
    with mistakes.gathered():
        read_trust(settings.network)
    with mistakes.gathered():
        find_proxies(settings, environ)
    with mistakes.gathered():
        read_certificate(settings.listening)
    with mistakes.gathered():
        check_endpoints(reactor, settings.listening)
    with mistakes.gathered():
        check_outputs(settings.logs)
    with configuration.naming_origins():
        mistakes.raise_any()
