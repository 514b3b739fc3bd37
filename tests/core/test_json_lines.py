"""JSON lines: what is in them, and that nobody can forge one."""

import json
import re
from datetime import UTC, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
from docutils.core import publish_doctree
from docutils.utils import Reporter
from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy import errors
from ollamaproxy.logs.json_lines import format_access, format_message
from ollamaproxy.logs.printable import printable, shortened
from ollamaproxy.logs.record import AccessRecord
from tests.case import Case

LEAST = AccessRecord(
    # 2023-04-15T12:34:56.789Z, and a bit
    ended_ns=1_681_562_096_789_999_999,
    client="-",
    method=b"",
    path=b"",
    version=b"",
    status=400,
    body_bytes=0,
    duration_s=0.0,
    outcome="parser_refused",
)
MOST = attrs.evolve(
    LEAST,
    client="::1",
    method=b"POST",
    path=b"/api/chat",
    version=b"HTTP/1.1",
    status=200,
    body_bytes=1024,
    duration_s=1.2345678,
    outcome="done",
    caller="alice",
    model="llama3",
    prompt_tokens=11,
    completion_tokens=7,
    first_byte_s=0.25,
    request_id="r-1",
    route="/api/chat",
    user_agent=b"ollama-python/0.6.1",
    gateway="http://gateway.test:4000",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    unknown_keys=("secret",),
)
#: RFC 3339's date-time, in the form that all of them have here.
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")


def read(record: AccessRecord) -> dict[str, Any]:
    """Return the object of a record's line, which is one line of ASCII."""
    line = format_access(record, UTC)
    assert line.isascii(), line
    assert len(line.splitlines()) == 1, line
    value: dict[str, Any] = json.loads(line)
    return value


class AccessLines(Case):
    def test_most(self) -> None:
        """All that is known is told, times in milliseconds, and of unknown keys nothing."""
        self.assertEqual(
            list(read(MOST).items()),
            [
                ("kind", "access"),
                ("time", "2023-04-15T12:34:56.789+00:00"),
                ("request_id", "r-1"),
                ("client", "::1"),
                ("caller", "alice"),
                ("method", "POST"),
                ("path", "/api/chat"),
                ("route", "/api/chat"),
                ("model", "llama3"),
                ("status", 200),
                ("outcome", "done"),
                ("bytes", 1024),
                ("first_byte_ms", 250.0),
                ("duration_ms", 1234.568),
                ("prompt_tokens", 11),
                ("completion_tokens", 7),
                ("user_agent", "ollama-python/0.6.1"),
                ("gateway", "http://gateway.test:4000"),
                ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
            ],
        )

    def test_least(self) -> None:
        """The keys are always the same; what is not known is null."""
        told = read(LEAST)
        self.assertEqual(list(told), list(read(MOST)))
        self.assertEqual(
            [key for key, value in told.items() if value is None],
            [
                *("caller", "method", "path", "route", "model"),
                *("first_byte_ms", "user_agent", "gateway", "trace_id"),
            ],
        )

    def test_zone(self) -> None:
        """The time has the zone's offset."""
        for hours, told in (
            (-7, "2023-04-15T05:34:56.789-07:00"),
            (5.5, "2023-04-15T18:04:56.789+05:30"),
        ):
            line = format_access(MOST, timezone(timedelta(hours=hours)))
            self.assertEqual(json.loads(line)["time"], told)
        self.assertRegex(json.loads(format_access(MOST))["time"], RFC3339)

    def test_what_clients_may_make_long(self) -> None:
        """A model's name and the client's own are cut."""
        told = read(attrs.evolve(MOST, model="é" * 1000, user_agent=b"x" * 1000))
        self.assertEqual(told["user_agent"], "x" * 200 + "...")
        self.assertEqual(told["model"], r"\xc3\xa9" * 100 + "...")

    def test_nothing_that_a_terminal_obeys(self) -> None:
        """Control characters and what is not ASCII are told as bytes, also when JSON is read."""
        told = read(attrs.evolve(MOST, path=b'/\x1b[31m\n"\xff', user_agent=b"\x07", model="\r"))
        self.assertEqual(told["path"], r"/\x1b[31m\x0a\x22\xff")
        self.assertEqual((told["user_agent"], told["model"]), (r"\x07", r"\x0d"))

    @settings(deadline=None, max_examples=200)
    @given(st.binary(), st.binary(), st.text(st.characters()), st.binary())
    def test_any_request(self, method: bytes, path: bytes, model: str, agent: bytes) -> None:
        """Whatever a client sends, the line is one object of printable text."""
        told = read(attrs.evolve(MOST, method=method, path=path, model=model, user_agent=agent))
        for key, value in told.items():
            if isinstance(value, str):
                self.assertTrue(value.isascii() and value.isprintable(), key)


class TheManual(Case):
    MANUAL = (Path(__file__).parents[2] / "docs" / "operating" / "logs.rst").read_text("utf-8")

    def keys(self, title: str) -> list[str]:
        """Return the keys in the first table after a line of text."""
        table = self.MANUAL.partition(title)[2].split("=\nKey ")[1].split("\n\n")[0]
        return re.findall(r"^``(\w+)``", table, re.MULTILINE)

    def test_keys(self) -> None:
        """The manual has all keys of both kinds of lines, in their order."""
        self.assertEqual(self.keys("A request has"), list(read(MOST)))
        line = format_message(time_s=0, level="", logger="", message="", process="", traceback="")
        self.assertEqual(self.keys("A message has"), list(json.loads(line)))

    def test_markup(self) -> None:
        """It is good markup."""
        settings = {"report_level": Reporter.INFO_LEVEL, "halt_level": Reporter.INFO_LEVEL}
        publish_doctree(self.MANUAL, settings_overrides=settings)

    def test_outcomes(self) -> None:
        """The manual has the outcomes of all errors."""
        for error in vars(errors).values():
            outcome = getattr(error, "outcome", None)
            if outcome not in {None, "upstream_error"}:  # that one is never raised itself
                self.assertIn(f"``{outcome}``", self.MANUAL)


class Messages(Case):
    def test_plain(self) -> None:
        """A message tells when, how bad, who and what, and has no traceback if there is none."""
        line = format_message(
            time_s=1_681_562_096.5, level="warn", logger="a.b", message='x\n"é"', zone=UTC
        )
        self.assertTrue(line.isascii())
        self.assertEqual(len(line.splitlines()), 1)
        self.assertEqual(
            json.loads(line),
            {
                "kind": "message",
                "time": "2023-04-15T12:34:56.500+00:00",
                "level": "warn",
                "logger": "a.b",
                "message": 'x\n"é"',
            },
        )

    def test_traceback(self) -> None:
        """A traceback is one text in a field of its own, and so is one of several processes."""
        line = format_message(
            time_s=0.0,
            level="critical",
            logger="a",
            message="x",
            process="worker 1",
            traceback="1\n2\n",
        )
        told = json.loads(line)
        self.assertEqual((told["traceback"], told["process"]), ("1\n2\n", "worker 1"))


class Printable(Case):
    def test_bytes(self) -> None:
        """Every byte is itself, if it is plain, or its number."""
        every = bytes(range(256))
        told = printable(every)
        self.assertTrue(told.isascii() and told.isprintable())
        self.assertNotIn('"', told)
        back = re.sub(r"\\x(..)", lambda match: chr(int(match[1], 16)), told).encode("latin-1")
        self.assertEqual(back, every)

    def test_shortened(self) -> None:
        """A text of just the length is whole, and one byte more is too much."""
        self.assertEqual(shortened(b"abc", 3), "abc")
        self.assertEqual(shortened("abc", 3), "abc")
        self.assertEqual(shortened("abcd", 3), "abc...")
        self.assertEqual(shortened("aé", 2), r"a\xc3...")
        self.assertEqual(shortened("\ud800", 9), "?")
