"""Requests that have ended, for the tests of what is made of them."""

from typing import Any

from ollamaproxy.observing.ended import EndedRequest
from ollamaproxy.observing.outcomes import Fate

DONE: dict[str, Any] = {
    "ended_ns": 0,
    "client": "10.0.0.1",
    "caller": "alice",
    "route": "/api/chat",
    "method": "POST",
    "path": "/api/chat",
    "model": "m",
    "model_name": "m",
    "status": 200,
    "fate": Fate.ANSWERED,
    "reason": "",
    "first_byte_s": 0.2,
    "duration_s": 3.0,
    "prompt_tokens": 10,
    "completion_tokens": 5,
}


def ended(**others: Any) -> EndedRequest:
    """Return a good chat that has ended, but for ``others``."""
    return EndedRequest(**{**DONE, **others})
