"""The lines that Ollama's clients read, byte for byte."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.wire.ndjson import (
    ChatLayout,
    Chunk,
    Ending,
    GenerateLayout,
    Layout,
    WholeToolCall,
    error_object,
)

AT = "2026-08-21T10:00:00.4Z"
ALL_STATISTICS = (
    ("total_duration", 300000000),
    ("load_duration", 1000000),
    ("prompt_eval_count", 12),
    ("prompt_eval_duration", 50000000),
    ("eval_count", 9),
    ("eval_duration", 200000000),
)

#: Texts with everything in them, also the second half of a surrogate pair.  The
#: first half is left out: beside the second the two are one character in JSON.
texts = st.text(st.characters(codec="utf-8") | st.integers(0xDC00, 0xDFFF).map(chr))
statistics = st.lists(
    st.tuples(st.sampled_from([name for name, _ in ALL_STATISTICS]), st.integers(0, 2**62)),
    unique_by=lambda pair: pair[0],
).map(tuple)


def told(content: str, thinking: str) -> tuple[tuple[type[Layout], dict[str, object]], ...]:
    """Return the layouts, and how each of them tells these texts."""
    thoughts = {"thinking": thinking} if thinking else {}
    message = {"role": "assistant", "content": content, **thoughts}
    return (ChatLayout, {"message": message}), (GenerateLayout, {"response": content, **thoughts})


class Chat(SynchronousTestCase):
    layout = ChatLayout("chat-model")

    def test_a_piece(self) -> None:
        """A piece has its text in a message of the assistant and is not done."""
        self.assertEqual(
            self.layout.piece(AT, Chunk("Hel")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"message":{"role":"assistant","content":"Hel"},"done":false}',
        )

    def test_thinking(self) -> None:
        """Thinking stands after the content, which is there even when it is empty."""
        self.assertEqual(
            self.layout.piece(AT, Chunk("", "The user")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"message":{"role":"assistant","content":"","thinking":"The user"},"done":false}',
        )

    def test_the_last(self) -> None:
        """The last line has an empty message, why it is done, and the statistics in order."""
        self.assertEqual(
            self.layout.last(AT, Chunk(), Ending("stop", ALL_STATISTICS)),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop",'
            '"total_duration":300000000,"load_duration":1000000,"prompt_eval_count":12,'
            '"prompt_eval_duration":50000000,"eval_count":9,"eval_duration":200000000}',
        )

    def test_all_in_one(self) -> None:
        """A reply in one object has the whole text beside what a last line has."""
        self.assertEqual(
            self.layout.last(AT, Chunk("Blue light.", "Let me see"), Ending("length")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"message":{"role":"assistant","content":"Blue light.","thinking":"Let me see"},'
            '"done":true,"done_reason":"length"}',
        )

    def test_load(self) -> None:
        """The reply to a load request has no statistics."""
        self.assertEqual(
            ChatLayout("m").last(AT, Chunk(), Ending("load")),
            '{"model":"m","created_at":"2026-08-21T10:00:00.4Z",'
            '"message":{"role":"assistant","content":""},"done":true,"done_reason":"load"}',
        )


class Generate(SynchronousTestCase):
    layout = GenerateLayout("chat-model")

    def test_a_piece(self) -> None:
        """A piece has its text in the response and is not done."""
        self.assertEqual(
            self.layout.piece(AT, Chunk("Blue")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"response":"Blue","done":false}',
        )

    def test_thinking(self) -> None:
        """Thinking stands after the response, which is there even when it is empty."""
        self.assertEqual(
            self.layout.piece(AT, Chunk("", "Let me see")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"response":"","thinking":"Let me see","done":false}',
        )

    def test_the_last(self) -> None:
        """The last line has an empty response, why it is done, and the statistics in order."""
        self.assertEqual(
            self.layout.last(AT, Chunk(), Ending("stop", ALL_STATISTICS)),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z","response":"",'
            '"done":true,"done_reason":"stop","context":[],'
            '"total_duration":300000000,"load_duration":1000000,"prompt_eval_count":12,'
            '"prompt_eval_duration":50000000,"eval_count":9,"eval_duration":200000000}',
        )

    def test_all_in_one(self) -> None:
        """A reply in one object has the whole text beside what a last line has."""
        self.assertEqual(
            self.layout.last(AT, Chunk("Blue light.", "Let me see"), Ending("length")),
            '{"model":"chat-model","created_at":"2026-08-21T10:00:00.4Z",'
            '"response":"Blue light.","thinking":"Let me see","done":true,"done_reason":"length"}',
        )

    def test_unload(self) -> None:
        """The reply to an unload request has no statistics."""
        self.assertEqual(
            GenerateLayout("m").last(AT, Chunk(), Ending("unload")),
            '{"model":"m","created_at":"2026-08-21T10:00:00.4Z",'
            '"response":"","done":true,"done_reason":"unload"}',
        )


class Endings(SynchronousTestCase):
    def test_zeros(self) -> None:
        """A figure that is 0 is left out, as Ollama does."""
        ending = Ending("stop", (("total_duration", 1), ("eval_count", 0), ("eval_duration", 2)))
        self.assertEqual(
            ending.reason_json + ending.statistics_json,
            '"done":true,"done_reason":"stop","total_duration":1,"eval_duration":2',
        )


class Errors(SynchronousTestCase):
    def test_error(self) -> None:
        """An error is one text under one key, without a line end."""
        self.assertEqual(
            error_object('"m" does not support chat'),
            r'{"error":"\"m\" does not support chat"}',
        )


class AnyText(SynchronousTestCase):
    """Nothing that a model or a client can say breaks a line or its JSON."""

    @settings(deadline=None, max_examples=200)
    @given(texts, texts, texts)
    def test_pieces(self, model: str, content: str, thinking: str) -> None:
        """Any text of a piece comes back as it was, from one line of ASCII."""
        for kind, said in told(content, thinking):
            line = kind(model).piece(AT, Chunk(content, thinking))
            self.assert_line(line, {"model": model, "created_at": AT, **said, "done": False})

    @settings(deadline=None, max_examples=200)
    @given(texts, texts, texts, statistics)
    def test_last_lines(
        self, content: str, thinking: str, reason: str, figures: tuple[tuple[str, int], ...]
    ) -> None:
        """So do the texts and all figures but zeros of a last line."""
        ending = {"done": True, "done_reason": reason}
        ending |= {name: value for name, value in figures if value}
        for kind, said in told(content, thinking):
            line = kind("m").last(AT, Chunk(content, thinking), Ending(reason, figures))
            context: dict[str, object] = (
                {"context": []} if kind is GenerateLayout and figures else {}
            )
            value = {"model": "m", "created_at": AT, **said, **ending, **context}
            self.assert_line(line, value)

    @settings(deadline=None, max_examples=200)
    @given(texts)
    def test_errors(self, message: str) -> None:
        """So does the text of any error."""
        self.assert_line(error_object(message), {"error": message})

    def assert_line(self, line: str, value: object) -> None:
        self.assertTrue(line.isascii())
        self.assertEqual(len(line.splitlines()), 1)
        self.assertEqual(json.loads(line), value)


class Extras(SynchronousTestCase):
    CALLS = (WholeToolCall("c1", "f", {"a": 1}), WholeToolCall("c2", "g", {}))

    def test_tool_calls(self) -> None:
        """All calls stand in one list, id before function, with an index that counts up."""
        self.assertEqual(
            ChatLayout("m").piece(AT, Chunk(tool_calls=self.CALLS)),
            '{"model":"m","created_at":"2026-08-21T10:00:00.4Z","message":{"role":"assistant",'
            '"content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"f",'
            '"arguments":{"a":1}}},{"id":"c2","function":{"index":1,"name":"g",'
            '"arguments":{}}}]},"done":false}',
        )

    def test_probabilities(self) -> None:
        """They stand before the statistics in a chat and behind them in a generate."""
        chunk = Chunk("a", logprobs=({"token": "a"},))
        ending = Ending("stop", (("eval_count", 1),))
        tail = '"done":true,"done_reason":"stop"'
        self.assertTrue(
            ChatLayout("m")
            .last(AT, chunk, ending)
            .endswith(tail + ',"logprobs":[{"token":"a"}],"eval_count":1}')
        )
        self.assertTrue(
            GenerateLayout("m")
            .last(AT, chunk, ending)
            .endswith(tail + ',"context":[],"eval_count":1,"logprobs":[{"token":"a"}]}')
        )
        for layout in (ChatLayout("m"), GenerateLayout("m")):
            self.assertTrue(
                layout.piece(AT, chunk).endswith('"done":false,"logprobs":[{"token":"a"}]}')
            )
