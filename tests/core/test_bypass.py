"""``NO_PROXY``, a table of entries, hosts and ports."""

from ollamaproxy.network.bypass import parse_bypass
from tests.case import Case

#: What the variable holds, where the gateway is, and whether it is reached without a proxy.
TABLE = (
    ("", "gateway.example.com:443", False),
    # Names.
    ("example.com", "example.com:443", True),
    ("example.com", "gateway.example.com:443", True),
    ("example.com", "a.b.example.com:4000", True),
    ("example.com", "notexample.com:443", False),
    ("example.com", "example.com.evil.test:443", False),
    ("example.com", "com:443", False),
    ("EXAMPLE.com", "Gateway.Example.COM:443", True),
    ("example.com", "gateway.example.com.:443", True),
    ("example.com.", "gateway.example.com:443", True),
    ("litellm", "litellm:4000", True),
    ("my_gateway", "my_gateway:4000", True),
    # A dot or an asterisk in front: not the name itself.
    (".example.com", "gateway.example.com:443", True),
    (".example.com", "example.com:443", False),
    ("*.example.com", "gateway.example.com:443", True),
    ("*.example.com", "example.com:443", False),
    ("*.example.com", "a.b.example.com:443", True),
    # Everything.
    ("*", "gateway.example.com:443", True),
    ("*", "10.1.2.3:443", True),
    ("other.test,*", "[2001:db8::1]:443", True),
    ("gateway.*", "gateway.example.com:443", False),
    # Several, and how they are parted.
    ("a.test,example.com", "example.com:443", True),
    ("a.test, example.com ,b.test", "example.com:443", True),
    ("a.test example.com", "example.com:443", True),
    (",,", "example.com:443", False),
    # Ports.
    ("example.com:443", "example.com:443", True),
    ("example.com:443", "gateway.example.com:443", True),
    ("example.com:443", "example.com:4000", False),
    (".example.com:443", "gateway.example.com:443", True),
    (".example.com:443", "gateway.example.com:4000", False),
    ("example.com:https", "example.com:443", False),
    # Addresses.
    ("10.1.2.3", "10.1.2.3:443", True),
    ("10.1.2.3", "10.1.2.4:443", False),
    ("10.1.2.3:4000", "10.1.2.3:4000", True),
    ("10.1.2.3:4000", "10.1.2.3:443", False),
    ("10.1.2.3", "210.1.2.3:443", False),
    ("1.2.3", "10.1.2.3:443", True),  # a name like any other to Go as well
    ("2001:db8::1", "[2001:db8::1]:443", True),
    ("2001:db8::1", "[2001:DB8:0:0::1]:443", True),
    ("[2001:db8::1]", "[2001:db8::1]:443", True),
    ("[2001:db8::1]:443", "[2001:db8::1]:443", True),
    ("[2001:db8::1]:443", "[2001:db8::1]:4000", False),
    ("10.1.2.3", "[::ffff:10.1.2.3]:443", True),
    # Networks.
    ("10.0.0.0/8", "10.200.3.4:443", True),
    ("10.1.2.3/8", "10.200.3.4:443", True),
    ("10.0.0.0/8", "11.0.0.1:443", False),
    ("10.0.0.0/8", "ten.example.com:443", False),
    ("10.0.0.0/8", "[2001:db8::1]:443", False),
    ("10.0.0.0/8", "[::ffff:10.1.2.3]:443", True),
    ("2001:db8::/32", "[2001:db8:1::9]:443", True),
    ("2001:db8::/32", "[2001:db9::1]:443", False),
    ("10.0.0.0/99,example.com", "example.com:443", True),
    # The machine itself.
    ("", "localhost:4000", True),
    ("", "LOCALHOST:4000", True),
    ("", "localhost.:4000", True),
    ("", "gateway.localhost:4000", True),
    ("", "127.0.0.1:4000", True),
    ("", "127.9.9.9:4000", True),
    ("", "[::1]:4000", True),
    ("", "[::ffff:127.0.0.1]:4000", True),
    ("", "localhost.example.com:4000", False),
    ("", "notlocalhost:4000", False),
    # What is no entry.
    ("http://example.com", "example.com:443", False),
    (":443", "example.com:443", False),
    (".", "example.com:443", False),
    ("*.", "example.com:443", False),
    ("[", "example.com:443", False),
    ("a..b", "example.com:443", False),
    ("\u00fcber.test", "xn--ber-goa.test:443", True),
)


class Table(Case):
    def test_table(self) -> None:
        """Each entry covers the hosts that it is meant to, and no others."""
        for text, where, covered in TABLE:
            host, _colon, port = where.rpartition(":")
            with self.subTest(text=text, where=where):
                bypass = parse_bypass(text)
                self.assertIs(bypass.covers(host.strip("[]"), int(port)), covered)
