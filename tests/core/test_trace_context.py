"""Request ids and trace contexts: what is taken, and what is dropped."""

from ollamaproxy.wire.trace_context import NO_TRACE, TraceContext, parse_request_id
from tests.case import Case

TRACE = b"0af7651916cd43dd8448eb211c80319c"
PARENT = b"00-" + TRACE + b"-b7ad6b7169203331-01"


class RequestIds(Case):
    def test_taken(self) -> None:
        """A word of letters, digits, dots, hyphens and underscores is an id."""
        for value in (b"a", b"0.A_z-", b"req_0123", b"x" * 128):
            self.assertEqual(parse_request_id([value]), value.decode())

    def test_dropped(self) -> None:
        """Anything else is none, and so are two of them."""
        for values in (
            [],
            [b""],
            [b"x" * 129],
            [b"a b"],
            [b"a\n"],
            [b"a/b"],
            [b'"'],
            [b"\xe9"],
            [b"a", b"a"],
        ):
            self.assertIsNone(parse_request_id(values), values)


class Traces(Case):
    def test_taken(self) -> None:
        """A traceparent of version 00 is passed on as it is, whatever its flags."""
        for flags in (b"00", b"01", b"ff"):
            parent = PARENT[:-2] + flags
            trace = TraceContext.from_headers([parent], [])
            self.assertEqual((trace.traceparent, trace.tracestate), (parent, b""))
            self.assertEqual(trace.trace_id, TRACE.decode())

    def test_dropped(self) -> None:
        """Another version, zeros, capitals, more, less or two are no trace, and have no state."""
        for parents in (
            [],
            [b""],
            [b"01" + PARENT[2:]],
            [b"ff" + PARENT[2:]],
            [PARENT.upper()],
            [PARENT + b"-more"],
            [PARENT + b" "],
            [PARENT[:-1]],
            [b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01"],
            [b"00-" + TRACE + b"-" + b"0" * 16 + b"-01"],
            [PARENT.replace(b"b7", b"g7")],
            [PARENT + b"\n"],
            [PARENT, PARENT],
        ):
            self.assertEqual(TraceContext.from_headers(parents, [b"a=1"]), NO_TRACE, parents)
        self.assertEqual(NO_TRACE.trace_id, "")

    def test_zeros_within(self) -> None:
        """An id that only begins with zeros is none of the forbidden ones."""
        parent = b"00-" + b"0" * 31 + b"1-" + b"0" * 15 + b"1-00"
        self.assertEqual(TraceContext.from_headers([parent], []).traceparent, parent)

    def test_states(self) -> None:
        """A tracestate is passed on in one line, without what is empty; one with a fault is not."""
        for states, told in (
            ([b"a=1"], b"a=1"),
            ([b"a=1, b=2\t,,c=3"], b"a=1,b=2,c=3"),
            ([b"a=1", b"b=2"], b"a=1,b=2"),
            ([b"0tenant@vendor=x y"], b"0tenant@vendor=x y"),
            ([b"a_-*/=!~"], b"a_-*/=!~"),
            ([b""], b""),
            ([b" , "], b""),
            ([b"a"], b""),
            ([b"a="], b""),
            ([b"A=1"], b""),
            ([b"a=1=2"], b""),
            ([b"a=1,b"], b""),
            ([b"a=\xe9"], b""),
            ([b"a=\x07"], b""),
            ([b"a=1,a=2"], b""),
            ([b"a=1", b"a=1"], b""),
            ([b",".join(b"k%d=1" % i for i in range(32))],) * 2,
            ([b",".join(b"k%d=1" % i for i in range(33))], b""),
            ([b"a=" + b"x" * 256], b"a=" + b"x" * 256),
            ([b"a=" + b"x" * 257], b""),
            ([b"a=" + b"x" * 250, b"b=" + b"x" * 250, b"c=12345"], b""),
        ):
            expected = told if isinstance(told, bytes) else told[0]
            trace = TraceContext.from_headers([PARENT], states)
            self.assertEqual(trace.tracestate, expected, states)
            self.assertEqual(trace.traceparent, PARENT)
