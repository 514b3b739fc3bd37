"""The events of a chat completion to the chunks of an Ollama reply."""

from ollamaproxy.translate.replies import ReplyTranslator
from ollamaproxy.translate.stopwatch import Stopwatch
from ollamaproxy.wire.ndjson import Chunk, Ending
from ollamaproxy.wire.openai import CompletionEvent, Usage
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
        self.translator = ReplyTranslator(stopwatch)

    def test_dialogue(self) -> None:
        """Events with something to show become chunks, and the rest is told at the end."""
        for event, chunk in (
            (CompletionEvent(), None),
            (CompletionEvent(reasoning="Let me"), Chunk("", "Let me")),
            (CompletionEvent("Bl", "."), Chunk("Bl", ".")),
            (CompletionEvent("ue"), Chunk("ue")),
            (CompletionEvent(finish_reason="stop"), None),
            (CompletionEvent(usage=Usage(12, 9)), None),
        ):
            self.assertEqual(self.translator.translate(event, 103.0), chunk, event)
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
        self.assertEqual(self.translator.translate(event, 101.0), Chunk("."))

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
        self.assertNotIn("count", ending.to_json())

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
