"""What the demonstration gateway says, without HTTP."""

import base64
import json
import math
import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.demo.chat import (
    ECHO_LIMIT,
    ChatAnswer,
    Delivery,
    answer_chat,
    delivery_of,
)
from ollamaproxy.demo.embeddings import (
    DEFAULT_DIMENSIONS,
    MAX_DIMENSIONS,
    EmbeddingAnswer,
    answer_embeddings,
    base64_of,
    unit_vector,
)
from ollamaproxy.demo.parameters import (
    CHAT_MODEL,
    EMBEDDING_MODEL,
    MODEL_LIST,
    RequestRefused,
)

_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_PARAMETERS = (
    "messages",
    "input",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "response_format",
    "dimensions",
    "encoding_format",
)


def chat(content: object = "Why is the sky blue?", **others: object) -> ChatAnswer:
    """Ask the chat model one user message."""
    messages = [{"role": "user", "content": content}]
    return answer_chat({"model": CHAT_MODEL, "messages": messages, **others})


def embed(texts: object, **others: object) -> EmbeddingAnswer:
    """Ask the embedding model."""
    return answer_embeddings({"model": EMBEDDING_MODEL, "input": texts, **others})


def nearness(one: str, other: str) -> float:
    """Return the cosine of two texts' vectors."""
    return sum(a * b for a, b in zip(unit_vector(one), unit_vector(other), strict=True))


class ChatTextTests(SynchronousTestCase):
    """What the chat model's answer says."""

    def test_it_says_that_it_is_no_model(self) -> None:
        """The first sentence names the demonstration and denies a model."""
        first_sentence = chat().text.partition(":")[0]
        self.assertEqual(
            first_sentence,
            "This answer comes from the demonstration inside ollamaproxy, not from a model",
        )

    def test_it_says_what_to_do_next(self) -> None:
        """The answer ends with the command for a real gateway."""
        self.assertTrue(chat().text.endswith("ollamaproxy --base-url http://localhost:4000"))

    def test_it_repeats_the_question(self) -> None:
        """What the user wrote stands in the answer, in quotation marks."""
        self.assertIn("You wrote: “Why is the sky blue?”\n", chat().text)

    def test_it_is_deterministic(self) -> None:
        """The same request gets the same answer."""
        self.assertEqual(chat(), chat())

    def test_a_long_question_is_cut(self) -> None:
        """No more than the limit is repeated, and an ellipsis marks the cut."""
        self.assertIn(f"“{'x' * (ECHO_LIMIT - 1)}…”", chat("x" * (ECHO_LIMIT + 1)).text)

    def test_a_question_at_the_limit_is_whole(self) -> None:
        """A question of exactly the limit is repeated without an ellipsis."""
        self.assertIn(f"“{'x' * ECHO_LIMIT}”", chat("x" * ECHO_LIMIT).text)

    def test_the_question_is_repeated_on_one_line(self) -> None:
        """Line breaks and runs of spaces become single spaces."""
        self.assertIn("“one two three”", chat(" one\n\ntwo   three ").text)

    def test_the_last_user_message_counts(self) -> None:
        """Earlier questions, other roles and empty messages are not repeated."""
        messages = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "first"},
            {"role": "user", "content": "second"},
            {"role": "user", "content": " "},
            {"role": "assistant", "content": "third"},
            {"role": "tool"},
        ]
        answer = answer_chat({"model": CHAT_MODEL, "messages": messages})
        self.assertIn("“second”", answer.text)

    def test_nothing_to_repeat(self) -> None:
        """Without any words of the user the answer says so."""
        for content in (None, "", [], [{"type": "image_url", "image_url": {"url": "data:,"}}]):
            self.assertIn("It found no words of yours to repeat.", chat(content).text)

    def test_no_messages(self) -> None:
        """An empty conversation is answered."""
        answer = answer_chat({"model": CHAT_MODEL, "messages": []})
        self.assertEqual((answer.finish_reason, answer.prompt_tokens), ("stop", 0))

    def test_parts(self) -> None:
        """Of a list of parts, the text is read and the pictures are not."""
        parts = [
            {"type": "text", "text": "What is"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
            {"type": "text", "text": "this?"},
        ]
        answer = chat(parts)
        self.assertIn("“What is this?”", answer.text)
        self.assertEqual(answer.prompt_tokens, 3)

    def test_tools_are_ignored(self) -> None:
        """Parameters that the demonstration does not know change nothing."""
        self.assertEqual(chat(tools=[{"type": "function"}], temperature=2, n=5), chat())

    def test_json(self) -> None:
        """With a response format for JSON, the answer is an object that says the same."""
        for wanted in ("json_object", "json_schema"):
            text = chat("Grüße “you”", response_format={"type": wanted}).text
            self.assertIn('"Grüße “you”"', text)
            value = json.loads(text)
            self.assertEqual(list(value), ["notice", "you_wrote", "next_step"])
            self.assertIn("not from a model", value["notice"])
            self.assertEqual(value["you_wrote"], "Grüße “you”")
            self.assertIn("--base-url", value["next_step"])

    def test_text_format(self) -> None:
        """The response format for text is what one gets anyway."""
        self.assertEqual(chat(response_format={"type": "text"}), chat(response_format=None))


class ChatLengthTests(SynchronousTestCase):
    """Tokens, limits and stops."""

    def test_words_are_tokens(self) -> None:
        """Prompt and answer are counted in words."""
        answer = chat("Why is the sky blue?")
        self.assertEqual(answer.prompt_tokens, 5)
        self.assertEqual(answer.completion_tokens, len(answer.text.split()))

    def test_all_messages_are_counted(self) -> None:
        """The prompt is the whole conversation, not the last message."""
        messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
        answer = answer_chat({"model": CHAT_MODEL, "messages": messages})
        self.assertEqual(answer.prompt_tokens, 3)

    def test_every_piece_is_one_word(self) -> None:
        """A piece is a word with the white space behind it."""
        pieces = chat().pieces
        self.assertEqual(pieces[:3], ("This ", "answer ", "comes "))
        self.assertEqual([len(piece.split()) for piece in pieces], [1] * len(pieces))

    def test_the_limit_cuts(self) -> None:
        """Either limit cuts the words and is named as the reason; the smaller one counts."""
        for limits in (
            {"max_tokens": 3},
            {"max_completion_tokens": 3},
            {"max_tokens": 3, "max_completion_tokens": 4},
            {"max_tokens": 4, "max_completion_tokens": 3},
        ):
            answer = chat(**limits)
            self.assertEqual(answer.text, "This answer comes ")
            self.assertEqual(answer.finish_reason, "length")

    def test_a_limit_that_fits(self) -> None:
        """An answer of exactly the limit is complete."""
        whole = chat()
        self.assertEqual(whole.finish_reason, "stop")
        self.assertEqual(chat(max_tokens=whole.completion_tokens), whole)
        shorter = chat(max_tokens=whole.completion_tokens - 1)
        self.assertEqual(shorter.finish_reason, "length")

    def test_stop(self) -> None:
        """The answer ends before the earliest of the stops, wherever it is in the list."""
        for stop in ("answer", ["from", "answer"], ["answer", "from"], ["", "nope", "answer"]):
            answer = chat(stop=stop)
            self.assertEqual((answer.text, answer.finish_reason), ("This ", "stop"))

    def test_overlapping_stops(self) -> None:
        """A stop that begins earlier wins over one that it overlaps."""
        self.assertEqual(chat(stop=["swer comes", "answer"]).text, "This ")

    def test_no_stop(self) -> None:
        """Stops that are empty or do not occur end nothing."""
        for stop in (None, [], "", [""], "absent"):
            self.assertEqual(chat(stop=stop), chat())

    def test_stop_at_the_start(self) -> None:
        """A stop at the very start leaves no pieces."""
        self.assertEqual(chat(stop="This").pieces, ())

    @given(st.text())
    def test_any_question(self, question: str) -> None:
        """Whatever was asked, the pieces join to a text that is not empty."""
        answer = chat(question)
        self.assertEqual("".join(answer.pieces), answer.text)
        self.assertIn("not from a model", answer.text)
        self.assertLess(len(answer.pieces), 100)


class DeliveryTests(SynchronousTestCase):
    """How a chat answer is wanted."""

    def test_undivided(self) -> None:
        """Without asking, or with null, there is no stream."""
        plain = Delivery(stream=False, include_usage=False)
        for request in ({}, {"stream": None, "stream_options": None}, {"stream": False}):
            self.assertEqual(delivery_of(request), plain)

    def test_stream(self) -> None:
        """A stream may be asked for with and without usage."""
        for usage in (False, True):
            request = {"stream": True, "stream_options": {"include_usage": usage}}
            self.assertEqual(delivery_of(request), Delivery(stream=True, include_usage=usage))
        self.assertEqual(
            delivery_of({"stream": True, "stream_options": {}}),
            Delivery(stream=True, include_usage=False),
        )


class EmbeddingTests(SynchronousTestCase):
    """What the embedding model answers."""

    def test_one_text(self) -> None:
        """A string gets one vector of the default size."""
        answer = embed("two words")
        self.assertEqual(answer.vectors, (unit_vector("two words"),))
        self.assertEqual(len(answer.vectors[0]), DEFAULT_DIMENSIONS)
        self.assertEqual((answer.prompt_tokens, answer.as_base64), (2, False))

    def test_several_texts(self) -> None:
        """A list gets a vector for each text, in order."""
        answer = embed(["one", "two three", ""])
        expected = (unit_vector("one"), unit_vector("two three"), unit_vector(""))
        self.assertEqual(answer.vectors, expected)
        self.assertEqual(answer.prompt_tokens, 3)

    def test_dimensions(self) -> None:
        """The number of dimensions is the number asked for, from 1 to the maximum."""
        for dimensions in (1, 3, MAX_DIMENSIONS):
            self.assertEqual(len(embed("x", dimensions=dimensions).vectors[0]), dimensions)

    def test_encoding(self) -> None:
        """Floats are the default, base64 is noted."""
        self.assertFalse(embed("x", encoding_format="float").as_base64)
        self.assertTrue(embed("x", encoding_format="base64").as_base64)

    def test_a_known_vector(self) -> None:
        """Vectors stay the same from one release, machine or process to the next."""
        # SHAKE256("hello") begins with 12 34 07, which is -219, -151, -241 before scaling.
        expected = (-0.6101, -0.4207, -0.6714)
        for found, component in zip(unit_vector("hello", 3), expected, strict=True):
            self.assertAlmostEqual(found, component, places=4)

    def test_shared_words(self) -> None:
        """Texts that share words are nearer to each other than texts that do not."""
        self.assertGreater(
            nearness("the cat sat", "a cat sat down"), nearness("the cat sat", "stock prices fell")
        )

    def test_case_and_order(self) -> None:
        """Case, punctuation and word order play no part."""
        self.assertAlmostEqual(nearness("The cat: sat!", "SAT the CAT"), 1.0)

    def test_words_that_cancel(self) -> None:
        """Words that point in opposite directions still give a vector."""
        # In one dimension: the first bytes of the two digests add up to 255.
        self.assertEqual(unit_vector("w4", 1), (-unit_vector("w27", 1)[0],))
        self.assertEqual(abs(unit_vector("w4 w27", 1)[0]), 1.0)

    @given(st.text(), st.integers(1, 40))
    def test_any_text(self, text: str, dimensions: int) -> None:
        """Any text, also an empty one, has a vector of length 1."""
        vector = unit_vector(text, dimensions)
        self.assertEqual(len(vector), dimensions)
        self.assertAlmostEqual(math.hypot(*vector), 1.0)

    def test_half_a_surrogate_pair(self) -> None:
        """Text that UTF-8 cannot hold, alone or within a word's text, has a vector."""
        for text in ("\ud800", "a\udc00b", "\ud800 \udc00"):
            self.assertAlmostEqual(math.hypot(*unit_vector(text)), 1.0)

    def test_base64(self) -> None:
        """Base64 holds little-endian 32-bit floats."""
        packed = base64.b64decode(base64_of((1.0, -0.5)))
        self.assertEqual(packed, bytes.fromhex("0000803f 000000bf"))
        self.assertEqual(struct.unpack("<2f", packed), (1.0, -0.5))


class ModelListTests(SynchronousTestCase):
    """Which models there are."""

    def test_models(self) -> None:
        """There is one model for chat and one for embeddings, and they say so."""
        models = MODEL_LIST["data"]
        assert isinstance(models, list)
        found = [(model["id"], model["mode"], model["max_input_tokens"]) for model in models]
        self.assertEqual(found, [("demo-chat", "chat", 8192), ("demo-embed", "embedding", 8192)])


class RefusalTests(SynchronousTestCase):
    """What cannot be answered is refused in words."""

    def refused(self, request: dict[str, object]) -> RequestRefused:
        """Return the refusal of a chat request."""
        refusal: RequestRefused = self.assertRaises(RequestRefused, answer_chat, request)
        return refusal

    def test_unknown_model(self) -> None:
        """An unknown model is refused in LiteLLM's words."""
        refusal = self.refused({"model": "nope", "messages": []})
        self.assertEqual(
            refusal.message,
            "litellm.BadRequestError: You passed in model=nope."
            " There are no healthy deployments for this model",
        )
        self.assertEqual((refusal.status, refusal.param), (400, None))

    def test_the_other_model(self) -> None:
        """A model used for the wrong purpose is refused with the right one's name."""
        refusal = self.refused({"model": EMBEDDING_MODEL, "messages": []})
        self.assertIn("demo-embed is for embeddings only; use demo-chat here", refusal.message)
        refusal = self.assertRaises(
            RequestRefused, answer_embeddings, {"model": CHAT_MODEL, "input": "x"}
        )
        self.assertIn("demo-chat is for chat only; use demo-embed here", refusal.message)

    def test_what_is_missing_or_wrong_in_chat(self) -> None:
        """Each parameter of a chat that is missing or of a wrong type is named."""
        good: dict[str, object] = {"model": CHAT_MODEL, "messages": []}
        for name, value in (
            ("model", None),
            ("model", 7),
            ("messages", None),
            ("messages", "hi"),
            ("messages", ["hi"]),
            ("messages", [{"role": "user", "content": 7}]),
            ("messages", [{"role": "user", "content": ["hi"]}]),
            ("messages", [{"role": "user", "content": [{"type": "text", "text": 7}]}]),
            ("max_tokens", 0),
            ("max_tokens", True),
            ("max_tokens", 1.5),
            ("max_completion_tokens", "9"),
            ("stop", 7),
            ("stop", ["a", 7]),
            ("response_format", "json"),
            ("response_format", {"type": "xml"}),
        ):
            refusal = self.refused({**good, name: value})
            self.assertEqual((refusal.param, refusal.status), (name, 400))
            self.assertIn(
                f"'{'content' if 'content' in refusal.message else name}'", refusal.message
            )

    def test_what_is_missing_or_wrong_in_embeddings(self) -> None:
        """Each parameter of an embedding that is missing or of a wrong type is named."""
        good: dict[str, object] = {"model": EMBEDDING_MODEL, "input": "x"}
        for name, value in (
            ("input", None),
            ("input", []),
            ("input", 7),
            ("input", [1, 2]),
            ("dimensions", 0),
            ("dimensions", MAX_DIMENSIONS + 1),
            ("dimensions", False),
            ("encoding_format", "hex"),
            ("encoding_format", ["float"]),
        ):
            refusal = self.assertRaises(RequestRefused, answer_embeddings, {**good, name: value})
            self.assertEqual((refusal.param, refusal.status), (name, 400))
            self.assertIn(f"'{name}'", refusal.message)

    def test_what_is_wrong_in_delivery(self) -> None:
        """Stream options of a wrong type are named."""
        for request, name in (
            ({"stream": "yes"}, "stream"),
            ({"stream": 1}, "stream"),
            ({"stream_options": True}, "stream_options"),
            ({"stream_options": {"include_usage": 1}}, "include_usage"),
        ):
            self.assertEqual(self.assertRaises(RequestRefused, delivery_of, request).param, name)

    @given(
        st.fixed_dictionaries(
            {"model": st.sampled_from([CHAT_MODEL, EMBEDDING_MODEL]) | _JSON_VALUES},
            optional=dict.fromkeys(_PARAMETERS, _JSON_VALUES),
        )
    )
    def test_anything(self, request: dict[str, object]) -> None:
        """Whatever the request holds, it is answered or refused, and nothing else."""
        for answer in (delivery_of, answer_chat, answer_embeddings):
            try:
                answer(request)
            except RequestRefused as refusal:
                self.assertEqual(refusal.status, 400)
