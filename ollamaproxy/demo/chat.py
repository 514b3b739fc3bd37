"""
What the demonstration says in a chat: a parsed request in, an answer out.

No model is behind it.  **Words are its tokens**: whatever stands between two
white spaces is one, in prompts, answers and limits alike.  A parameter that is
not named here (``tools``, ``temperature``, ``n``, ...) is ignored.  Pure.

Source: https://platform.openai.com/docs/api-reference/chat for the parameters.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from attrs import frozen

from ollamaproxy.demo.parameters import (
    CHAT_MODEL,
    RequestRefused,
    check_model,
    count_words,
    flag,
    strings,
    whole_number,
)

#: How much of the user's own words an answer repeats, in characters.
ECHO_LIMIT: Final = 80

_INTRODUCTION = (
    "This answer comes from the demonstration inside ollamaproxy, not from a model:"
    " nobody has understood your words, and no gateway was asked."
)
_NEXT_STEP = (
    "To talk to real models, start ollamaproxy with --base-url and the address of"
    " your LiteLLM gateway, for example: ollamaproxy --base-url http://localhost:4000"
)


@frozen(kw_only=True)
class Delivery:
    """
    How the client wants to receive a chat answer.

    Attributes:
        stream: Piece by piece instead of in one body.
        include_usage: End the stream with the token counts; a single body has
            them anyway.
    """

    stream: bool
    include_usage: bool


@frozen(kw_only=True)
class ChatAnswer:
    """
    An answer, ready to be sent.

    Attributes:
        pieces: The text in order, one word each with the white space behind
            it; joined they are the whole text.  Empty if ``stop`` cut all.
        finish_reason: ``stop``, or ``length`` if ``max_tokens`` cut it short.
        prompt_tokens: Words in all messages together, 0 or more.
    """

    pieces: tuple[str, ...]
    finish_reason: str
    prompt_tokens: int

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.pieces)

    @property
    def completion_tokens(self) -> int:
        """Words in the answer, 0 or more."""
        return len(self.pieces)


def delivery_of(request: Mapping[str, object]) -> Delivery:
    """
    Read ``stream`` and ``stream_options.include_usage`` of a chat request.

    Raises:
        RequestRefused: One of them has a wrong type.
    """
    options = request.get("stream_options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise RequestRefused("'stream_options' must be an object", "stream_options")
    return Delivery(stream=flag(request, "stream"), include_usage=flag(options, "include_usage"))


def answer_chat(request: Mapping[str, object]) -> ChatAnswer:
    """
    Answer a chat request; equal requests get equal answers.

    The answer says where it comes from, repeats up to :data:`ECHO_LIMIT`
    characters of the last user message that holds text, and says what to do
    next; with a ``response_format`` for JSON it is one JSON object of three
    strings that say the same, whatever schema was given.  ``stop`` cuts the
    text first, then ``max_tokens`` or ``max_completion_tokens`` (the smaller)
    cuts the words, as they would from a model.

    Raises:
        RequestRefused: The model is another, messages are missing, or a
            parameter has a wrong type or range.
    """
    check_model(request, CHAT_MODEL)
    messages = _messages_of(request)
    text = _compose(_echo_of(messages), as_json=_wants_json(request))
    stops = [stop for stop in strings(request.get("stop"), "stop") if stop]
    text = text[: min((text.index(stop) for stop in stops if stop in text), default=None)]
    # Every word keeps the white space behind it, so that joining is lossless.
    pieces = tuple(re.findall(r"\S+\s*", text))
    limit = _word_limit(request)
    is_cut = limit is not None and len(pieces) > limit
    return ChatAnswer(
        pieces=pieces[:limit],
        finish_reason="length" if is_cut else "stop",
        prompt_tokens=sum(count_words(text) for _role, text in messages),
    )


def _messages_of(request: Mapping[str, object]) -> list[tuple[object, str]]:
    """Return role and text of every message, oldest first."""
    messages = request.get("messages")
    if messages is None:
        raise RequestRefused(
            "/chat/completions: Missing required parameter: 'messages'.", "messages"
        )
    if not isinstance(messages, list):
        raise RequestRefused("'messages' must be a list of objects", "messages")
    found: list[tuple[object, str]] = []
    for message in messages:
        if not isinstance(message, dict):
            raise RequestRefused("every item of 'messages' must be an object", "messages")
        found.append((message.get("role"), _text_of(message.get("content"))))
    return found


def _text_of(content: object) -> str:
    """Return what is text in a message's content: a string, null or a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise RequestRefused("'content' must be a string, null or a list of parts", "messages")
    texts = [part.get("text") for part in content if part.get("type") == "text"]
    return "\n".join(strings(texts, "messages"))


def _echo_of(messages: list[tuple[object, str]]) -> str:
    """Return the beginning of what the user last wrote, on one line; "" if nothing."""
    written = [" ".join(text.split()) for role, text in messages if role == "user"]
    last = next((text for text in reversed(written) if text), "")
    return last if len(last) <= ECHO_LIMIT else last[: ECHO_LIMIT - 1].rstrip() + "…"


def _compose(echo: str, *, as_json: bool) -> str:
    """Return the answer's whole text."""
    if as_json:
        parts = {"notice": _INTRODUCTION, "you_wrote": echo, "next_step": _NEXT_STEP}
        return json.dumps(parts, ensure_ascii=False)
    you_wrote = f"You wrote: “{echo}”" if echo else "It found no words of yours to repeat."
    return f"{_INTRODUCTION}\n\n{you_wrote}\n\n{_NEXT_STEP}"


def _wants_json(request: Mapping[str, object]) -> bool:
    """Tell whether ``response_format`` asks for JSON, with or without a schema."""
    wanted = request.get("response_format")
    if wanted is None:
        return False
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise RequestRefused(
            "'response_format' must be an object whose type is 'text', 'json_object'"
            " or 'json_schema'",
            "response_format",
        )
    return kind in ("json_object", "json_schema")


def _word_limit(request: Mapping[str, object]) -> int | None:
    """Return the smaller of the two limits on the answer; ``None`` for neither."""
    names = ("max_tokens", "max_completion_tokens")
    limits = [limit for name in names if (limit := whole_number(request, name)) is not None]
    return min(limits, default=None)
