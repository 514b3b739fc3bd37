"""Where a request comes from: only what a trusted proxy says counts."""

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.server.client_address import ClientAddresses, parse_trusted_proxy
from tests.case import Case

PROXIES = ("10.0.0.0/8", "192.168.1.7", "2001:db8::/32", "unix")

#: Peer, headers, client; with the proxies above.
WALKS: tuple[tuple[str | None, tuple[bytes, ...], str], ...] = (
    # A peer that is no proxy is the client, whatever it says.
    ("203.0.113.5", (b"198.51.100.1",), "203.0.113.5"),
    ("192.168.1.8", (b"198.51.100.1",), "192.168.1.8"),
    # A proxy that says nothing is the client.
    ("10.1.2.3", (), "10.1.2.3"),
    ("10.1.2.3", (b"",), "10.1.2.3"),
    # The right-most that is no proxy; what is further left may be made up.
    ("10.1.2.3", (b"198.51.100.1",), "198.51.100.1"),
    ("10.1.2.3", (b"1.1.1.1, 198.51.100.1",), "198.51.100.1"),
    ("10.1.2.3", (b"1.1.1.1,198.51.100.1 ,10.9.9.9,192.168.1.7",), "198.51.100.1"),
    ("10.1.2.3", (b"1.1.1.1", b"198.51.100.1", b"10.9.9.9"), "198.51.100.1"),
    # Proxies all the way: the one furthest away.
    ("10.1.2.3", (b"10.4.4.4, 10.5.5.5",), "10.4.4.4"),
    # What is no address ends the walk.
    ("10.1.2.3", (b"198.51.100.1, unknown",), "10.1.2.3"),
    ("10.1.2.3", (b"198.51.100.1, unknown, 10.5.5.5",), "10.5.5.5"),
    ("10.1.2.3", (b"198.51.100.1, 10.5.5.5,",), "10.1.2.3"),
    ("10.1.2.3", (b"198.51.100.1,, 10.5.5.5",), "10.5.5.5"),
    ("10.1.2.3", (b"\xff\x00",), "10.1.2.3"),
    ("10.1.2.3", (b"198.51.100.01",), "10.1.2.3"),
    ("10.1.2.3", (b"10.0.0.0/8",), "10.1.2.3"),
    # Ports and brackets, and both kinds of addresses.
    ("10.1.2.3", (b"198.51.100.1:5000",), "198.51.100.1"),
    ("10.1.2.3", (b"[2001:db9::1]:5000",), "2001:db9::1"),
    ("10.1.2.3", (b"[2001:db9::1]",), "2001:db9::1"),
    ("2001:db8::5", (b"2001:DB9::0:1, 2001:db8::6",), "2001:db9::1"),
    ("::ffff:10.1.2.3", (b"198.51.100.1",), "198.51.100.1"),
    ("10.1.2.3", (b"198.51.100.1, ::ffff:10.5.5.5",), "198.51.100.1"),
    ("fe80::1%eth0", (b"198.51.100.1",), "fe80::1%eth0"),
    # A unix socket's peer has no address.
    (None, (b"198.51.100.1",), "198.51.100.1"),
    (None, (b"1.1.1.1, 198.51.100.1, 10.5.5.5",), "198.51.100.1"),
    (None, (b"unix",), "-"),
    (None, (), "-"),
)


class Walks(Case):
    def test_table(self) -> None:
        """Each peer and header leads to the client that the rules tell."""
        addresses = ClientAddresses(PROXIES)
        for peer, headers, client in WALKS:
            self.assertEqual(addresses.client_of(peer, headers), client, (peer, headers))

    def test_nobody_is_trusted(self) -> None:
        """Without trusted proxies the peer is the client, always."""
        addresses = ClientAddresses()
        for peer, headers, _client in WALKS:
            self.assertEqual(addresses.client_of(peer, headers), peer or "-")

    def test_unix_must_be_trusted_by_name(self) -> None:
        """A network does not trust the peers of a unix socket."""
        addresses = ClientAddresses(("0.0.0.0/0", "::/0"))
        self.assertEqual(addresses.client_of(None, (b"198.51.100.1",)), "-")

    def test_bounded(self) -> None:
        """The walk ends after 32 hops, however many there are."""
        hops = b", ".join(b"10.0.%d.1" % i for i in range(100))
        self.assertEqual(ClientAddresses(PROXIES).client_of("10.1.2.3", (hops,)), "10.0.68.1")


class Settings(Case):
    def test_taken(self) -> None:
        """Networks, addresses and the word unix will do."""
        for text in ("10.0.0.0/8", "192.168.1.7", "::1", "2001:db8::/32", "0.0.0.0/0"):
            self.assertEqual(parse_trusted_proxy(text), text)
        self.assertEqual(parse_trusted_proxy("UNIX"), "unix")

    def test_refused(self) -> None:
        """Names, ports, and networks whose address has more bits than they do will not."""
        for text in ("", "localhost", "10.0.0.1:80", "10.0.0.1/8", "10.0.0.0/33", "[::1]", "*"):
            with self.assertRaises(InvalidSetting) as caught:
                parse_trusted_proxy(text)
            self.assertIn(repr(text), str(caught.exception))
