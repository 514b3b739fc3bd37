"""Ollama's requests to OpenAI's."""

from ollamaproxy.errors import BadRequest
from ollamaproxy.translate.requests import chat_to_completion, generate_to_completion
from ollamaproxy.wire.ollama import ChatRequest, GenerateRequest, Message
from ollamaproxy.wire.openai import CompletionRequest
from tests.case import Case


class Chats(Case):
    def test_conversation(self) -> None:
        """A conversation goes on as it is, and options become parameters."""
        request = ChatRequest(
            model="m:latest",
            messages=(
                Message(role="system", content="Be brief."),
                Message(role="user", content="hi"),
                Message(role="assistant", content="Yes?"),
                Message(role="tool"),
            ),
            options={"num_predict": 5, "num_ctx": 4096},
        )
        self.assertEqual(
            chat_to_completion(request),
            CompletionRequest(
                model="m:latest",
                messages=(
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "hi"},
                    {"role": "assistant", "content": "Yes?"},
                    {"role": "tool", "content": ""},
                ),
                parameters={"max_tokens": 5},
            ),
        )

    def test_not_streamed(self) -> None:
        """The gateway is asked the same whether the client streams or not."""
        messages = (Message(role="user", content="hi"),)
        self.assertEqual(
            chat_to_completion(ChatRequest(model="m", messages=messages, stream=False)),
            chat_to_completion(ChatRequest(model="m", messages=messages, stream=True)),
        )

    def test_wrong_option(self) -> None:
        """An option of the wrong type is refused before the gateway is asked."""
        with self.assertRaises(BadRequest):
            chat_to_completion(ChatRequest(model="m", options={"seed": "x"}))


class Generations(Case):
    def test_prompt(self) -> None:
        """A prompt is a message of the user."""
        self.assertEqual(
            generate_to_completion(GenerateRequest(model="m", prompt="Why?")),
            CompletionRequest(model="m", messages=({"role": "user", "content": "Why?"},)),
        )

    def test_system(self) -> None:
        """Instructions stand before the prompt, and options become parameters."""
        request = GenerateRequest(
            model="m", prompt="Why?", system="Be brief.", options={"temperature": 0}
        )
        self.assertEqual(
            generate_to_completion(request),
            CompletionRequest(
                model="m",
                messages=(
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Why?"},
                ),
                parameters={"temperature": 0},
            ),
        )

    def test_wrong_option(self) -> None:
        """An option of the wrong type is refused before the gateway is asked."""
        with self.assertRaises(BadRequest):
            generate_to_completion(GenerateRequest(model="m", prompt="a", options={"stop": 1}))
