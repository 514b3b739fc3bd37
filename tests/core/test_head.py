"""What is wrong with the head of a request."""

from http import HTTPStatus

from ollamaproxy.server.head import fault_in_head, fault_in_header_line
from tests.case import Case

GOOD = (b"GET", b"/", b"HTTP/1.1")


class Heads(Case):
    def test_good(self) -> None:
        """Usual requests have no fault: any usual Host, chunked or not, HTTP/1.0 without a Host."""
        for host in (
            b"localhost",
            b"LOCALHOST:11434",
            b"127.0.0.1:1",
            b"[::1]:11434",
            b"my_gateway",
            b"a.b-c.",
            b"h:",
            b" h ",
        ):
            self.assertIsNone(fault_in_head(*GOOD, [host], []), host)
        self.assertIsNone(fault_in_head(*GOOD, [b"h"], [b"chunked"]))
        self.assertIsNone(fault_in_head(*GOOD, [b"h"], [b" Chunked "]))
        self.assertIsNone(fault_in_head(b"GET", b"/", b"HTTP/1.0", [], []))

    def test_bad(self) -> None:
        """Whatever two programs could read in two ways is refused."""
        one: list[bytes] = [b"h"]
        for line, hosts, encodings in (
            (GOOD, [], []),
            (GOOD, [b"a", b"a"], []),
            (GOOD, [b""], []),
            (GOOD, [b":11434"], []),
            (GOOD, [b"a b"], []),
            (GOOD, [b"a/b"], []),
            (GOOD, [b"u@h"], []),
            (GOOD, [b"h:x"], []),
            (GOOD, [b"h:123456"], []),
            (GOOD, [b"[::1"], []),
            (GOOD, one, [b"identity"]),
            (GOOD, one, [b"chunked", b"chunked"]),
            (GOOD, one, [b"gzip, chunked"]),
            (GOOD, one, [b"chunked, identity"]),
            (GOOD, one, [b""]),
            (GOOD, one, [b"x chunked"]),
            ((b"GET", b"/", b"HTTP/1.0"), one, [b"chunked"]),
            ((b"GET", b"/", b"HTTP/1.0"), [b"a", b"b"], []),
            ((b"GET", b"/\x7f", b"HTTP/1.1"), one, []),
            ((b"GET", b"/\xc3\xa9", b"HTTP/1.1"), one, []),
            ((b"GET", b"/\x01", b"HTTP/1.1"), one, []),
        ):
            fault = fault_in_head(*line, hosts, encodings)
            assert fault is not None, (line, hosts, encodings)
            self.assertEqual(fault.status, HTTPStatus.BAD_REQUEST)

    def test_methods(self) -> None:
        """What would make a forward proxy of the daemon, or echo a request, is not done."""
        for method in (b"CONNECT", b"TRACE"):
            fault = fault_in_head(method, b"h:443", b"HTTP/1.1", [b"h"], [])
            assert fault is not None
            self.assertEqual(fault.status, HTTPStatus.METHOD_NOT_ALLOWED)


class Lines(Case):
    def test_lines(self) -> None:
        """A folded header and one with a control character are refused; tabs inside are fine."""
        for line, good in (
            (b"a: b", True),
            (b"a:\tb\tc", True),
            (b"a: \xc3\xa9", True),
            (b" folded", False),
            (b"\tfolded", False),
            (b"a: b\x01", False),
            (b"a: b\x7f", False),
            (b"a: \x0bb", False),
            (b"a: \x00", False),
        ):
            self.assertEqual(fault_in_header_line(line) is None, good, line)
