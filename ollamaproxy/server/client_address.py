"""
Which address a request comes from, when proxies stand in front of the daemon.

Each proxy adds the address of whoever asked it at the right of ``X-Forwarded-For``.
Whatever stands further left may be made up, so only what a trusted proxy has
added counts: the right-most address that is not a trusted proxy's own.  Pure.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ollamaproxy.errors import InvalidSetting

#: Peers of a unix socket, which have no address.
UNIX: Final = "unix"

#: No request has come through more proxies than that.
_MAX_HOPS: Final = 32

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def parse_trusted_proxy(text: str) -> str:
    """
    Return a network such as ``10.0.0.0/8``, an address, or ``unix``.

    Raises:
        InvalidSetting: It is none of these.
    """
    if text.lower() == UNIX:
        return UNIX
    try:
        ip_network(text)
    except ValueError as error:
        raise InvalidSetting(
            f"{text!r} is neither an address, nor a network such as 10.0.0.0/8,"
            f" nor the word unix ({error})"
        ) from error
    return text


class ClientAddresses:
    """Tells where requests come from."""

    def __init__(self, trusted_proxies: Iterable[str] = ()) -> None:
        """
        Trust proxies.

        Args:
            trusted_proxies: Each as :func:`parse_trusted_proxy` returns it;
                without any, the header is not looked at.
        """
        proxies = tuple(trusted_proxies)
        self._trusts_unix = UNIX in proxies
        self._networks: tuple[Network, ...] = tuple(
            ip_network(proxy) for proxy in proxies if proxy != UNIX
        )
        self.trusts_any = bool(proxies)

    def client_of(self, peer: str | None, forwarded_for: Sequence[bytes]) -> str:
        """
        Return the client's address; ``-`` if it has none.

        An entry that is no address ends the walk: nothing further left is known.

        Args:
            peer: The address at the other end of the connection; ``None`` if
                it is a unix socket.
            forwarded_for: The values of all ``X-Forwarded-For`` headers, in order.
        """
        client = peer or "-"
        if not self.trusts_any or not self._is_trusted(_address(client), peer):
            return client
        entries = b",".join(forwarded_for).rsplit(b",", _MAX_HOPS)[-_MAX_HOPS:]
        for entry in reversed(entries):
            address = _address(entry.strip().decode("latin-1"))
            if address is None:
                break
            client = str(address)
            if not self._is_trusted(address, client):
                break
        return client

    def _is_trusted(self, address: Address | None, peer: str | None) -> bool:
        if peer is None:
            return self._trusts_unix
        return address is not None and any(address in network for network in self._networks)


def _address(text: str) -> Address | None:
    """Return an address; some proxies write a port behind it, and brackets around IPv6."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # How a socket that takes both kinds shows a client of the older one.
    return getattr(address, "ipv4_mapped", None) or address
