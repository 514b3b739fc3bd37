"""
Which hosts are reached without a proxy: ``NO_PROXY``, which no standard defines.

The rules are those of Go's golang.org/x/net/http/httpproxy; blanks may part
entries as well, as for curl.
"""

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from attrs import frozen

Address = IPv4Address | IPv6Address


@frozen
class _Domain:
    """A name and all below it, or only those below it; at any port if there is none."""

    name: str
    port: str
    itself: bool

    def covers(self, host: str, port: int) -> bool:
        below = host.endswith("." + self.name)
        return (below or (self.itself and host == self.name)) and self.port in {"", str(port)}


@frozen
class _Addresses:
    """A network of addresses, or a single one; at any port if there is none."""

    network: IPv4Network | IPv6Network
    port: str

    def covers(self, host: str, port: int) -> bool:
        address = _address(host)
        return address is not None and address in self.network and self.port in {"", str(port)}


@frozen
class _Everything:
    def covers(self, host: str, port: int) -> bool:  # noqa: ARG002 - as the others
        return True


@frozen
class Bypass:
    """The hosts that are reached without a proxy."""

    rules: tuple[_Domain | _Addresses | _Everything, ...] = ()

    def covers(self, host: str, port: int) -> bool:
        """
        Whether a host is reached without a proxy.

        Args:
            host: Its name in ASCII, or its address without brackets.
            port: The port that is asked for.
        """
        host = host.lower().rstrip(".")
        return is_this_machine(host) or any(rule.covers(host, port) for rule in self.rules)


def parse_bypass(text: str) -> Bypass:
    """
    Return what ``NO_PROXY`` means, or the setting of the same form.

    Entries are parted by commas or blanks: ``example.com`` and all names below
    it, ``.example.com`` or ``*.example.com`` for only those, an address, a
    network such as ``10.0.0.0/8``, and ``*`` for everything.  All but networks
    may have a port behind a colon.  What is none of these means nothing.
    """
    return Bypass(tuple(_rules(text)))


def _rules(text: str) -> Iterator[_Domain | _Addresses | _Everything]:
    for entry in text.lower().replace(",", " ").split():
        if entry == "*":
            yield _Everything()
            continue
        host, port = _split(entry)
        try:
            # A network cannot have a port: what is behind a colon there is an address.
            network = ip_network(entry if "/" in entry else host, strict=False)
        except ValueError:
            below = host.removeprefix("*").startswith(".")
            name = host.removeprefix("*.").strip(".")
            if name:
                yield _Domain(_ascii(name), port, itself=not below)
        else:
            yield _Addresses(network, port)


def _split(entry: str) -> tuple[str, str]:
    """Return host and port, which is empty if there is none."""
    if entry.startswith("["):
        host, _bracket, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _colon, port = entry.partition(":")
    return (entry, "") if ":" in port else (host, port)  # an IPv6 address, or a host


def _ascii(name: str) -> str:
    """Return a name as it is asked for."""
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine itself, which no proxy could reach."""
    host = host.lower().rstrip(".")
    address = _address(host)
    if address is not None:
        return address.is_loopback
    return host == "localhost" or host.endswith(".localhost")  # RFC 6761 section 6.3


def _address(host: str) -> Address | None:
    """Return the address that a host is, as IPv4 if it is that in IPv6's clothes."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
