"""JSON as it is read from clients and from the gateway, and as it is written."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.json_text import decode, decode_body, encode, quote

#: Texts with everything in them, also the second half of a surrogate pair.  The
#: first half is left out: beside the second the two are one character in JSON.
texts = st.text(st.characters(codec="utf-8") | st.integers(0xDC00, 0xDFFF).map(chr))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # UTF-8 cannot carry a lone surrogate.
    | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=20,
)


def refusal(body: bytes) -> BadRequest | None:
    """Return the error that a client's body meets, if it meets one."""
    try:
        decode_body(body)
    except BadRequest as error:
        return error
    return None


def readable(text: bytes | str) -> bool:
    """Return whether the gateway's text is JSON."""
    try:
        decode(text)
    except ValueError:
        return False
    return True


class ClientsBodies(SynchronousTestCase):
    def test_values(self) -> None:
        """A body is the first JSON value in it; what follows is ignored, as Go's decoder does."""
        table: tuple[tuple[bytes, Any], ...] = (
            (b'{"a":1}', {"a": 1}),
            (b' \t\r\n{"a":1}\n', {"a": 1}),
            (b'{"a":1} and more', {"a": 1}),
            (b'{"a":1}{"a":', {"a": 1}),
            (b"[] \xff", []),
            (b"null", None),
            (b"true", True),
            (b"-1.5e3", -1500.0),
            (b'"x"y', "x"),
        )
        for body, value in table:
            self.assertEqual(decode_body(body), value, body)

    def test_repeated_keys(self) -> None:
        """Of a key that is repeated the last value counts."""
        self.assertEqual(decode_body(b'{"a":1,"b":2,"a":3}'), {"a": 3, "b": 2})

    def test_blank(self) -> None:
        """A body of nothing, or of JSON's white space, is missing."""
        for body in (b"", b" ", b"\n", b" \t\r\n "):
            error = refusal(body)
            self.assertEqual(error and error.message, "missing request body", body)
            self.assertEqual(error and error.status, 400, body)

    def test_not_json(self) -> None:
        """What is not JSON is refused in Go's words, with status 400."""
        for body, message in (
            (b"hello", "invalid character 'h' looking for beginning of value"),
            (b"<html>", "invalid character '<' looking for beginning of value"),
            (b"not json", "invalid character 'o' in literal null (expecting 'u')"),
            (b'{"a":1', "unexpected EOF"),
            (b'{"a":"', "unexpected EOF"),
            (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
            (b'{"a" 1}', "invalid character '1' after object key"),
            (b'{"a":01}', "invalid character '1' after object key:value pair"),
            (b'{"a":"\n"}', r"invalid character '\n' in string literal"),
            (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        ):
            error = refusal(body)
            self.assertEqual(error and error.message, message, body)
            self.assertEqual(error and error.status, 400, body)

    def test_what_only_python_reads(self) -> None:
        """NaN and the infinities are not JSON."""
        for body, message in (
            (b'{"a":NaN}', "invalid character 'N' looking for beginning of value"),
            (b"[Infinity]", "invalid character 'I' looking for beginning of value"),
            (b"[-Infinity]", "invalid character 'I' in numeric literal"),
        ):
            error = refusal(body)
            self.assertEqual(error and error.message, message, body)

    def test_not_utf8(self) -> None:
        """Bytes that are not UTF-8 are replaced and do no other harm."""
        self.assertEqual(decode_body(b'{"a":"x\xffy"}'), {"a": "x\ufffdy"})
        self.assertEqual(decode_body(b'{"\xc3":1}'), {"\ufffd": 1})
        self.assertEqual(decode_body(b'"\xc3\xa9"'), "é")

    def test_surrogates(self) -> None:
        """Half of a surrogate pair is replaced wherever it stands; a whole one is a character."""
        table: tuple[tuple[bytes, Any], ...] = (
            (rb'"\ud83d\ude00"', "😀"),
            (rb'"\uD83D\uDE00"', "😀"),
            (rb'"\ud800"', "\ufffd"),
            (rb'"\udc00"', "\ufffd"),
            (rb'"\ud800x"', "\ufffdx"),
            (rb'"\ud800x\udc00\ud83d\ude00"', "\ufffdx\ufffd😀"),
            (rb'"\udc00\ud800"', "\ufffd\ufffd"),
            (rb'{"\ud800":["\udfff",1,null,{"a":"\ud800"}]}', {"�": ["�", 1, None, {"a": "�"}]}),
            (rb'"\\ud800"', r"\ud800"),
            (b'["\xef\xbb\xbf", "\\ud800"]', ["\ufeff", "\ufffd"]),
        )
        for body, value in table:
            self.assertEqual(decode_body(body), value, body)

    def test_too_deep(self) -> None:
        """A body that is nested too deeply is refused and does no other harm, whatever is in it."""
        for depth in (300, 600, 900, 1000, 100_000):
            for core in (b"1", rb'"\ud83d\ude00"', rb'"\ud800"'):
                for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
                    body = opening * depth + core + closing * depth
                    error = refusal(body)
                    message = f"{body[:10]!r}… {depth} times"
                    if error is not None:
                        self.assertIn("exceeded max depth", error.message, message)
                        self.assertEqual(error.status, 400, message)
                    else:
                        self.assertLess(depth, 1000, message)

    def test_numbers_too_large(self) -> None:
        """A number that no float64 holds is refused, as Go does for options."""
        error = refusal(b'{"options":{"temperature":1e400}}')
        assert error is not None
        self.assertEqual(error.status, 400)
        self.assertTrue(error.message.startswith("json: cannot unmarshal number 1e400 into Go "))

    def test_numbers_too_long(self) -> None:
        """A number of very many digits is refused and does no other harm."""
        error = refusal(b'{"a":' + b"1" * 5000 + b"}")
        self.assertEqual(error and error.status, 400)

    @settings(deadline=None, max_examples=200)
    @given(json_values)
    def test_any_value(self, value: Any) -> None:
        """Any JSON value is read as it is, however it is written."""
        self.assertEqual(decode_body(json.dumps(value).encode()), value)
        self.assertEqual(decode_body(json.dumps(value, ensure_ascii=False).encode()), value)

    @settings(deadline=None, max_examples=200)
    @given(st.binary() | texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
    def test_any_bytes(self, body: bytes) -> None:
        """Any bytes at all are a value or a BadRequest, and nothing worse."""
        refusal(body)


class GatewaysTexts(SynchronousTestCase):
    def test_values(self) -> None:
        """Text and bytes are read alike; white space around is no matter."""
        for text in ('{"a":"é"}', '\n {"a":"é"} \r\n'):
            self.assertEqual(decode(text), {"a": "é"})
            self.assertEqual(decode(text.encode()), {"a": "é"})

    def test_not_json(self) -> None:
        """What is not one JSON value is a ValueError."""
        for text in (
            b"",
            b"  ",
            b"{",
            b"[DONE]",
            b"{} {}",
            b'{"a":NaN}',
            b"[1e400]",
            b"[-Infinity]",
        ):
            self.assertFalse(readable(text), text)

    def test_encoding_is_not_guessed(self) -> None:
        """The wire is UTF-8; what looks like UTF-16 is not read as that."""
        self.assertFalse(readable('{"a":1}'.encode("utf-16-le")))
        self.assertEqual(decode(b'"\xff"'), "\ufffd")

    def test_too_deep(self) -> None:
        """What is nested too deeply is a ValueError like any other."""
        self.assertFalse(readable(b"[" * 100_000))

    def test_numbers_too_long(self) -> None:
        """So is a number of very many digits."""
        self.assertFalse(readable(b"1" * 5000))


class Writing(SynchronousTestCase):
    def test_compact(self) -> None:
        """JSON is written without blanks, in ASCII, keys in their order."""
        self.assertEqual(
            encode({"b": [1, -2.5, None, True], "a": "é\u2028😀"}),
            r'{"b":[1,-2.5,null,true],"a":"\u00e9\u2028\ud83d\ude00"}',
        )

    def test_no_nan(self) -> None:
        """What JSON has no form for is not written."""
        for number in (float("nan"), float("inf"), float("-inf")):
            self.assertRaises(ValueError, encode, number)

    def test_quote(self) -> None:
        """A text is written as a JSON string with the quotes."""
        self.assertEqual(quote('a"b\\c\n\t\0é'), r'"a\"b\\c\n\t\u0000\u00e9"')

    @settings(deadline=None, max_examples=200)
    @given(json_values)
    def test_any_value(self, value: Any) -> None:
        """Any value comes back as it was, from one line of ASCII."""
        written = encode(value)
        self.assertTrue(written.isascii())
        self.assertEqual(len(written.splitlines()), 1)
        self.assertEqual(json.loads(written), value)
        self.assertEqual(decode(written), value)

    @settings(deadline=None, max_examples=300)
    @given(texts)
    def test_any_text(self, text: str) -> None:
        """Any text comes back as it was, also the half of a surrogate pair."""
        written = quote(text)
        self.assertTrue(written.isascii())
        self.assertEqual(len(written.splitlines()), 1)
        self.assertEqual(json.loads(written), text)
        self.assertEqual(encode(text), written)


class Bombs(SynchronousTestCase):
    def test_too_many_containers(self) -> None:
        """More lists and objects than can be read in a moment are refused on both sides."""
        bomb = b"[" + b"[]," * 250_000 + b"1]"
        error = refusal(bomb)
        self.assertEqual(
            error and error.message, "the body holds more than 250000 lists and objects"
        )
        for text in (bomb, bomb.decode()):
            self.assertRaises(ValueError, decode, text)

    def test_a_long_list(self) -> None:
        """A list that is only long is read."""
        self.assertEqual(len(decode(b"[" + b"1," * 200_000 + b"1]")), 200_001)
        self.assertEqual(len(decode("[" + "{}," * 100_000 + "1]")), 100_001)
