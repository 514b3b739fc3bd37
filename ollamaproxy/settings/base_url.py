"""The gateway's address, as an operator writes it."""

import re
from typing import Final

import hyperlink

from ollamaproxy.errors import InvalidSetting

#: A name or an address; what does not exist is for the name server to say.
_ASCII_HOST: Final = re.compile(r"[A-Za-z0-9._:-]+")

#: How the addresses end that other programs ask for, and manuals give.
_ENDPOINTS: Final = frozenset({"completions", "embeddings", "messages", "responses"})


def parse_base_url(text: str) -> str:  # noqa: C901, PLR0912 - a list of checks
    """
    Return the gateway's address without a trailing slash and without ``/v1``.

    ``http://h:4000``, ``http://h:4000/`` and ``http://h:4000/v1/`` mean the
    same gateway; a path before ``/v1`` is kept.

    Raises:
        InvalidSetting: It is not an http or https URL with a host, or it holds
            what a base URL has no place for (user, query, fragment, an endpoint).
    """
    text = text.strip()
    hint = "it should look like https://gateway.example.com or http://localhost:4000/v1"
    if "://" in text and "@" in text:  # first of all, for the texts below repeat the URL
        raise InvalidSetting("a base URL has no place for a user or password; use --api-key")
    try:
        url = hyperlink.URL.from_text(text).normalize(path=False)  # HTTP:// is http://
        host, port = url.host, url.port
    except ValueError as error:
        raise InvalidSetting(f"{text!r} is malformed ({error}); {hint}") from error
    if url.scheme not in {"http", "https"} or not host:
        raise InvalidSetting(f"{text!r} is not an http:// or https:// address; {hint}")
    if any(character <= " " or character == "\x7f" for character in text):
        raise InvalidSetting(f"{text!r} has a space or control character in it; {hint}")
    if url.query or url.fragment:  # and here, too, a key may stand
        raise InvalidSetting(f"a base URL has no query and no fragment; {hint}")
    if port is None or not 0 < port <= 65535:
        raise InvalidSetting(f"{text!r} has a port outside 1-65535; {hint}")
    if url.scheme == "https" and "_" in host:
        raise InvalidSetting(
            f"{text!r}: no certificate is for a name with an underscore; call the "
            f"gateway by another name, or by http://; {hint}"
        )
    segments = [segment for segment in url.path if segment]
    if segments and segments[-1] in _ENDPOINTS:
        raise InvalidSetting(
            f"{text!r} is where one kind of request goes; give what stands before /v1; {hint}"
        )
    if segments and segments[-1] == "v1":
        segments.pop()
    url = url.replace(path=segments)
    try:
        if host.isascii():
            if not _ASCII_HOST.fullmatch(host):
                raise ValueError(host)
            # hyperlink encodes every name, and fails for IPv6 addresses and for
            # the underscores of Docker Compose's service names.
            url = url.replace(host="localhost").to_uri().replace(host=host)
        else:
            url = url.to_uri()
    except ValueError as error:
        raise InvalidSetting(f"{text!r} has a malformed host; {hint}") from error
    return url.to_text().rstrip("/")
