"""The events of a chat completion to the chunks of an Ollama reply."""

from ollamaproxy.translate.replies import ReplyTranslator, ReplyWishes
from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.wire.ndjson import Chunk, Ending, WholeToolCall
from ollamaproxy.wire.openai import CompletionEvent, ToolCallPiece
from ollamaproxy.wire.usage import Usage
from tests.case import Case

SECOND = 1_000_000_000

#: What OpenAI says of why a model stopped, and what Ollama says.
REASONS = (
    ("stop", "stop"),
    ("length", "length"),
    ("tool_calls", "stop"),
    ("function_call", "stop"),
    ("content_filter", "stop"),
    ("error", "stop"),
    ("LENGTH", "stop"),
)


class Replies(Case):
    def setUp(self) -> None:
        super().setUp()
        stopwatch = Stopwatch(0, 100.0)
        stopwatch.sent(101.0)
        self.translator = ReplyTranslator(stopwatch, lambda: "call_new", ReplyWishes())

    def test_dialogue(self) -> None:
        """Events with something to show become chunks, and the rest is told at the end."""
        for event, chunks in (
            (CompletionEvent(), ()),
            (CompletionEvent(reasoning="Let me"), (Chunk("", "Let me"),)),
            (CompletionEvent("Bl", "."), (Chunk("", "."), Chunk("Bl"))),
            (CompletionEvent("ue"), (Chunk("ue"),)),
            (CompletionEvent(finish_reason="stop"), ()),
            (CompletionEvent(usage=Usage(12, 9)), ()),
        ):
            self.assertEqual(self.translator.translate(event, 103.0), chunks, event)
        self.assertEqual(self.translator.last_chunks(), ())
        self.assertEqual(
            self.translator.ending(107.0),
            Ending(
                "stop",
                (
                    ("total_duration", 7 * SECOND),
                    ("load_duration", 1 * SECOND),
                    ("prompt_eval_count", 12),
                    ("prompt_eval_duration", 2 * SECOND),
                    ("eval_count", 9),
                    ("eval_duration", 4 * SECOND),
                ),
            ),
        )

    def test_reasons(self) -> None:
        """Ollama knows only length and stop; every other reason is stop."""
        for reason, done_reason in REASONS:
            self.translator.translate(CompletionEvent(finish_reason=reason), 101.0)
            self.assertEqual(self.translator.ending(102.0).done_reason, done_reason, reason)

    def test_no_reason(self) -> None:
        """A reply that ends without a reason has stopped."""
        self.assertEqual(self.translator.ending(102.0).done_reason, "stop")

    def test_finished(self) -> None:
        """A reply is finished once the model has said why it stopped, and stays so."""
        for event, finished in (
            (CompletionEvent("a"), False),
            (CompletionEvent(usage=Usage(1, 1)), False),
            (CompletionEvent("b", finish_reason="length"), True),
            (CompletionEvent(usage=Usage(2, 2)), True),
        ):
            self.translator.translate(event, 101.0)
            self.assertEqual(self.translator.finished, finished, event)
        self.assertEqual(self.translator.ending(102.0).done_reason, "length")

    def test_text_on_the_last_event(self) -> None:
        """Text beside the reason or the usage is shown like any other."""
        event = CompletionEvent(".", finish_reason="stop", usage=Usage(1, 1))
        self.assertEqual(self.translator.translate(event, 101.0), (Chunk("."),))

    def test_the_last_usage_counts(self) -> None:
        """Of usage that grows with every event the last one counts."""
        for count in (1, 2, 3):
            self.translator.translate(CompletionEvent("a", usage=Usage(5, count)), 101.0)
        self.translator.translate(CompletionEvent(finish_reason="stop"), 101.0)
        statistics = dict(self.translator.ending(102.0).statistics)
        self.assertEqual(statistics["prompt_eval_count"], 5)
        self.assertEqual(statistics["eval_count"], 3)

    def test_no_usage(self) -> None:
        """A gateway that does not count leaves zeros, which are not shown."""
        self.translator.translate(CompletionEvent("a"), 101.0)
        ending = self.translator.ending(102.0)
        self.assertEqual(dict(ending.statistics)["eval_count"], 0)
        self.assertNotIn("count", ending.statistics_json)

    def test_the_first_token(self) -> None:
        """The prompt is done with the first text or thinking, not with an empty event."""
        for event, now_s in (
            (CompletionEvent(), 102.0),
            (CompletionEvent(usage=Usage(1, 1)), 103.0),
            (CompletionEvent(reasoning="a"), 105.0),
            (CompletionEvent("b"), 106.0),
        ):
            self.translator.translate(event, now_s)
        statistics = dict(self.translator.ending(107.0).statistics)
        self.assertEqual(statistics["prompt_eval_duration"], 4 * SECOND)
        self.assertEqual(statistics["eval_duration"], 2 * SECOND)


class Tags(Case):
    def translator(self, wishes: ReplyWishes) -> ReplyTranslator:
        return ReplyTranslator(Stopwatch(0, 100.0), lambda: "call_new", wishes)

    def test_split(self) -> None:
        """Thinking inside of the text becomes thinking, also what is still held at the end."""
        translator = self.translator(ReplyWishes())
        chunks = [
            chunk
            for text in ("<think>a", "b</think> c", "d")
            for chunk in translator.translate(CompletionEvent(text), 101.0)
        ]
        self.assertEqual(chunks, [Chunk("", "a"), Chunk("", "b"), Chunk("c"), Chunk("d")])

    def test_held(self) -> None:
        """What might have become a tag comes out at the end."""
        translator = self.translator(ReplyWishes())
        self.assertEqual(translator.translate(CompletionEvent("<thi"), 101.0), ())
        self.assertEqual(translator.last_chunks(), (Chunk("<thi"),))

    def test_not_split(self) -> None:
        """A text to go on from is left alone."""
        translator = self.translator(ReplyWishes(split_tags=False))
        self.assertEqual(
            translator.translate(CompletionEvent("<think>a"), 101.0), (Chunk("<think>a"),)
        )

    def test_left_out(self) -> None:
        """Thinking that nobody wants is left out, and the text is not."""
        translator = self.translator(ReplyWishes(thinking=False))
        self.assertEqual(translator.translate(CompletionEvent("a", "b"), 101.0), (Chunk("a"),))
        self.assertEqual(translator.translate(CompletionEvent("", "b"), 101.0), ())


class ToolCalls(Case):
    def test_at_the_end(self) -> None:
        """Calls come whole, all in one chunk, when nothing more comes; the first piece is timed."""
        stopwatch = Stopwatch(0, 100.0)
        translator = ReplyTranslator(stopwatch, lambda: "call_new", ReplyWishes())
        for piece in (ToolCallPiece(0, "", "f", '{"a":'), ToolCallPiece(0, "", "", "1}")):
            self.assertEqual(translator.translate(CompletionEvent(tool_calls=(piece,)), 103.0), ())
        calls = (WholeToolCall("call_new", "f", {"a": 1}),)
        self.assertEqual(translator.last_chunks(), (Chunk(tool_calls=calls),))
        statistics = dict(translator.ending(104.0).statistics)
        self.assertEqual(statistics["eval_duration"], 1 * SECOND)


class Probabilities(Case):
    def test_of_tokens(self) -> None:
        """A token's bytes are told unless it is empty, its alternatives if they are wanted."""
        other = {"token": "b", "logprob": -2, "bytes": [98]}
        given = {"token": "a", "logprob": -1, "top_logprobs": [other]}
        for wishes, told in (
            (ReplyWishes(), {"token": "a", "logprob": -1, "bytes": [97]}),
            (
                ReplyWishes(alternatives=True),
                {"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": [other]},
            ),
        ):
            translator = ReplyTranslator(Stopwatch(0, 0.0), str, wishes)
            event = CompletionEvent("a", logprobs=(given, {"token": "", "logprob": 0}))
            (chunk,) = translator.translate(event, 1.0)
            self.assertEqual(chunk.logprobs, (told, {"token": "", "logprob": 0}))
