"""
Ollama's requests to OpenAI's.

================================  ==================================================================
Ollama                            OpenAI
================================  ==================================================================
``messages``                      ``messages``: see :mod:`~ollamaproxy.translate.messages`
``prompt``, ``system``, ``images``  ``messages``: the instructions, then one question
``prompt`` with ``raw``           ``prompt`` of a text completion, as it is
``model``                         ``model``: the gateway's name for it
``prompt`` with ``suffix``        ``prompt`` and ``suffix`` of a text completion
``tools``                         ``tools``
``options``                       see :mod:`~ollamaproxy.translate.options`
``think``                         ``reasoning_effort``
``format``                        ``response_format``
``logprobs``, ``top_logprobs``    the same
``stream``                        always on, see :class:`~ollamaproxy.wire.openai.CompletionRequest`
``keep_alive``, ``truncate``,     nothing: they are about a model that runs here
``shift``, ``template``,
``context``
================================  ==================================================================

What the client did not send is not sent: the gateway's models have defaults of
their own.
"""

from collections.abc import Mapping
from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.messages import to_openai
from ollamaproxy.translate.options import to_parameters
from ollamaproxy.wire.json_text import encode
from ollamaproxy.wire.messages import question
from ollamaproxy.wire.model_facts import ModelFacts
from ollamaproxy.wire.ollama import ChatRequest, Controls, GenerateRequest
from ollamaproxy.wire.openai import CompletionRequest


def chat_to_completion(request: ChatRequest, model: Model) -> CompletionRequest:
    """
    Return the chat completion that answers ``POST /api/chat``.

    Raises:
        BadRequest: An option or the format is not what Ollama takes.
    """
    messages = to_openai(request.messages)
    parameters = _chat_parameters(request.controls, model.facts)
    if request.tools:
        parameters["tools"] = request.tools
    return _chat(model.target, messages, parameters)


def generate_to_completion(request: GenerateRequest, model: Model) -> CompletionRequest:
    """
    Return the chat completion that answers ``POST /api/generate``.

    Raises:
        BadRequest: An option or the format is not what Ollama takes.
    """
    messages = to_openai(question(request.prompt, request.system, request.images))
    return _chat(model.target, messages, _chat_parameters(request.controls, model.facts))


def generate_to_text_completion(request: GenerateRequest, model: Model) -> CompletionRequest:
    """
    Return the text completion that answers a ``POST /api/generate`` with ``raw`` or ``suffix``.

    Raises:
        BadRequest: An option or the format is not what Ollama takes.
    """
    content = {"prompt": request.prompt}
    if request.suffix:
        content["suffix"] = request.suffix
    _response_format(request.controls.format)  # checked, though a text has no format
    return CompletionRequest(
        model=model.target, content=content, parameters=to_parameters(request.controls.options)
    )


def _chat(
    model: str, messages: tuple[dict[str, Any], ...], parameters: dict[str, Any]
) -> CompletionRequest:
    if parameters.get("response_format") == {"type": "json_object"}:
        messages = _with_the_word_json(messages)
    return CompletionRequest(model=model, content={"messages": messages}, parameters=parameters)


def _chat_parameters(controls: Controls, facts: ModelFacts) -> dict[str, Any]:
    parameters = to_parameters(controls.options)
    response_format = _response_format(controls.format)
    if response_format is not None:
        parameters["response_format"] = response_format
    effort = _reasoning_effort(controls.think, facts)
    if effort is not None:
        parameters["reasoning_effort"] = effort
    if controls.logprobs:
        parameters["logprobs"] = True
        # OpenAI refuses a 0, and the number without the word before.
        if controls.top_logprobs:
            parameters["top_logprobs"] = controls.top_logprobs
    return parameters


def _reasoning_effort(think: bool | str | None, facts: ModelFacts) -> str | None:
    """
    Return OpenAI's word for how hard to think, or ``None`` to leave it to the model.

    ``true`` is the middle, as in Ollama.  ``false`` is ``none`` or ``minimal``
    only for models that are known to take the word: others refuse it, and
    most clients that send ``false`` send it to every model.
    """
    if think is None:
        return None
    if think is False:
        return next((word for word in ("none", "minimal") if word in facts.efforts), None)
    if think == "max":
        return next((word for word in ("max", "xhigh") if word in facts.efforts), "high")
    return "medium" if think is True else str(think)


def _response_format(value: Any) -> Mapping[str, Any] | None:
    """
    Return OpenAI's form of ``format``; ``None`` for any text.

    Raises:
        BadRequest: It is neither ``"json"`` nor a schema; here Ollama says 500.
    """
    if value is None or value == "":
        return None
    if value == "json":
        return {"type": "json_object"}
    if isinstance(value, dict):
        # The name is free but must be there.  Not strict: that demands schemas
        # that close every object.
        return {"type": "json_schema", "json_schema": {"name": "schema", "schema": value}}
    quoted = encode(encode(value))
    raise BadRequest(
        f'invalid format: {quoted}; expected "json" or a valid JSON Schema object', status=500
    )


def _with_the_word_json(messages: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Add the word "JSON" if no message has it: OpenAI refuses to give JSON without it."""
    if any("json" in encode(message.get("content")).lower() for message in messages):
        return messages
    return ({"role": "system", "content": "Answer with a JSON object."}, *messages)
