"""The address of a proxy, which may hold a password."""

import re
from base64 import b64encode
from typing import Final
from urllib.parse import unquote, urlsplit

from attrs import frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.hidden import Hidden

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")
_HINT: Final = "it should look like http://proxy.example.com:3128"


@frozen
class ProxyURL:
    """
    A proxy.

    Attributes:
        scheme: How it is spoken to itself: ``http``, or ``https`` with TLS.
        host: Its name, or its address without brackets.
        port: Its port.
        user: What it may ask for, as ``USER:PASSWORD``; ``None`` if the URL names nobody.
    """

    scheme: str
    host: str
    port: int
    user: Hidden | None = None

    @property
    def address(self) -> str:
        """Host and port, for people and in HTTP."""
        return host_and_port(self.host, self.port)

    @property
    def authorization(self) -> bytes | None:
        """The value of ``Proxy-Authorization``, if there is somebody to name (RFC 7617)."""
        if self.user is None:
            return None
        return b"Basic " + b64encode(self.user.text.encode("utf-8"))

    def masked_in(self, text: str) -> str:
        """Return ``text`` without anything of the URL that is secret."""
        if self.user is None:
            return text
        password = self.user.text.partition(":")[2]
        encoded = b64encode(self.user.text.encode("utf-8")).decode("ascii")
        for secret in (self.user.text, encoded, password):
            if secret:
                text = text.replace(secret, "***")
        return text


def host_and_port(host: str, port: int) -> str:
    """Return both in one, as HTTP has it; an IPv6 address gets brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_proxy_url(text: str) -> ProxyURL:
    """
    Return the proxy that a URL names; ``HOST:PORT`` is short for ``http://HOST:PORT``.

    User and password are percent-encoded in it, as everywhere in URLs.

    Raises:
        InvalidSetting: It is no such URL.  The text holds no password, unless
            there is no ``@`` behind it.
    """
    shown = masked_url(text)
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # its text may hold the password
        raise InvalidSetting(f"{shown!r} is malformed; {_HINT}") from None
    if parts.scheme.startswith("socks"):
        raise InvalidSetting(f"{shown!r} is a SOCKS proxy, and only HTTP proxies will do")
    if parts.scheme not in _PORTS:
        raise InvalidSetting(f"{shown!r} is neither http:// nor https://; {_HINT}")
    if not host or not _HOST.fullmatch(host) or port == 0:
        raise InvalidSetting(f"{shown!r} is malformed; {_HINT}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise InvalidSetting(
            f"{shown!r} has a path; {_HINT}, and in a password "
            "/ is written as %2F, ? as %3F and # as %23"
        )
    user = _user(parts.netloc.rpartition("@")[0]) if "@" in parts.netloc else None
    return ProxyURL(parts.scheme, host, port or _PORTS[parts.scheme], user)


def masked_url(text: str) -> str:
    """Return what may be shown of a proxy's URL: all but the user."""
    scheme = text.partition("://")[0] + "://" if "://" in text else ""
    return f"{scheme}***@{text.rpartition('@')[2]}" if "@" in text else text


def _user(encoded: str) -> Hidden | None:
    name, _colon, password = encoded.partition(":")
    decoded = f"{unquote(name)}:{unquote(password)}"
    # RFC 7617 section 2; the colon is what parts both.
    if ":" in unquote(name) or any(letter < " " or letter == "\x7f" for letter in decoded):
        raise InvalidSetting(
            "the user of a proxy has a colon in the name, or a control character; "
            "Basic authentication has no room for either"
        )
    return Hidden(decoded) if decoded != ":" else None
