"""Tool calls out of pieces, from good servers and from broken ones."""

from ollamaproxy.errors import ToolCallGarbled
from ollamaproxy.translate.tool_calls import ToolCallGatherer
from ollamaproxy.wire.ndjson import WholeToolCall
from ollamaproxy.wire.openai import ToolCallPiece as Piece
from tests.case import Case

F = WholeToolCall("a", "f", {"x": 1})
G = WholeToolCall("b", "g", {})

#: Who sends it, what comes, and the calls that it is.
STREAMS = (
    ("nobody", (), ()),
    (
        "a good server",
        (
            Piece(0, "a", "f", ""),
            Piece(0, "", "", '{"x"'),
            Piece(0, "", "", ":1}"),
            Piece(1, "b", "g", "{}"),
        ),
        (F, G),
    ),
    ("whole calls", (Piece(0, "a", "f", '{"x":1}'), Piece(1, "b", "g", "")), (F, G)),
    ("no indexes", (Piece(None, "a", "f", '{"x":1}'), Piece(None, "b", "g", "{}")), (F, G)),
    (
        "no indexes, in pieces",
        (Piece(None, "a", "f", '{"x":'), Piece(None, "", "", "1}"), Piece(None, "b", "g", "")),
        (F, G),
    ),
    ("every index 0", (Piece(0, "a", "f", '{"x":1}'), Piece(0, "b", "g", "null")), (F, G)),
    (
        "everything on each piece",
        (Piece(0, "a", "f", '{"x"'), Piece(0, "a", "f", ":1}")),
        (F,),
    ),
    (
        "no ids and every index 0",
        (Piece(0, "", "f", '{"x":1}'), Piece(0, "", "g", "{}")),
        (WholeToolCall("new", "f", {"x": 1}), WholeToolCall("new", "g", {})),
    ),
    (
        "no ids and the name on each piece",
        (Piece(0, "", "f", '{"x"'), Piece(0, "", "f", ":1}")),
        (WholeToolCall("new", "f", {"x": 1}),),
    ),
    ("a late id and name", (Piece(0, "", "", '{"x":1}'), Piece(0, "a", "f", "")), (F,)),
)


def gathered(*pieces: Piece) -> tuple[WholeToolCall, ...]:
    gatherer = ToolCallGatherer(lambda: "new")
    for piece in pieces:
        gatherer.add(piece)
    return gatherer.whole_calls()


class Calls(Case):
    def test_streams(self) -> None:
        """Calls come out whole and in order, whatever is wrong with their ids and indexes."""
        for name, pieces, calls in STREAMS:
            self.assertEqual(gathered(*pieces), calls, name)

    def test_bad_arguments(self) -> None:
        """Arguments that are no object are an error that shows them, but not all of them."""
        for arguments in ('{"ci', "[1]", "5", '"x"', "no" * 200):
            with self.assertRaises(ToolCallGarbled) as caught:
                gathered(Piece(0, "a", "f", arguments))
            self.assertEqual(
                caught.exception.message,
                f'model returned invalid tool call arguments for "f": {arguments[:200]}',
            )
