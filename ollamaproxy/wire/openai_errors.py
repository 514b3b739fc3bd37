"""
The errors of OpenAI-compatible gateways, in all the forms that they take.

Source: what LiteLLM 1.80 and 1.106, OpenAI, vLLM, llama.cpp and FastAPI send.
"""

from typing import Any

from attrs import frozen

from ollamaproxy.wire.json_text import decode, encode


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
            return read_error(value if key == "message" else value[key])
    return None


def read_error(error: Any) -> ErrorReport:
    """Return what an error says that is an object, a text, or what nobody foresaw."""
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
    is_status = len(text) == 3 and text.isascii() and text.isdecimal() and 400 <= int(text) <= 599
    return int(text) if is_status else None
