"""The files that settings name: all of them are looked at before anything starts."""

from collections.abc import Mapping

from ollamaproxy.assembly import read_keys
from ollamaproxy.logs.outputs import check_outputs
from ollamaproxy.server.tls import read_certificate
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.trust import read_trust
from ollamaproxy.upstream.way import find_proxies


def check_files(settings: Settings, environ: Mapping[str, str]) -> None:
    """
    Look at the files that the settings name, for nothing but their mistakes, and at the proxies.

    Raises:
        InvalidSetting: One is not to be had, or is bad.
    """
    read_keys(settings)
    read_trust(settings.network)
    find_proxies(settings, environ)
    read_certificate(settings.listening)
    check_outputs(settings.logs)
