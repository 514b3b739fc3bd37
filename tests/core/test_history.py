"""Conversations with tools, mended until a strict backend takes them."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.translate.messages import to_openai
from ollamaproxy.wire.images import Media
from ollamaproxy.wire.messages import Message, ToolCall
from tests.case import Case

ASK = Message(role="user", content="What?")
CALLS = Message(role="assistant", tool_calls=(ToolCall("f"), ToolCall("g")))
PICTURE = Media("iVBORw0KGgo=", "image/png")
SHAPES = {"role": str, "content": str}


def result(content: str, **more: Any) -> Message:
    return Message(role="tool", content=content, **more)


def answers(*messages: Message) -> list[tuple[str, str]]:
    """Return the name of each call that was answered, and the answer."""
    sent = to_openai(messages)
    names = {
        call["id"]: call["function"]["name"]
        for message in sent
        for call in message.get("tool_calls", ())
    }
    return [(names[m["tool_call_id"]], m["content"]) for m in sent if m["role"] == "tool"]


def fault_in(messages: Sequence[dict[str, Any]]) -> str | None:
    """Return what a strict backend has against a conversation."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                return "a result without a call"
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return "a call without a result"
        waiting += [call["id"] for call in message.get("tool_calls", ())]
    return "a call without a result at the end" if waiting else None


names = st.sampled_from(["", "f", "g"])
messages = st.lists(
    st.builds(
        Message,
        role=st.sampled_from(["user", "assistant", "tool", "system", ""]),
        content=st.sampled_from(["", "x"]),
        tool_calls=st.lists(st.builds(ToolCall, names), max_size=3).map(tuple),
        tool_name=names,
        tool_call_id=st.sampled_from(["", "a"]),
        images=st.sampled_from([(), (PICTURE,)]),
    ),
    max_size=8,
)


class Links(Case):
    def test_by_id(self) -> None:
        """A result belongs to the call whose id it has, whatever else it says."""
        calls = Message(role="assistant", tool_calls=(ToolCall("f", id="1"), ToolCall("g", id="2")))
        results = (result("b", tool_call_id="2", tool_name="f"), result("a", tool_call_id="1"))
        self.assertEqual(answers(ASK, calls, *results), [("g", "b"), ("f", "a")])

    def test_by_name(self) -> None:
        """Without an id it belongs to the first open call of its name."""
        results = (result("b", tool_name="g"), result("a", tool_name="f"))
        self.assertEqual(answers(ASK, CALLS, *results), [("g", "b"), ("f", "a")])

    def test_by_order(self) -> None:
        """Without either it belongs to the first open call."""
        self.assertEqual(answers(ASK, CALLS, result("a"), result("b")), [("f", "a"), ("g", "b")])

    def test_the_same_ids_on_each_round(self) -> None:
        """Invented ids do not change when the conversation goes on."""
        history = [ASK, CALLS, result("a"), result("b")]
        short, long = to_openai(history), to_openai([*history, ASK, CALLS])
        self.assertEqual(long[: len(short)], short)
        self.assertRegex(short[1]["tool_calls"][0]["id"], "^call_[0-9a-f]{8}$")


class Repairs(Case):
    def test_one_message_per_call(self) -> None:
        """Calls in messages of their own, one after the other, become one message."""
        one = Message(role="assistant", tool_calls=(ToolCall("f"),))
        two = Message(role="assistant", tool_calls=(ToolCall("g"),))
        sent = to_openai([ASK, one, two, result("a"), result("b")])
        self.assertEqual([m["role"] for m in sent], ["user", "assistant", "tool", "tool"])
        self.assertEqual(len(sent[1]["tool_calls"]), 2)

    def test_calls_without_results(self) -> None:
        """A call that nobody answered is answered with nothing, in the middle and at the end."""
        self.assertEqual(answers(ASK, CALLS, result("a"), ASK), [("f", "a"), ("g", "")])
        self.assertEqual(answers(ASK, CALLS), [("f", ""), ("g", "")])

    def test_nothing_said_before_results(self) -> None:
        """A user's message without any content does not part a call from its result."""
        nothing = Message(role="user")
        history = [ASK, CALLS, nothing, result("a"), nothing, result("b")]
        self.assertEqual(answers(*history), [("f", "a"), ("g", "b")])
        self.assertEqual(
            [m["role"] for m in to_openai(history)], ["user", "assistant", "tool", "tool"]
        )
        picture = Message(role="user", images=(PICTURE,))
        self.assertEqual(len(to_openai([ASK, CALLS, picture])), 5)
        self.assertEqual(len(to_openai([ASK, nothing, CALLS])), 5)

    def test_results_without_calls(self) -> None:
        """A result whose call is gone becomes something that the user says."""
        for orphan, text in (
            (result("x", tool_name="f"), "Tool f returned: x"),
            (result("x"), "A tool returned: x"),
        ):
            self.assertEqual(to_openai([orphan]), ({"role": "user", "content": text},))

    def test_pictures_in_results(self) -> None:
        """A picture in a result follows it as the user's."""
        sent = to_openai([ASK, CALLS, result("a", images=(PICTURE,))])
        self.assertEqual(sent[-1]["role"], "user")
        self.assertEqual(sent[-1]["content"][0]["type"], "image_url")

    def test_sounds(self) -> None:
        """A sound has a form of its own."""
        (sent,) = to_openai([Message(role="user", images=(Media("UklG", "audio/wav"),))])
        sound = {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}
        self.assertEqual(sent["content"], [sound])

    def test_text_beside_calls(self) -> None:
        """Text before a call is kept, and no text is null."""
        calls = Message(role="assistant", content="Wait.", tool_calls=(ToolCall("f"),))
        self.assertEqual(to_openai([ASK, calls])[1]["content"], "Wait.")
        self.assertIsNone(to_openai([ASK, CALLS])[1]["content"])

    def test_no_role(self) -> None:
        """A message without a role is the user's; others keep theirs, also in a row."""
        sent = to_openai([Message(role=role) for role in ("", "system", "system", "poet")])
        self.assertEqual([m["role"] for m in sent], ["user", "system", "system", "poet"])

    @settings(deadline=None, max_examples=300)
    @given(messages)
    def test_any_history(self, history: list[Message]) -> None:
        """Whatever a client remembers, a strict backend has nothing against it."""
        self.assertIsNone(fault_in(to_openai(history)))
