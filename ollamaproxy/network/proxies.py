"""
Through which proxy a gateway is reached, if through any.

The variables are those of curl, Go, Python and everybody else.  They differ in
details.  Here, as for curl and Python, the name in lower case wins and
``ALL_PROXY`` stands in for the other two; as for Go, an ``HTTP_PROXY`` in upper
case counts, this is no CGI program.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from attrs import field, frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.network.bypass import Bypass, parse_bypass
from ollamaproxy.network.proxy_url import ProxyURL, parse_proxy_url


@frozen(kw_only=True)
class Proxies:
    """
    The proxies there are.

    Attributes:
        http: For gateways at ``http://``.
        https: For gateways at ``https://``.
        bypass: The hosts that are reached without one.
    """

    http: ProxyURL | None = None
    https: ProxyURL | None = None
    bypass: Bypass = field(factory=Bypass)

    def proxy_for(self, scheme: str, host: str, port: int) -> ProxyURL | None:
        """Return the proxy for a gateway; ``None`` if it is reached without."""
        proxy = self.https if scheme == "https" else self.http
        return None if proxy is None or self.bypass.covers(host, port) else proxy

    def proxy_to(self, base_url: str) -> ProxyURL | None:
        """Return the proxy for the gateway with this address."""
        return self.proxy_for(*_where(base_url))


def _where(base_url: str) -> tuple[str, str, int]:
    """Return scheme, host and port."""
    url = urlsplit(base_url)
    return url.scheme, url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def parse_proxy(text: str) -> Proxies:
    """
    Return the proxies that one URL means: the same for all; ``none`` means none.

    Raises:
        InvalidSetting: See :func:`parse_proxy_url`.
    """
    if text.lower() == "none":
        return Proxies()
    proxy = parse_proxy_url(text)
    return Proxies(http=proxy, https=proxy)


def proxies_for(
    base_urls: Iterable[str],
    environ: Mapping[str, str],
    told: Proxies | None = None,
    told_bypass: Bypass | None = None,
) -> Proxies:
    """
    Return the proxies on the ways to some gateways.

    A variable that concerns none of them is not even looked at: a desktop's
    SOCKS proxy does not matter to a gateway on the same machine.

    Args:
        base_urls: The gateways.
        environ: The environment.
        told: The proxies, if settings tell; the environment's do not count then.
        told_bypass: What is reached without one, if settings tell;
            ``NO_PROXY`` does not count then.

    Raises:
        InvalidSetting: A variable that is needed names no proxy; the text names it.
    """
    bypass = told_bypass
    if bypass is None:
        bypass = parse_bypass(_variable(environ, "no_proxy")[1])
    if told is not None:
        return Proxies(http=told.http, https=told.https, bypass=bypass)
    proxies = {}
    for scheme, host, port in map(_where, base_urls):
        if not bypass.covers(host, port):
            proxies[scheme] = _of_environment(environ, scheme)
    return Proxies(http=proxies.get("http"), https=proxies.get("https"), bypass=bypass)


def _of_environment(environ: Mapping[str, str], scheme: str) -> ProxyURL | None:
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable, text = _variable(environ, name)
        if text:
            try:
                return parse_proxy_url(text)
            except InvalidSetting as error:
                raise InvalidSetting(f"{variable}: {error}") from None
    return None


def _variable(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return a variable's name and value, in lower case if it has one there."""
    for variable in (name, name.upper()):
        if text := environ.get(variable, "").strip():
            return variable, text
    return name, ""
