"""
The gateway's side: OpenAI's chat completions, as values.

Written for LiteLLM, and lenient where plain OpenAI-compatible servers differ:
``null`` and absent mean the same, keys that are not known are ignored.
"""

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.json_text import decode, encode

#: The data of the event that ends a stream; it is not JSON.
END_OF_STREAM = b"[DONE]"


@frozen(kw_only=True)
class CompletionRequest:
    """
    The body of ``POST /v1/chat/completions``.

    It always asks for a stream and for usage figures: LiteLLM stops a model
    reliably only in streams when its client leaves, and only a stream tells
    when the first token came.

    Attributes:
        model: The gateway's name of the model.
        messages: In OpenAI's form, oldest first.
        parameters: Further keys, such as ``temperature``.
    """

    model: str
    messages: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any] = Factory(dict)

    def to_json(self) -> bytes:
        """Return the body to send."""
        body = {
            "model": self.model,
            "messages": self.messages,
            **self.parameters,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        return encode(body).encode("ascii")


@frozen
class Usage:
    """How many tokens the prompt (cached ones included) and the completion had."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@frozen
class ErrorReport:
    """
    An error as the gateway words it.

    Attributes:
        message: Text for people; never empty.
        status: The HTTP status that the report itself names, if it names one.
        type: OpenAI's or LiteLLM's class of error; empty if not told.
    """

    message: str
    status: int | None = None
    type: str = ""


# Not frozen: one is made for every token, and freezing triples the cost of that.
@define
class CompletionEvent:
    """
    What one event of a stream adds to the reply.

    Attributes:
        content: Text of the answer; may be empty.
        reasoning: Text of the model's thinking; may be empty.
        finish_reason: Why the model stopped, on the event that says so.
        usage: Token counts, on the event that has them.
        error: The gateway gives up; nothing else of the event counts.
    """

    content: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    error: ErrorReport | None = None


def decode_event(data: bytes) -> CompletionEvent:
    """
    Decode the data of one server-sent event.

    Only the first choice counts: a proxy for Ollama never asks for more.

    Raises:
        UpstreamGarbled: It is not a chunk of a chat completion.
    """
    try:
        event = decode(data)
        if event.get("error"):
            return CompletionEvent(error=_report(event["error"]))
        decoded = CompletionEvent()
        usage = event.get("usage")
        if usage is not None:
            decoded.usage = Usage(
                _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
            )
        # Usage events of OpenAI have no choices, those of LiteLLM an empty one.
        choices = event.get("choices")
        if not choices:
            return decoded
        choice = choices[0]
        # Some servers send an empty one with every event; it is no reason.
        decoded.finish_reason = choice.get("finish_reason") or None
        delta = choice.get("delta")
        if delta:
            decoded.content = _text(delta.get("content") or delta.get("refusal"))
            # LiteLLM's name for it, and that of OpenRouter and newer vLLM.
            decoded.reasoning = _text(delta.get("reasoning_content") or delta.get("reasoning"))
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise UpstreamGarbled(
            f"the gateway sent an event that is not a chat completion chunk ({error})"
        ) from error
    return decoded


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {type(value).__name__}")
    return value


def _count(usage: Mapping[str, Any], name: str) -> int:
    """Some servers leave a count out or send null; a count is never a reason to fail."""
    value = usage.get(name)
    return value if type(value) is int and value > 0 else 0  # true is an int to isinstance


def decode_error(body: bytes) -> ErrorReport | None:
    """
    Return what the body of an error reply says, or ``None`` if it says nothing readable.

    Takes the forms of OpenAI and LiteLLM (``{"error": {"message": …}}``), of
    plain servers (``{"error": "…"}``, ``{"message": …}``) and of FastAPI
    (``{"detail": …}``), and the same in an event stream.
    """
    text = body.strip()
    if text.startswith(b"data:"):
        text = text.removeprefix(b"data:").partition(b"\n")[0]
    try:
        value = decode(text)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    for key in ("error", "detail", "message"):
        if value.get(key):
            return _report(value if key == "message" else value[key])
    return None


def _report(error: Any) -> ErrorReport:
    """Read an error, which is an object, a text, or what nobody foresaw."""
    if isinstance(error, str):
        return ErrorReport(error)
    if not isinstance(error, dict):
        return ErrorReport(encode(error))
    message = error.get("message") or error.get("error")
    if not message or not isinstance(message, str):
        message = encode(message or error)
    kind = error.get("type")
    return ErrorReport(message, _status(error.get("code")), kind if isinstance(kind, str) else "")


def _status(code: Any) -> int | None:
    """LiteLLM's code is the status as text; others send a number, a word or null."""
    text = str(code)
    is_status = text.isascii() and text.isdecimal() and 400 <= int(text[:4]) <= 599
    return int(text) if is_status else None


@frozen
class ModelEntry:
    """One model of ``GET /v1/models``: its name and when it was made (Unix seconds)."""

    id: str
    created: int = 0


def decode_models(body: bytes) -> tuple[ModelEntry, ...]:
    """
    Return the models that the gateway lists, in its order, each name once.

    Raises:
        UpstreamGarbled: It is not a model list.
    """
    try:
        entries = decode(body)["data"] or ()
        found = {
            entry["id"]: ModelEntry(entry["id"], _created(entry.get("created")))
            for entry in entries
            if isinstance(entry["id"], str) and entry["id"]
        }
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UpstreamGarbled("the gateway's /v1/models is not a model list") from error
    return tuple(found.values())


def _created(value: Any) -> int:
    # Year 9999 is where calendars end, also Python's.
    return value if isinstance(value, int) and 0 < value < 253_402_300_800 else 0
