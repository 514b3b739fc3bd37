"""Go's words for what is not JSON; the truth is a table made by a real Go."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.wire.go_syntax import syntax_error
from tests.case import Case

CASES = json.loads((Path(__file__).parent / "go_syntax_cases.json").read_text())

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class AgainstGo(Case):
    def test_every_case_of_the_table(self) -> None:
        """Every body of the table has the message, or has none, that Go gives."""
        self.assertGreater(len(CASES), 500)
        for body, message in CASES:
            self.assertEqual(syntax_error(body.encode("latin-1")), message, repr(body[:80]))


class Properties(Case):
    @given(VALUES, st.binary())
    def test_json_is_fine(self, value: object, rest: bytes) -> None:
        """JSON has no error, whatever follows it after a space."""
        self.assertIsNone(syntax_error(json.dumps(value).encode() + b" " + rest))

    @given(st.dictionaries(st.text(), VALUES, min_size=1), st.data())
    def test_a_part_of_an_object_ends_too_early(self, value: object, data: st.DataObject) -> None:
        """An object that stops anywhere before its end is an unexpected EOF."""
        text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
        cut = data.draw(st.integers(1, len(text) - 1))
        self.assertEqual(syntax_error(text[:cut]), "unexpected EOF")

    def test_depth_costs_no_stack(self) -> None:
        """A million brackets are refused and do not exhaust Python's stack."""
        message = "invalid character '[' exceeded max depth"
        self.assertEqual(syntax_error(b"[" * 1_000_000), message)
