"""One line for every request, which nobody can forge."""

import re
from datetime import UTC, timedelta, timezone
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_duration, format_line

RECORD = AccessRecord(
    # 2023-04-15T12:34:56Z, and a bit
    ended_ns=1_681_562_096_999_999_999,
    client="127.0.0.1",
    method=b"POST",
    path=b"/api/generate",
    version=b"HTTP/1.1",
    status=200,
    body_bytes=1024,
    duration_s=0.0456,
    outcome="done",
)

#: What every line looks like, whatever is in it.
FORM = re.compile(
    r"ACCESS: \d{4}/\d\d/\d\d \d\d:\d\d:\d\d \S+ "
    r'"(?:[ !#-\[\]-~]|\\x[0-9a-f]{2})*" \d+ \d+ (?:\d+m)?[0-9.]+(?:µs|ms|s)'
)

DURATIONS = (
    (0.0, "0µs"),
    (0.000_000_4, "0µs"),
    (0.000_001, "1µs"),
    (0.000_39, "390µs"),
    (0.000_999, "999µs"),
    (0.000_999_4, "999µs"),
    (0.000_999_6, "1.0ms"),
    (0.001, "1.0ms"),
    (0.001_04, "1.0ms"),
    (0.001_06, "1.1ms"),
    (0.009_94, "9.9ms"),
    (0.009_96, "10.0ms"),
    (0.045_6, "45.6ms"),
    (0.099_96, "100.0ms"),
    (0.999, "999.0ms"),
    (0.999_9, "999.9ms"),
    (0.999_949, "999.9ms"),
    (0.999_951, "1.0s"),
    (0.999_999_6, "1.0s"),
    (1.0, "1.0s"),
    (1.04, "1.0s"),
    (1.06, "1.1s"),
    (1.2, "1.2s"),
    (9.96, "10.0s"),
    (12.34, "12.3s"),
    (59.9, "59.9s"),
    (59.94, "59.9s"),
    (59.96, "1m0.0s"),
    (60.0, "1m0.0s"),
    (60.04, "1m0.0s"),
    (60.06, "1m0.1s"),
    (119.94, "1m59.9s"),
    (119.96, "2m0.0s"),
    (125.0, "2m5.0s"),
    (599.96, "10m0.0s"),
    (3600.0, "60m0.0s"),
    (86_400.0, "1440m0.0s"),
)


def line(**fields: Any) -> str:
    return format_line(attrs.evolve(RECORD, **fields), UTC)


def request_line(**fields: Any) -> str:
    """Return what stands between the quotes."""
    return line(**fields).split('"')[1]


class Lines(SynchronousTestCase):
    def test_form(self) -> None:
        """A line tells when, who, what, and how it went."""
        self.assertEqual(
            format_line(RECORD, UTC),
            'ACCESS: 2023/04/15 12:34:56 127.0.0.1 "POST /api/generate HTTP/1.1" 200 1024 45.6ms',
        )

    def test_zone(self) -> None:
        """The date is that of a time zone."""
        for hours, told in ((-7, "2023/04/15 05:34:56"), (13, "2023/04/16 01:34:56")):
            zone = timezone(timedelta(hours=hours))
            self.assertEqual(format_line(RECORD, zone)[8:27], told)

    def test_own_zone(self) -> None:
        """Without one it is the machine's own, which is one of those that exist."""
        own = format_line(RECORD)
        zones = [timezone(timedelta(minutes=15 * quarter)) for quarter in range(-48, 57)]
        self.assertIn(own, [format_line(RECORD, zone) for zone in zones])

    def test_ipv6(self) -> None:
        """An IPv6 address is written plainly."""
        self.assertIn(' ::1 "POST ', line(client="::1"))

    def test_no_client(self) -> None:
        """A client without an address is a dash."""
        self.assertIn(' - "POST ', line(client="-"))

    def test_unparsed(self) -> None:
        """Of a request line that could not be read there is what could, or a dash."""
        for fields, told in (
            ({"method": b"", "path": b"", "version": b""}, "-"),
            ({"path": b"", "version": b""}, "POST"),
            ({"version": b""}, "POST /api/generate"),
        ):
            self.assertEqual(request_line(**fields), told)

    def test_outcomes_are_not_told(self) -> None:
        """The line has nothing of the outcome but the status."""
        self.assertEqual(line(outcome="client_left"), line())
        self.assertIn(" 499 0 ", line(outcome="client_left", status=499, body_bytes=0))


class Forgery(SynchronousTestCase):
    def test_escapes(self) -> None:
        """What could break or forge a line is written as the bytes that it is."""
        for path, told in (
            (b'/a"b', r"/a\x22b"),
            (b"/a\\b", r"/a\x5cb"),
            (rb"/\x22", r"/\x5cx22"),
            (b"/a\nb", r"/a\x0ab"),
            (b"/a\r\nb", r"/a\x0d\x0ab"),
            (b"/a\tb\x00c", r"/a\x09b\x00c"),
            (b"/\x1b[31mred", r"/\x1b[31mred"),
            (b"/\x7f\x80\x9b\xff", r"/\x7f\x80\x9b\xff"),
            ("/é".encode(), r"/\xc3\xa9"),
            ("/\u2028\u202e".encode(), r"/\xe2\x80\xa8\xe2\x80\xae"),
            (b"/a b%22~!", "/a b%22~!"),
        ):
            self.assertEqual(request_line(path=path), f"POST {told} HTTP/1.1", path)

    def test_another_line(self) -> None:
        """A path cannot pretend to be the end of its line and a line after it."""
        forged = b'/" 200 1 1ms\nACCESS: 2023/04/15 12:34:56 10.0.0.1 "GET /secret'
        written = line(path=forged)
        self.assertEqual(len(written.splitlines()), 1)
        self.assertEqual(written.count('"'), 2)
        self.assertEqual(written.count("\\x0a"), 1)

    def test_every_part(self) -> None:
        """No other part of a request can either."""
        for name in ("method", "version"):
            self.assertIn(r"\x22\x0a", line(**{name: b'"\n'}), name)
        self.assertIn(r" \x22\x0a ", line(client='"\n'))
        self.assertIn(r" fe80::1%\xc3\xa9 ", line(client="fe80::1%é"))

    def test_huge(self) -> None:
        """Huge parts are written whole, on one line."""
        written = line(path=b"/" + b"x" * 100_000, body_bytes=10**30, duration_s=1e9)
        self.assertEqual(len(written.splitlines()), 1)
        self.assertIn("x" * 100_000, written)
        self.assertTrue(written.endswith(f" {10**30} 16666666m40.0s"))

    @settings(deadline=None, max_examples=300)
    @given(
        st.binary(),
        st.binary(),
        st.binary(),
        st.floats(0, 1e6),
    )
    def test_any_request(
        self, method: bytes, path: bytes, version: bytes, duration_s: float
    ) -> None:
        """Whatever a client sends, the line has its form."""
        written = line(method=method, path=path, version=version, duration_s=duration_s)
        self.assertIsNotNone(FORM.fullmatch(written), written)


class TheDuration(SynchronousTestCase):
    def test_table(self) -> None:
        """A duration has the unit that suits it, one decimal, and is rounded across units."""
        for seconds, told in DURATIONS:
            self.assertEqual(format_duration(seconds), told, seconds)

    @settings(deadline=None, max_examples=300)
    @given(st.floats(0, 1e6))
    def test_any_duration(self, seconds: float) -> None:
        """What is told is within its last decimal, and no unit is overstretched."""
        told = format_duration(seconds)
        match = re.fullmatch(r"(?:(\d+)m)?(\d+(?:\.\d)?)(µs|ms|s)", told)
        assert match is not None, told
        minutes, number, unit = match.groups()
        scale = {"µs": 1e-6, "ms": 1e-3, "s": 1.0}[unit]
        step = 1.0 if unit == "µs" else 0.1
        value = int(minutes or 0) * 60 + float(number) * scale
        self.assertLessEqual(abs(value - seconds), 0.5001 * step * scale + 1e-6, told)
        self.assertLess(float(number), 60 if unit == "s" else 1000, told)
