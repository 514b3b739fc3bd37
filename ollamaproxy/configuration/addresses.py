"""Addresses as operators write them: hosts, origins, endpoints, and Ollama's own variables."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from ollamaproxy.errors import InvalidSetting

#: What Ollama's variable means without a port (envconfig/config.go): the port of the scheme.
_OLLAMAS_PORTS: Final = {"": "11434", "http": "80", "https": "443"}

#: Connections that may wait to be accepted.  With Twisted's 50 a burst of 500
#: waits 4 to 6 seconds in retries, with 1024 it takes 0.03 (measured).
BACKLOG: Final = 1024

_KINDS_WITH_BACKLOG: Final = ("tcp", "unix")
_KINDS_WITH_TLS: Final = ("ssl", "tls", "txsni")
_INTERFACE: Final = re.compile(r":interface=((?:[^:\\]|\\.)*)")
_KIND: Final = re.compile(r"[a-z][a-z0-9+.-]*:.+")


def parse_host(text: str) -> str:
    """Return an address; an IPv6 address may have brackets."""
    in_brackets = text.startswith("[") and text.endswith("]")
    return text[1:-1] if in_brackets else text


def parse_host_name(text: str) -> str:
    """
    Return a host's name.

    Raises:
        InvalidSetting: It is an address, or has a port or a path.
    """
    if not text.isascii() or any(character in text for character in ":/* @"):
        raise InvalidSetting(f"{text!r} is not just a name, such as ai.example.com")
    return text


def parse_origin(text: str) -> str:
    """
    Return an origin, such as ``https://chat.example.com`` or ``chrome-extension://*``.

    Raises:
        InvalidSetting: It has a path, or more than one ``*``.
    """
    scheme, _colon, rest = text.partition("://")
    if text != "*" and (not scheme or not rest or "/" in rest or text.count("*") > 1):
        raise InvalidSetting(f"{text!r} is not of the form SCHEME://HOST or SCHEME://HOST:PORT")
    return text


def parse_endpoint(text: str) -> str:
    """
    Return an endpoint to listen on, as it is: that is what an operator knows it by.

    Raises:
        InvalidSetting: It can have no description, see :func:`description_of`.
    """
    description_of(text)
    return text


def description_of(text: str) -> str:
    """
    Return Twisted's description of an endpoint to listen on.

    ``127.0.0.1:8080`` and ``[::1]:8080`` are short for ``tcp:8080:interface=127.0.0.1``
    and so on; a description without a backlog gets ours.

    Raises:
        InvalidSetting: It is neither.
    """
    host, colon, port = text.rpartition(":")
    host = parse_host(host)
    if colon and port.isdecimal() and _is_address(host):
        escaped = host.replace(":", r"\:")
        text = f"tcp:{port}:interface={escaped}"
    elif not _KIND.fullmatch(text):
        raise InvalidSetting(
            f"{text!r} is no endpoint, such as 127.0.0.1:8080, unix:/run/ollamaproxy.sock "
            "or systemd:domain=INET:index=0"
        )
    kind = text.removeprefix("haproxy:").partition(":")[0]
    if kind in _KINDS_WITH_TLS:
        raise InvalidSetting(
            f"{text!r} would bring a certificate of its own, which cannot be read anew; "
            "use tcp: and --tls-certificate"
        )
    if kind in _KINDS_WITH_BACKLOG and ":backlog=" not in text:
        text = f"{text}:backlog={BACKLOG}"
    return text


def parse_admin_endpoint(text: str) -> str:
    """
    Return an endpoint to listen on; a port alone is one of this machine's loopback.

    Raises:
        InvalidSetting: It is neither that nor what :func:`parse_endpoint` takes.
    """
    return parse_endpoint(f"127.0.0.1:{text}" if text.isdecimal() else text)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_exposed_endpoint(text: str) -> bool:
    """
    Return whether others than this machine's users can reach an endpoint.

    Unix sockets have permissions; of what systemd holds nothing is known, so
    that is its unit's business.
    """
    description = description_of(text)
    if description.startswith(("unix:", "systemd:", "fd:", "haproxy:unix:")):
        return False
    match = _INTERFACE.search(description)
    host = match[1].replace("\\", "") if match is not None else ""
    return not (host == "localhost" or (_is_address(host) and ip_address(host).is_loopback))


def ollamas_host(value: str) -> Sequence[str]:
    """Return the host that ``OLLAMA_HOST`` means: this machine alone if it names none."""
    return [_ollamas_address(value)[0] or "127.0.0.1"]


def ollamas_port(value: str) -> Sequence[str]:
    """Return the port that ``OLLAMA_HOST`` means."""
    return [_ollamas_address(value)[1]]


def ollamas_origins(value: str) -> Sequence[str]:
    """Return the origins of ``OLLAMA_ORIGINS``."""
    return value.split(",")


def _ollamas_address(value: str) -> tuple[str, str]:
    """
    Return host and port.

    Source: Host() in Ollama's envconfig/config.go; a path is the client's business.
    """
    value = value.strip(" \t\"'")
    scheme, separator, rest = value.partition("://")
    if not separator:
        scheme, rest = "", value
    rest = rest.partition("/")[0].rpartition("@")[2]
    default = _OLLAMAS_PORTS.get(scheme.lower(), _OLLAMAS_PORTS[""])
    if _is_address(parse_host(rest)):
        return parse_host(rest), default
    host, colon, port = rest.rpartition(":")
    if not colon:
        return rest, default
    return parse_host(host), port or default
