"""
Which pages in a browser may use the daemon.

The daemon has a paid key and its clients have none, so a page of anybody's
could spend it.  A request that a browser made says so: it has an ``Origin``, or
headers that begin with ``Sec-Fetch-``.  So has Node.js's ``fetch``: it sends
``Sec-Fetch-Mode: cors`` alone, which no browser does.  A browser's passes only if

* its Host is localhost, an IP address, or a name that the operator declared:
  by DNS rebinding a page's own name can be made to lead here, and then its
  Origin equals its Host, and
* its Origin is allowed, or is that very Host, or the browser says that no other
  site is involved.

Source: Ollama's server/routes.go and envconfig for the origins and the headers;
the Host rule is stricter than Ollama's, which has it on loopback addresses only.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Final, Protocol

from attrs import frozen

_LOCAL: Final = ("localhost", "127.0.0.1", "0.0.0.0")  # noqa: S104 - a name in an origin

#: What Ollama allows by itself; a ``*`` stands for any text.
DEFAULT_ORIGINS: Final = (
    *(
        f"{scheme}://{host}{port}"
        for host in _LOCAL
        for port in ("", ":*")
        for scheme in ("http", "https")
    ),
    *("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*"),
)

#: What Ollama answers to a preflight request, in its order.
_ALLOWED_METHODS: Final = b"GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"
_ALLOWED_HEADERS: Final = (
    b"Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,"
    b"X-Stainless-Arch,X-Stainless-Async,X-Stainless-Custom-Poll-Interval,"
    b"X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,X-Stainless-Package-Version,"
    b"X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    b"X-Stainless-Runtime-Version,X-Stainless-Timeout,"
    b"X-Api-Key"  # not Ollama's, which has no keys
)
_MAX_AGE: Final = b"43200"

_PORT: Final = re.compile(r":[0-9]*$")

#: What the browser says of a request that only its user has caused.
_OWN_SITES: Final = frozenset({"none", "same-origin"})

#: What Node.js's ``fetch`` says.  A browser adds Sec-Fetch-Site, and an Origin
#: to what it sends to another site in this mode.
#: Source: https://www.w3.org/TR/fetch-metadata/, nodejs/undici: lib/web/fetch/util.js
_NODE_FETCH: Final = {"sec-fetch-mode": "cors"}

HeaderList = Sequence[tuple[bytes, bytes]]


@frozen
class Passed:
    """The request may go on; the reply gets some headers."""

    headers: HeaderList = ()


@frozen
class Answered:
    """The request is answered at once: 403 with perhaps a message, or 204 for a preflight."""

    status: int
    headers: HeaderList = ()
    message: bytes = b""


class HostNames:
    """The names under which the daemon can be reached, so that a browser may ask for them."""

    def __init__(self, declared: Iterable[str]) -> None:
        """
        Know localhost and all addresses.

        Args:
            declared: Further names, without port.
        """
        self._declared = frozenset(name.lower().rstrip(".") for name in declared)

    def has(self, host: str) -> bool:
        """Return whether a Host header, with a port or without, names the daemon."""
        name = _PORT.sub("", host.strip().lower()).rstrip(".")
        if name == "localhost" or name.endswith(".localhost") or name in self._declared:
            return True
        try:
            ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return True


class Rules(Protocol):
    """Decides on requests before any resource does."""

    def decide(self, method: bytes, headers: Mapping[str, str]) -> Passed | Answered:
        """Return what becomes of a request; the headers' names are in lower case."""


class BrowserRules:
    """Decides on requests that a browser may have made."""

    def __init__(self, origins: Iterable[str], host_names: Iterable[str]) -> None:
        """
        Allow origins and names.

        Args:
            origins: Besides Ollama's own; each may have one ``*``.
            host_names: Under which the daemon is known, without port.
        """
        all_origins = [origin.lower() for origin in (*origins, *DEFAULT_ORIGINS)]
        self._any = "*" in all_origins
        self._matches = [_matcher(origin) for origin in all_origins]
        self._host_names = HostNames(host_names)

    def decide(  # noqa: PLR0911 - a list of rules, one after the other
        self, method: bytes, headers: Mapping[str, str]
    ) -> Passed | Answered:
        """
        Return what becomes of a request.

        Args:
            method: As received.
            headers: By names in lower case; only ``host``, ``origin`` and those
                that begin with ``sec-fetch-`` count.
        """
        origin = headers.get("origin")
        fetch = {name: value for name, value in headers.items() if name.startswith("sec-fetch-")}
        if origin is None and (not fetch or fetch == _NODE_FETCH):
            return Passed()  # no browser
        host = headers.get("host", "")
        if not self._host_names.has(host):
            return Answered(403)
        if origin is None:
            own = headers.get("sec-fetch-site") in _OWN_SITES
            return Passed() if own else Answered(403)
        if origin in {f"http://{host}", f"https://{host}"}:
            return Passed()  # the Host is known, so this is no rebinding
        if not self._any and not any(matches(origin) for matches in self._matches):
            return Answered(403)
        allowed = b"*" if self._any else origin.encode("latin-1", "replace")
        if method == b"OPTIONS":
            return Answered(204, self._preflight(allowed))
        vary = () if self._any else ((b"Vary", b"Origin"),)
        return Passed(((b"Access-Control-Allow-Origin", allowed), *vary))

    def _preflight(self, allowed: bytes) -> HeaderList:
        names = (b"Origin", b"Access-Control-Request-Method", b"Access-Control-Request-Headers")
        return (
            (b"Access-Control-Allow-Origin", allowed),
            (b"Access-Control-Allow-Methods", _ALLOWED_METHODS),
            (b"Access-Control-Allow-Headers", _ALLOWED_HEADERS),
            (b"Access-Control-Max-Age", _MAX_AGE),
            *(() if self._any else ((b"Vary", name) for name in names)),
        )


def _matcher(origin: str) -> Callable[[str], bool]:
    """Return what tells whether an origin is meant: a prefix and a suffix around one ``*``."""
    before, star, after = origin.partition("*")
    if not star:
        return origin.__eq__

    def matches(given: str) -> bool:
        long_enough = len(given) >= len(before) + len(after)
        return long_enough and given.startswith(before) and given.endswith(after)

    return matches
