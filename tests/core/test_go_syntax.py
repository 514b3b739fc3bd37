"""Go's words for what is not JSON; the truth is a table made by a real Go."""

import json
from pathlib import Path
from typing import Any, NoReturn

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.wire.go_syntax import syntax_error
from tests.case import Case

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "go_syntax_cases.json").read_text(encoding="ascii")
)

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)

#: Pieces that make JSON, or nearly, when they are put together.
PIECES = st.sampled_from('{}[],:"\\01-.e \n\x0b') | st.sampled_from(
    ['"a"', '"a":', "\\u", "\\n", "00e9", "tru", "true", "false", "null", "NaN", "-Infinity", "E+"]
)
TEXTS = st.lists(PIECES | st.text(max_size=2)).map("".join) | VALUES.map(json.dumps)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_python = json.JSONDecoder(parse_constant=_refuse)


def rest_for_python(text: str) -> str | None:
    """Return what follows the first value as Python's parser reads it; None if it refuses it."""
    stripped = text.lstrip(" \t\r\n")
    try:
        _value, end = _python.raw_decode(stripped)
    except ValueError:
        return None
    return stripped[end:]


def is_bare_number(text: str) -> bool:
    """Return whether the text begins with a number, outside any list or object."""
    return text.lstrip(" \t\r\n")[:1] in set("-0123456789")


class AgainstGo(Case):
    def test_every_case_of_the_table(self) -> None:
        """Every body of the table has the message, or has none, that Go gives."""
        self.assertGreater(len(CASES), 1500)
        different = [
            f"{case['body'][:80]!r}: Go says {case['error']!r}, we say {ours!r}"
            for case in CASES
            if (ours := syntax_error(case["body"].encode("latin-1"))) != case["error"]
        ]
        self.assertEqual(different, [], "\n".join(different[:20]))

    def test_depth_costs_no_stack(self) -> None:
        """Any number of brackets is refused and does not exhaust Python's stack."""
        for depth in (10_001, 200_000, 1_000_000):
            message = "invalid character '[' exceeded max depth"
            self.assertEqual(syntax_error(b"[" * depth), message, depth)
            message = "invalid character '{' exceeded max depth"
            self.assertEqual(syntax_error(b'{"a":' * depth), message, depth)

    def test_depth_that_go_allows(self) -> None:
        """Ten thousand levels are well-formed."""
        self.assertIsNone(syntax_error(b"[" * 10_000 + b"]" * 10_000))
        self.assertIsNone(syntax_error(b'{"a":' * 10_000 + b"1" + b"}" * 10_000))

    def test_what_is_closed_is_not_deep(self) -> None:
        """Only the brackets that are open at a time count as depth, not all of them."""
        self.assertIsNone(syntax_error(b"[" + b"[[]],{}," * 5_001 + b'{"a":{}}]'))


class AgainstPython(Case):
    @settings(deadline=None, max_examples=500)
    @given(TEXTS)
    def test_what_python_reads(self, text: str) -> None:
        """
        What Python's parser reads has no error, but for a bare number followed by ``.`` or ``e``.

        Of ``1.x`` Python reads the ``1``; Go goes on into the fraction or the exponent.
        """
        rest = rest_for_python(text)
        if rest is not None and not (is_bare_number(text) and rest[:1] in {".", "e", "E"}):
            self.assertIsNone(syntax_error(text.encode()))

    @settings(deadline=None, max_examples=500)
    @given(TEXTS)
    def test_what_python_refuses(self, text: str) -> None:
        """What Python's parser refuses has an error."""
        if rest_for_python(text) is None:
            self.assertIsNotNone(syntax_error(text.encode()))

    def test_bare_numbers(self) -> None:
        """That one difference is there: Python is content with these, Go is not."""
        for text in ("1.", "1.x", "0e", "-1.5ex"):
            self.assertIsNotNone(rest_for_python(text), text)
            self.assertIsNotNone(syntax_error(text.encode()), text)


class Properties(Case):
    @settings(deadline=None, max_examples=200)
    @given(VALUES, st.binary())
    def test_json_is_fine(self, value: object, rest: bytes) -> None:
        """JSON has no error, whatever follows it after a space."""
        self.assertIsNone(syntax_error(json.dumps(value).encode() + b" " + rest))

    @settings(deadline=None, max_examples=50)
    @given(st.dictionaries(st.text(), VALUES), st.data())
    def test_a_part_of_an_object_ends_too_early(self, value: object, data: st.DataObject) -> None:
        """An object that stops anywhere before its end is an unexpected EOF."""
        text = json.dumps(value, ensure_ascii=False).encode()
        cut = data.draw(st.integers(1, len(text) - 1))
        self.assertEqual(syntax_error(text[:cut]), "unexpected EOF")

    @settings(deadline=None, max_examples=200)
    @given(st.binary() | TEXTS.map(str.encode))
    def test_any_bytes(self, body: bytes) -> None:
        """Any bytes at all have a message or none, and do no other harm."""
        message = syntax_error(body)
        if message is not None and message not in {"EOF", "unexpected EOF"}:
            self.assertRegex(message, r"\Ainvalid character '[^\x00-\x1f]+' [ -~]+\Z")
