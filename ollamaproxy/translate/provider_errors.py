"""
LiteLLM's error texts, down to what the model's provider said.

``litellm.RateLimitError: RateLimitError: OpenAIException - {"error": {"message":
"Rate limit reached"}}`` and so on, with advice for its operator behind it: a
person in an IDE wants ``Rate limit reached``.

Source: what LiteLLM 1.80 and 1.106 wrap around providers' errors.
"""

import re
from typing import Final

from ollamaproxy.wire.openai_errors import decode_error

#: A class of LiteLLM's or of a provider's client, as it stands in front of a text.
_CLASS: Final = re.compile(r"(?:litellm\.)?(?:[A-Z]\w*(?:Error|Exception)|Timeout)(?:: | - )")

#: Where LiteLLM's own remarks begin.
_REMARKS: Final = re.compile(
    r"\n+LiteLLM: model group .*|\n+model=\S* context_window_fallbacks=.*"
    r"|\s*Received Model Group=.*|\n+Deployment Info: .*"
    r"|\s*To drop these, set `litellm\.drop_params=True`.*",
    re.DOTALL,
)


def provider_message(message: str) -> str:
    """
    Return what is left of a message without LiteLLM's wrapping; never empty.

    Args:
        message: An error's text, LiteLLM's or anybody's.
    """
    text = _REMARKS.sub("", message).strip()
    while match := _CLASS.match(text):
        text = text[match.end() :].strip()
    report = decode_error(text.encode("utf-8", "replace")) if text.startswith("{") else None
    if report is not None:
        text = report.message
    if text.startswith("<"):
        text = "the model's provider answered with an HTML page"
    return text or message
