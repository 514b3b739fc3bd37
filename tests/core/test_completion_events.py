"""The events of a stream, read with what is known of the one before: never another meaning."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.completion_events import CompletionEvents
from ollamaproxy.wire.openai import CompletionEvent, decode_event
from tests.case import Case

texts = st.one_of(
    st.sampled_from(
        [
            "",
            "a",
            'say "hi"',
            "\\",
            "\n",
            "é😀",
            '"}',
            '","content":"b',
            "\ud83d",
            "\x01",
            "</think>",
        ]
    ),
    st.text(max_size=8),
)


def dumped(value: Any) -> st.SearchStrategy[bytes]:
    return st.booleans().map(
        lambda ascii_only: json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    )


@st.composite
def events(draw: st.DrawFn) -> bytes:
    """Return an event of one of a few shapes, mostly like the others of its stream."""
    text = draw(texts)
    other = draw(st.sampled_from(["x", "x", text]))
    choice: dict[str, Any] = draw(
        st.sampled_from(
            [
                {"delta": {"content": text}},
                {"delta": {"content": text}, "finish_reason": None},
                {"delta": {"content": text, "reasoning_content": other}},
                {"delta": {"reasoning": text, "reasoning_content": text}},
                {"delta": {"content": None, "refusal": text}},
                {"delta": {"content": text}, "logprobs": {"content": [{"token": text}]}},
                {"delta": {"content": text, "tool_calls": [{"id": "content", "function": {}}]}},
                {"delta": {"content": text}, "finish_reason": "stop"},
                {"text": text},
                {"text": text, "delta": {"content": other}},
            ]
        )
    )
    more: dict[str, Any] = draw(
        st.sampled_from(
            [{}, {}, {"content": text}, {"usage": {"prompt_tokens": 1}}, {"error": text}]
        )
    )
    whole = draw(dumped({"id": other, "choices": [choice], **more}))
    return draw(
        st.sampled_from(
            [whole, whole, whole, whole[:-1], whole + b" ", whole.replace(b"e", b"\xff", 1)]
        )
    )


def meaning(data: bytes, decode: Any) -> CompletionEvent | str:
    try:
        event: CompletionEvent = decode(data)
    except UpstreamGarbled as error:
        return str(error)
    return event


class Streams(Case):
    @given(st.lists(events(), max_size=12))
    def test_same_as_alone(self, stream: list[bytes]) -> None:
        """Each event means what it means by itself, whatever came before."""
        reader = CompletionEvents()
        for data in stream:
            self.assertEqual(meaning(data, reader.decode), meaning(data, decode_event), stream)

    @given(st.lists(texts, min_size=1, max_size=8), st.sampled_from(["content", "reasoning"]))
    def test_texts_of_one_shape(self, stream: list[str], key: str) -> None:
        """In a stream of nothing but texts all come out, also with escapes in them."""
        reader = CompletionEvents()
        for text in ["a", "b", *stream]:
            data = json.dumps({"id": "x", "choices": [{"delta": {key: text}}]}).encode()
            event = reader.decode(data)
            self.assertEqual(event.content or event.reasoning, text)

    def test_a_text_that_looks_like_the_end(self) -> None:
        """A quotation mark without a backslash ends a text, wherever the event ends."""
        reader = CompletionEvents()
        for text in ("a", "b"):
            reader.decode(b'{"choices":[{"delta":{"content":"%s"}}]}' % text.encode())
        crafted = b'{"choices":[{"delta":{"content":"a"}}],"x":[{"delta":{"content":"b"}}]}'
        self.assertEqual(reader.decode(crafted), CompletionEvent("a"))

    def test_more_than_texts(self) -> None:
        """Events that bring more than a text are read each by itself."""
        reader = CompletionEvents()
        for number in range(12):
            data = b'{"choices":[{"delta":{"content":"%d"},"finish_reason":"stop"}]}' % number
            self.assertEqual(reader.decode(data).finish_reason, "stop")
        thought = b'{"choices":[{"delta":{"reasoning_content":"hm"}}]}'
        self.assertEqual(reader.decode(thought), CompletionEvent("", "hm"))

    def test_a_text_that_is_none(self) -> None:
        """An event that is like the others but for a mistake in its text is a mistake."""
        for text in (b"\\q", b"\n", b"a\\"):
            reader = CompletionEvents()
            for good in (b"a", b"b"):
                reader.decode(b'{"choices":[{"delta":{"content":"%s"}}]}' % good)
            with self.assertRaises(UpstreamGarbled):
                reader.decode(b'{"choices":[{"delta":{"content":"%s"}}]}' % text)

    def test_a_very_long_event(self) -> None:
        """An event of megabytes is read as any other."""
        reader = CompletionEvents()
        for size in (1, 3_000_000, 3_000_000, 2):
            text = "x" * size
            data = json.dumps({"choices": [{"delta": {"content": text}}]}).encode()
            self.assertEqual(reader.decode(data), CompletionEvent(text))
