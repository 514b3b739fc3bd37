"""The words that rules are written in: each is true of what is right, and not of what is wrong."""

import json
from collections.abc import Sequence
from typing import Any, Final

from tests.case import Case
from tests.clients.rules.answers import (
    LINES,
    breaks_off,
    call_line,
    clean_lines,
    ends_when_done,
    says,
    thoughts_first,
    whole_writes,
)
from tests.clients.rules.heads import Need, exact_type, header_with, http_1_1, media_type, status
from tests.clients.rules.table import ROWS
from tests.clients.rules.values import (
    Rule,
    absent,
    all_different,
    array,
    boolean,
    containing,
    date,
    equals,
    holding,
    integer,
    keys_in_order,
    listed,
    mapping,
    matching,
    no_null,
    one_key_with,
    one_of,
    only,
    positive,
    same,
    sentence,
    text,
    version_at_least,
    without,
    words,
)
from tests.clients.rules.wire import Answer, Call, Chunked, Raw

#: A rule for ``a``; what may be there, and what may not.
VALUES: Final[Sequence[tuple[Rule, Sequence[Any], Sequence[Any]]]] = (
    (text("a"), ["", "x"], [None, 1, []]),
    (words("a"), ["x"], ["", None, 1]),
    (containing("a", "b"), ["abc"], ["ac"]),
    (without("a", "b"), ["ac"], ["abc"]),
    (matching("a", "x+", "is crosses"), ["xx"], ["xy", ""]),
    (integer("a"), [0, -1], [True, 1.0, "1", None]),
    (integer("a", 1), [1], [0, True]),
    (positive("a"), [1], [0, 1.5, None]),
    (boolean("a"), [True, False], [0, "true", None]),
    (mapping("a"), [{}], [[], "{}", None]),
    (array("a"), [[], [1]], [{}, None, ""]),
    (date("a"), ["2026-11-26T05:06:29.365737327Z", "2026-11-26T05:06:29+01:00"], ["2026-11-26"]),
    (equals("a", 1), [1], [True, 1.0, "1", None]),
    (one_of("a", "x", "y"), ["x"], ["z", None]),
    (holding("a", "x"), [["x", "y"]], [["y"], []]),
    (only("a", "x", "y"), [["x"], {"y": 1}], [["z"], {"x": 1, "z": 1}]),
    (keys_in_order("a", "x", "y"), [{"x": 1, "y": 2}], [{"y": 2, "x": 1}, {"x": 1}]),
    (version_at_least("a", "0.6.4"), ["0.6.4", "0.13.0", "1.0.0"], ["0.6.3", "1.0", "1.0.0-rc1"]),
    (no_null(), [[{"b": 0}], ""], [None, [{"b": None}]]),
    (all_different("a/*"), [["x", "y"]], [["x", "x"]]),
    (same("a/*/b", "a/*/c"), [[{"b": 1, "c": 1}]], [[{"b": 1, "c": 2}]]),
    (one_key_with("a", "length", 7), [{"x.length": 7}], [{"x.length": 8}, {}]),
    (one_key_with("a", "length", 7), [], [{"x.length": 7, "length": 7}]),
    (listed("a/*", "x"), [["x", "y"]], [["y"]]),
    (text("a/*"), [["x"]], [[], None, ["x", 1]]),
    (text("a/1"), [["x", "y"]], [["x"], {"0": "x"}]),
    (absent("a/b"), [{"c": 1}], [{"b": None}]),
    (integer("a/<arch>.n"), [{"general.architecture": "x", "x.n": 1}], [{"x.n": 1}, {"n": 1}]),
)


def line(content: str = "", *, done: bool = False, **more: object) -> bytes:
    """Return a line of a chat."""
    value = {"message": {"role": "assistant", "content": content, **more}, "done": done}
    return json.dumps(value).encode() + b"\n"


NDJSON: Final = {"content-type": "application/x-ndjson"}
GOOD: Final = Answer("HTTP/1.1", 200, NDJSON, [line("a"), line("b"), line(done=True)])
CALLS: Final = [{"function": {"name": "clock", "arguments": {}}}]


def of(*chunks: bytes) -> Answer:
    """Return a stream in these chunks."""
    return Answer("HTTP/1.1", 200, NDJSON, chunks)


#: A need, an answer that has it, and answers that do not.
ANSWERS: Final[Sequence[tuple[Need, Answer, Sequence[Answer]]]] = (
    (LINES[0], GOOD, [of(line("a")), Answer("HTTP/1.1", 201, NDJSON, GOOD.chunks)]),
    (status(200), GOOD, [Answer("HTTP/1.1", 307, {}, [])]),
    (
        http_1_1(),
        GOOD,
        [Answer("HTTP/2", 200, {}, []), Answer("HTTP/1.1", 101, {"upgrade": "h2c"}, [])],
    ),
    (media_type("application/x-ndjson"), GOOD, [Answer("HTTP/1.1", 200, {}, [])]),
    (
        exact_type("application/x-ndjson"),
        GOOD,
        [Answer("HTTP/1.1", 200, {"content-type": "application/x-ndjson; charset=utf-8"}, [])],
    ),
    (header_with("content-type", "Application/X-ndjson"), GOOD, [Answer("HTTP/1.1", 200, {}, [])]),
    (clean_lines(), GOOD, [of(line(), b"\n", line()), of(line()[:-1]), of(b"")]),
    (whole_writes(), GOOD, [of(line("a") + line("b")), of(b"{", b'"done":true}\n')]),
    (
        ends_when_done(),
        GOOD,
        [of(line("a")), of(line(done=True), line("a")), of(line(done=True), line(done=True))],
    ),
    (says("ab"), GOOD, [of(line("a"), line("b", done=True)), of(line("a"), line(done=True))]),
    (
        thoughts_first(),
        of(line(thinking="x"), line("a"), line(done=True)),
        [GOOD, of(line("a"), line(thinking="x")), of(line("a", thinking="x"), line("a"))],
    ),
    (
        breaks_off("broke"),
        of(line("a"), b'{"error":"it broke"}\n'),
        [GOOD, of(b'{"error":"it broke"}\n'), of(line("a"), b'{"error":"it broke","done":true}\n')],
    ),
    (
        call_line(array("message/tool_calls")),
        of(line(tool_calls=CALLS), line(done=True)),
        [
            GOOD,
            of(line(tool_calls=CALLS), line(tool_calls=CALLS), line(done=True)),
            of(line(done=True, tool_calls=CALLS)),
        ],
    ),
)

FAULTS: Final = (AssertionError, KeyError, TypeError, ValueError, IndexError)


class Vocabulary(Case):
    def test_values(self) -> None:
        """A rule holds of every value that is right, and of none that is wrong."""
        for rule, right, wrong in VALUES:
            for value in right:
                rule.check({"a": value})
            for value in wrong:
                with self.assertRaises(FAULTS, msg=f"{rule.says}: {value}"):
                    rule.check({"a": value})

    def test_missing(self) -> None:
        """No rule holds where there is nothing, but for those that want nothing."""
        for rule, _right, _wrong in VALUES:
            if rule.says != no_null().says:
                with self.assertRaises(FAULTS, msg=rule.says):
                    rule.check({})

    def test_answers(self) -> None:
        """A need is met by an answer that is right, and by none that is wrong."""
        for need, right, wrong in ANSWERS:
            need.check(right)
            for answer in wrong:
                with self.assertRaises(FAULTS, msg=f"{need.says}: {answer}"):
                    need.check(answer)


class Sentences(Case):
    def test_neighbours(self) -> None:
        """What is said of several paths in a row is said once, and nothing is lost."""
        told = sentence([text("a"), text("b"), text("c"), date("d"), no_null(), text("e")])
        self.assertEqual(
            told,
            "``a``, ``b`` and ``c`` are each a string, "
            "``d`` is a date and time with a zone (RFC 3339), null is nowhere, ``e`` is a string",
        )

    def test_other_words(self) -> None:
        """What is not a matter of being is said of each path."""
        told = sentence([holding("a", "x"), holding("b", "x")])
        self.assertEqual(told, "``a`` holds ``x``, ``b`` holds ``x``")


class Calls(Case):
    def test_plain(self) -> None:
        """A request is sent as it is written: its line, its headers in order, its body."""
        call = Call("POST //api/chat", {"a": None}, {"B": "b", "A": ""})
        head = b"POST //api/chat HTTP/1.1\r\nHost: localhost:7\r\nB: b\r\nA: \r\n"
        self.assertEqual(call.to_bytes(7), head + b'Content-Length: 11\r\n\r\n{"a": null}')

    def test_other_bodies(self) -> None:
        """No body has no length, a raw one is as it is, and one in chunks has no length either."""
        self.assertEqual(Call("GET /", host="h").to_bytes(7), b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        self.assertTrue(
            Call("POST /", Raw(b"{")).to_bytes(7).endswith(b"Content-Length: 1\r\n\r\n{")
        )
        chunked = Call("POST /", Chunked({})).to_bytes(7)
        self.assertTrue(chunked.endswith(b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))


class Table(Case):
    def test_needs(self) -> None:
        """There is no row, and no request, of which nothing is asked."""
        for row in ROWS:
            self.assertTrue(row.steps, row.what)
            for step in row.steps:
                self.assertTrue(step.needs, row.what)

    def test_sentences(self) -> None:
        """A row's words go on after the client's name, and leave the full stop to the reader."""
        for row in ROWS:
            self.assertFalse(row.what.endswith("."), row.what)
            self.assertEqual(row.what[0], row.what[0].lower())
