"""Ollama's requests to OpenAI's."""

from collections.abc import Mapping
from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.requests import (
    chat_to_completion,
    generate_to_completion,
    generate_to_text_completion,
)
from ollamaproxy.wire.messages import Message
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest
from ollamaproxy.wire.openai import CompletionRequest
from tests.case import Case

#: The model that all of them are for, and the name under which the gateway has it.
M = Model("m", "gateway/m")


class Chats(Case):
    def test_conversation(self) -> None:
        """A conversation goes on as it is, and options become parameters."""
        request = ChatRequest(
            model="m:latest",
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content="hi"),
                Message(role="assistant", content="Yes?"),
                Message(role="tool", content="x"),
            ),
            controls=Controls(options={"num_predict": 5, "num_ctx": 4096}),
        )
        self.assertEqual(
            chat_to_completion(request, M),
            CompletionRequest(
                model="gateway/m",
                content={
                    "messages": (
                        {"role": "system", "content": "Be brief."},
                        {"role": "user", "content": "hi"},
                        {"role": "assistant", "content": "Yes?"},
                        {"role": "user", "content": "A tool returned: x"},
                    )
                },
                parameters={"max_tokens": 5},
            ),
        )

    def test_not_streamed(self) -> None:
        """The gateway is asked the same whether the client streams or not."""
        messages = (Message(role="user", content="hi"),)
        self.assertEqual(
            chat_to_completion(
                ChatRequest(model="m", messages=messages, controls=Controls(stream=False)),
                M,
            ),
            chat_to_completion(
                ChatRequest(model="m", messages=messages, controls=Controls(stream=True)),
                M,
            ),
        )

    def test_wrong_option(self) -> None:
        """An option of the wrong type is refused before the gateway is asked."""
        with self.assertRaises(BadRequest):
            chat_to_completion(ChatRequest(model="m", controls=Controls(options={"seed": "x"})), M)


class Generations(Case):
    def test_prompt(self) -> None:
        """A prompt is a message of the user."""
        self.assertEqual(
            generate_to_completion(GenerateRequest(model="m", prompt="Why?"), M),
            CompletionRequest(
                model="gateway/m", content={"messages": ({"role": "user", "content": "Why?"},)}
            ),
        )

    def test_system(self) -> None:
        """Instructions stand before the prompt, and options become parameters."""
        request = GenerateRequest(
            model="m",
            prompt="Why?",
            system="Be brief.",
            controls=Controls(options={"temperature": 0}),
        )
        self.assertEqual(
            generate_to_completion(request, M),
            CompletionRequest(
                model="gateway/m",
                content={
                    "messages": (
                        {"role": "system", "content": "Be brief."},
                        {"role": "user", "content": "Why?"},
                    )
                },
                parameters={"temperature": 0},
            ),
        )

    def test_wrong_option(self) -> None:
        """An option of the wrong type is refused before the gateway is asked."""
        with self.assertRaises(BadRequest):
            generate_to_completion(
                GenerateRequest(model="m", prompt="a", controls=Controls(options={"stop": 1})),
                M,
            )

    def test_a_gap(self) -> None:
        """A prompt with a suffix, or a raw one, is a text to go on from; formats are no texts'."""
        options = Controls(options={"num_predict": 5})
        for suffix, content in (("b", {"prompt": "a", "suffix": "b"}), ("", {"prompt": "a"})):
            request = GenerateRequest(model="m", prompt="a", suffix=suffix, controls=options)
            self.assertEqual(
                generate_to_text_completion(request, M),
                CompletionRequest(model="gateway/m", content=content, parameters={"max_tokens": 5}),
            )


HI = (Message(role="user", content="hi"),)


def parameters(facts: ModelFacts = UNKNOWN_MODEL, **controls: Any) -> Mapping[str, Any]:
    """Return what the controls of a chat become."""
    request = ChatRequest(model="m", messages=HI, controls=Controls(**controls))
    return chat_to_completion(request, Model("m", "m", facts)).parameters


class Parameters(Case):
    def test_think(self) -> None:
        """Each way to ask for thinking has its word, and false only one that is understood."""
        for think, efforts, word in (
            (None, (), None),
            (True, (), "medium"),
            ("low", (), "low"),
            ("medium", (), "medium"),
            ("high", (), "high"),
            ("max", (), "high"),
            ("max", ("xhigh",), "xhigh"),
            ("max", ("xhigh", "max"), "max"),
            (False, (), None),
            (False, ("minimal",), "minimal"),
            (False, ("minimal", "none"), "none"),
        ):
            facts = ModelFacts(efforts=frozenset(efforts))
            self.assertEqual(parameters(facts, think=think).get("reasoning_effort"), word, think)

    def test_format(self) -> None:
        """JSON and schemas have their forms, and nothing asked is nothing sent."""
        schema = {"type": "object"}
        for value, sent in (
            (None, None),
            ("", None),
            ("json", {"type": "json_object"}),
            (
                schema,
                {"type": "json_schema", "json_schema": {"name": "schema", "schema": schema}},
            ),
        ):
            self.assertEqual(parameters(format=value).get("response_format"), sent, value)

    def test_bad_format(self) -> None:
        """Any other format is refused with status 500, in Ollama's words."""
        for value, quoted in (("xml", r'"\"xml\""'), (True, '"true"'), (1, '"1"'), ([], '"[]"')):
            with self.assertRaises(BadRequest) as caught:
                parameters(format=value)
            self.assertEqual(caught.exception.status, 500)
            self.assertEqual(
                caught.exception.message,
                f'invalid format: {quoted}; expected "json" or a valid JSON Schema object',
            )

    def test_the_word_json(self) -> None:
        """The word that OpenAI wants beside a JSON format is added only if nobody has said it."""
        for content, count in (("hi", 2), ("Give me json.", 1)):
            messages = (Message(role="user", content=content),)
            request = ChatRequest(model="m", messages=messages, controls=Controls(format="json"))
            sent = chat_to_completion(request, M).content["messages"]
            self.assertEqual(len(sent), count, content)

    def test_probabilities(self) -> None:
        """The number of alternatives is sent beside the word only, and never as 0."""
        for controls, sent in (
            ({}, {}),
            ({"top_logprobs": 3}, {}),
            ({"logprobs": True}, {"logprobs": True}),
            ({"logprobs": True, "top_logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ):
            self.assertEqual(parameters(**controls), sent, controls)

    def test_tools(self) -> None:
        """Definitions go on as they are, and an empty list does not."""
        tool = {"type": "function", "function": {"name": "f"}}
        request = ChatRequest(model="m", messages=HI, tools=(tool,))
        self.assertEqual(chat_to_completion(request, M).parameters["tools"], (tool,))
        self.assertNotIn("tools", parameters())
