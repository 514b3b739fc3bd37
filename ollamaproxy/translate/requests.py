"""Ollama's requests to OpenAI's."""

from collections.abc import Iterable, Mapping
from typing import Any

from ollamaproxy.translate.options import to_parameters
from ollamaproxy.wire.ollama import ChatRequest, GenerateRequest, Message, question
from ollamaproxy.wire.openai import CompletionRequest


def chat_to_completion(request: ChatRequest) -> CompletionRequest:
    """
    Return the chat completion that answers ``POST /api/chat``.

    Raises:
        BadRequest: An option has the wrong type.
    """
    return _completion(request.model, request.messages, request.options)


def generate_to_completion(request: GenerateRequest) -> CompletionRequest:
    """
    Return the chat completion that answers ``POST /api/generate``.

    Raises:
        BadRequest: An option has the wrong type.
    """
    return _completion(request.model, question(request.prompt, request.system), request.options)


def _completion(
    model: str, messages: Iterable[Message], options: Mapping[str, Any]
) -> CompletionRequest:
    return CompletionRequest(
        model=model,
        messages=tuple({"role": message.role, "content": message.content} for message in messages),
        parameters=to_parameters(options),
    )
