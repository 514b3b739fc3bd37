"""
The gateway's side: OpenAI's completions, as values.

Written for LiteLLM, and lenient where plain OpenAI-compatible servers differ:
``null`` and absent mean the same, keys that are not known are ignored.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import Factory, define, frozen

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.json_text import decode, encode
from ollamaproxy.wire.openai_errors import ErrorReport, read_error
from ollamaproxy.wire.usage import Usage, usage_of

#: The data of the event that ends a stream; it is not JSON.
END_OF_STREAM: Final = b"[DONE]"


@frozen(kw_only=True)
class CompletionRequest:
    """
    The body of ``POST /v1/chat/completions`` or ``POST /v1/completions``.

    It always asks for a stream and for usage figures: LiteLLM stops a model
    reliably only in streams when its client leaves, and only a stream tells
    when the first token came.

    Attributes:
        model: The gateway's name of the model.
        content: ``messages`` of a chat, or ``prompt`` and perhaps ``suffix``.
        parameters: Further keys, such as ``temperature``.
    """

    model: str
    content: Mapping[str, Any]
    parameters: Mapping[str, Any] = Factory(dict)

    @property
    def is_chat(self) -> bool:
        """Whether it goes to the chat route."""
        return "messages" in self.content

    def to_json(self, *, drop_params: bool) -> bytes:
        """
        Return the body to send.

        Args:
            drop_params: Have LiteLLM leave out what the model does not know,
                instead of refusing the request.  Other gateways refuse the word.
        """
        body = {
            "model": self.model,
            **self.content,
            **self.parameters,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if drop_params:
            body["drop_params"] = True
        return encode(body).encode("ascii")


@frozen
class ToolCallPiece:
    """
    A piece of a tool call; most of it comes with the first.

    Attributes:
        index: Which call of the reply; ``None`` if not told, and not always right.
        id: The call's id; empty if not told.
        name: The function's name; empty if not told.
        arguments: A piece of JSON text; may be empty.
    """

    index: int | None
    id: str
    name: str
    arguments: str


# Not frozen: one is made for every token, and freezing triples the cost of that.
@define
class CompletionEvent:
    """
    What one event of a stream adds to the reply.

    Attributes:
        content: Text of the answer; may be empty.
        reasoning: Text of the model's thinking; may be empty.
        tool_calls: Pieces of calls, in order.
        logprobs: As OpenAI puts them, one object a token.
        finish_reason: Why the model stopped, on the event that says so.
        usage: Token counts, on the event that has them.
        error: The gateway gives up; nothing else of the event counts.
    """

    content: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallPiece, ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    error: ErrorReport | None = None


def decode_event(data: bytes) -> CompletionEvent:
    """
    Decode the data of one server-sent event, of a chat or of a text completion.

    Only the first choice counts: a proxy for Ollama never asks for more.

    Raises:
        UpstreamGarbled: It is not a chunk of a completion.
    """
    try:
        event = decode(data)
        if event.get("error"):
            return CompletionEvent(error=read_error(event["error"]))
        decoded = CompletionEvent()
        usage = event.get("usage")
        if usage is not None:
            decoded.usage = usage_of(usage)
        # Usage events of OpenAI have no choices, those of LiteLLM an empty one.
        choices = event.get("choices")
        if not choices:
            return decoded
        choice = choices[0]
        decoded.finish_reason = choice.get("finish_reason") or None
        delta = choice.get("delta")
        if delta:
            _read_delta(delta, decoded)
        elif delta is None:
            # Text completions have their text here, and none on the last events.
            decoded.content = _text(choice.get("text"))
        logprobs = choice.get("logprobs")
        if logprobs:
            decoded.logprobs = tuple(logprobs.get("content") or ())
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UpstreamGarbled("the gateway sent an event that is not a completion chunk") from error
    return decoded


def _read_delta(delta: Mapping[str, Any], decoded: CompletionEvent) -> None:
    # A model that refuses says so beside the content, which is null then.
    decoded.content = _text(delta.get("content")) or _text(delta.get("refusal"))
    # LiteLLM's name, and that of OpenRouter and newer vLLM.
    decoded.reasoning = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
    calls = delta.get("tool_calls")
    if calls:
        decoded.tool_calls = tuple(_tool_call_piece(call) for call in calls)


def _tool_call_piece(call: Mapping[str, Any]) -> ToolCallPiece:
    function = call.get("function") or {}
    arguments = function.get("arguments")
    index = call.get("index")
    return ToolCallPiece(
        index=index if isinstance(index, int) else None,
        id=_text(call.get("id")),
        name=_text(function.get("name")),
        # Some servers send the object itself instead of its text.
        arguments=encode(arguments) if isinstance(arguments, dict) else _text(arguments),
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value
