"""Go's durations; every row of these tables was made by Go 1.26 itself."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_duration import parse_duration, parse_keep_alive

#: What ``time.ParseDuration`` reads, and the nanoseconds that it returns.
READ = (
    ("0", 0),
    ("+0", 0),
    ("-0", 0),
    ("0s", 0),
    ("-0s", 0),
    ("0m", 0),
    ("0.0s", 0),
    ("10ns", 10),
    ("1us", 1_000),
    ("1µs", 1_000),  # the micro sign
    ("1μs", 1_000),  # the Greek letter
    ("300ms", 300_000_000),
    ("5m", 300_000_000_000),
    ("+5s", 5_000_000_000),
    ("-1m", -60_000_000_000),
    ("1.s", 1_000_000_000),
    (".5s", 500_000_000),
    ("-.5s", -500_000_000),
    ("1h0m0.5s", 3_600_500_000_000),
    ("1m1h", 3_660_000_000_000),
    ("1s1s", 2_000_000_000),
    ("1000000h", 3_600_000_000_000_000_000),
    ("2562047h47m16s", 9_223_372_036_000_000_000),
)

#: What it refuses, and in which words.
REFUSED = (
    ("", 'time: invalid duration ""'),
    ("-", 'time: invalid duration "-"'),
    ("+", 'time: invalid duration "+"'),
    (".", 'time: invalid duration "."'),
    ("-.", 'time: invalid duration "-."'),
    (".s", 'time: invalid duration ".s"'),
    ("s", 'time: invalid duration "s"'),
    ("abc", 'time: invalid duration "abc"'),
    ("m5", 'time: invalid duration "m5"'),
    ("--5s", 'time: invalid duration "--5s"'),
    (" 5s", 'time: invalid duration " 5s"'),
    ("5", 'time: missing unit in duration "5"'),
    ("-1", 'time: missing unit in duration "-1"'),
    ("00", 'time: missing unit in duration "00"'),
    ("1.", 'time: missing unit in duration "1."'),
    ("1.5", 'time: missing unit in duration "1.5"'),
    ("1h1", 'time: missing unit in duration "1h1"'),
    ("1.5.5s", 'time: missing unit in duration "1.5.5s"'),
    ("1..5s", 'time: missing unit in duration "1..5s"'),
    ("5d", 'time: unknown unit "d" in duration "5d"'),
    ("5S", 'time: unknown unit "S" in duration "5S"'),
    ("5 s", 'time: unknown unit " s" in duration "5 s"'),
    ("5s ", 'time: unknown unit "s " in duration "5s "'),
    ("1h 1m", 'time: unknown unit "h " in duration "1h 1m"'),
    ("1h-1m", 'time: unknown unit "h-" in duration "1h-1m"'),
    ("1e3s", 'time: unknown unit "e" in duration "1e3s"'),
    ("0x5s", 'time: unknown unit "x" in duration "0x5s"'),
    # Quoted so that no control character gets into an error text.
    ("5µ", r'time: unknown unit "\xc2\xb5" in duration "5\xc2\xb5"'),
    ("5€", r'time: unknown unit "\xe2\x82\xac" in duration "5\xe2\x82\xac"'),
    ("\uff15s", r'time: invalid duration "\xef\xbc\x95s"'),
    ('5"', r'time: unknown unit "\"" in duration "5\""'),
    ("\\5", r'time: invalid duration "\\5"'),
    ("\t5s", r'time: invalid duration "\x095s"'),
    ("5\n", r'time: unknown unit "\x0a" in duration "5\x0a"'),
    ("5\x7f", 'time: unknown unit "\x7f" in duration "5\x7f"'),
    # More than 64 bits of nanoseconds.
    ("9223372037s", 'time: invalid duration "9223372037s"'),
    ("3000000h", 'time: invalid duration "3000000h"'),
    ("2562047h48m", 'time: invalid duration "2562047h48m"'),
    ("99999999999999999999s", 'time: invalid duration "99999999999999999999s"'),
)


def refusal(value: Any) -> BadRequest | None:
    """Return the error that a ``keep_alive`` meets, if it meets one."""
    try:
        parse_keep_alive(value)
    except BadRequest as error:
        return error
    return None


class Durations(SynchronousTestCase):
    def test_read(self) -> None:
        """A duration is read as Go reads it."""
        for text, nanoseconds in READ:
            self.assertAlmostEqual(parse_duration(text) * 1e9, nanoseconds, places=3, msg=text)

    def test_refused(self) -> None:
        """What Go refuses is refused in Go's words, with status 400."""
        for text, message in REFUSED:
            error = refusal(text)
            self.assertEqual(error and error.message, message, repr(text))
            self.assertEqual(error and error.status, 400, repr(text))

    @settings(deadline=None, max_examples=300)
    @given(st.text() | st.text("+-.0159hmsnuµ ", max_size=12))
    def test_any_text(self, text: str) -> None:
        """Any text is a duration or is refused in a line of ASCII, and nothing worse."""
        error = refusal(text)
        if error is not None:
            self.assertTrue(error.message.isascii())
            self.assertEqual(len(error.message.splitlines()), 1)


class KeepAlive(SynchronousTestCase):
    def test_seconds(self) -> None:
        """A number counts seconds, a text is a duration; less than nothing means for ever."""
        for value, seconds in ((5, 5.0), (0.5, 0.5), (-1, -1.0), ("1h", 3600.0), ("-1m", -60.0)):
            self.assertEqual(parse_keep_alive(value), seconds, value)

    def test_zero(self) -> None:
        """Nothing, in any spelling, is 0: it means to unload."""
        for value in (0, 0.0, -0.0, "0", "-0", "0s", "0m", "0h0m0s", "-0s"):
            self.assertEqual(parse_keep_alive(value), 0, value)

    def test_huge(self) -> None:
        """A number of any size is a length of time, and keeps its sign."""
        for value in (10**400, 1e300):
            self.assertGreater(parse_keep_alive(value), 1e9)
            self.assertLess(parse_keep_alive(-value), -1e9)

    def test_wrong_kinds(self) -> None:
        """Whatever is neither a number nor a text is refused in Ollama's words."""
        for value, kind in (
            (True, "bool"),
            (False, "bool"),
            ([], "[]interface {}"),
            ({"s": 5}, "map[string]interface {}"),
        ):
            error = refusal(value)
            self.assertEqual(error and error.message, f"Unsupported type: '{kind}'", value)
            self.assertEqual(error and error.status, 400, value)
