"""The operator's own headers."""

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.network.gateway_header import parse_gateway_header
from tests.case import Case

VALUE = "canary-5b1e"


class Parse(Case):
    def test_headers(self) -> None:
        """A name and a value, with or without blanks around it."""
        for text, name, value in (
            ("X-Tenant: blue", "X-Tenant", "blue"),
            ("x-tenant:blue", "x-tenant", "blue"),
            ("CF-Access-Client-Secret:  a b\tc ", "CF-Access-Client-Secret", "a b\tc"),
            ("Cookie: a=b; c=d", "Cookie", "a=b; c=d"),
            ("X-Url: https://a:1/", "X-Url", "https://a:1/"),
        ):
            with self.subTest(text=text):
                header = parse_gateway_header(text)
                self.assertEqual((header.name, header.value.text), (name, value))
                self.assertNotIn(value, repr(header))

    def test_what_is_none(self) -> None:
        """What an operator cannot set is refused, and its value is not repeated."""
        for text, told in (
            (VALUE, "would look like"),
            (f": {VALUE}", "would look like"),
            (f"{VALUE} X: a", "would look like"),
            (f"Host: {VALUE}", "Host is the daemon's own"),
            (f"content-length: {VALUE}", "content-length is the daemon's own"),
            (f"Connection: {VALUE}", "Connection is the daemon's own"),
            (f"Transfer-Encoding: {VALUE}", "Transfer-Encoding is the daemon's own"),
            (f"Proxy-Authorization: {VALUE}", "Proxy-Authorization is the daemon's own"),
            (f"Accept-Encoding: {VALUE}", "Accept-Encoding is the daemon's own"),
            (f"AUTHORIZATION: {VALUE}", "--api-key"),
            ("X-Tenant:", "X-Tenant has no value"),
            (f"X-Tenant: {VALUE}\r\nHost: x", "X-Tenant .*not printable"),
            (f"X-Tenant: {VALUE}\x00", "X-Tenant .*not printable"),
            (f"X-Tenant: {VALUE}\u00e9", "X-Tenant .*not printable"),
        ):
            with self.subTest(text=text):
                with self.assertRaisesRegex(InvalidSetting, told) as caught:
                    parse_gateway_header(text)
                self.assertNotIn(VALUE, str(caught.exception))
