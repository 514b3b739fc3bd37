"""How many tokens a request cost, under all the names that protocols have for it."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen


@frozen
class Usage:
    """How many tokens the prompt (cached ones included) and the completion had."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


def usage_of(usage: Any) -> Usage:
    """Return the counts of a ``usage`` object, zeros if it is none: never a reason to fail."""
    if not isinstance(usage, dict):
        return Usage()
    # OpenAI's chats, and its responses and Anthropic, which counts the cached ones apart.
    cached = ("cache_read_input_tokens", "cache_creation_input_tokens")
    return Usage(
        count_tokens(usage, "prompt_tokens")
        or sum(count_tokens(usage, name) for name in ("input_tokens", *cached)),
        count_tokens(usage, "completion_tokens") or count_tokens(usage, "output_tokens"),
    )


def read_usage(reply: Mapping[str, Any]) -> Usage:
    """Return the counts of a reply or an event, wherever in it they are; zeros if nowhere."""
    for place in (reply, reply.get("message"), reply.get("response")):
        if isinstance(place, dict) and place.get("usage"):
            return usage_of(place["usage"])
    return Usage()


def count_tokens(usage: Mapping[str, Any], name: str) -> int:
    """Return a count; some servers leave it out or send null, which is never a reason to fail."""
    value = usage.get(name)
    return value if type(value) is int and value > 0 else 0  # true is an int to isinstance
