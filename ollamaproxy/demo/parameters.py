"""
What the demonstration reads of a request: models, and parameters of a known type.

Requests are mappings as ``json.loads`` returns them.  An absent key and
``null`` mean the same; a value of the wrong type is refused with a message
that says what was expected.  Pure.

Source: LiteLLM 1.106 for the wording of its own errors.
"""

import math
from collections.abc import Mapping
from typing import Final

CHAT_MODEL: Final = "demo-chat"
EMBEDDING_MODEL: Final = "demo-embed"

#: The body of ``GET /v1/models``, in LiteLLM's form; limits in tokens,
#: announced but not enforced.  ``created`` is the constant that LiteLLM gives
#: every model.
MODEL_LIST: Final[Mapping[str, object]] = {
    "data": [
        {
            "id": CHAT_MODEL,
            "object": "model",
            "created": 1677610602,
            "owned_by": "ollamaproxy demonstration",
            "mode": "chat",
            "max_input_tokens": 8192,
            "max_output_tokens": 1024,
        },
        {
            "id": EMBEDDING_MODEL,
            "object": "model",
            "created": 1677610602,
            "owned_by": "ollamaproxy demonstration",
            "mode": "embedding",
            "max_input_tokens": 8192,
        },
    ],
    "object": "list",
}


class RequestRefused(Exception):
    """
    The request cannot be answered, in words meant for the person who made it.

    Attributes:
        message: One or more sentences.
        param: The parameter at fault; ``None`` if it is none in particular.
        status: The HTTP status, 400-499.
    """

    def __init__(self, message: str, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.status = status


def check_model(request: Mapping[str, object], expected: str) -> None:
    """Refuse any model but the expected one."""
    model = request.get("model")
    if model == expected:
        return
    if model is None:
        raise RequestRefused("Missing required parameter: 'model'.", "model")
    if not isinstance(model, str):
        raise RequestRefused("'model' must be a string", "model")
    if model in {CHAT_MODEL, EMBEDDING_MODEL}:
        purpose = "embeddings" if model == EMBEDDING_MODEL else "chat"
        raise RequestRefused(
            f"litellm.BadRequestError: the demonstration model {model} is for {purpose} only;"
            f" use {expected} here",
            "model",
        )
    raise RequestRefused(
        f"litellm.BadRequestError: You passed in model={model}."
        " There are no healthy deployments for this model",
    )


def whole_number(request: Mapping[str, object], name: str, maximum: float = math.inf) -> int | None:
    """Return a whole number from 1 to ``maximum``, or ``None`` if it is not given."""
    value = request.get(name)
    if value is None:
        return None
    # To Python, true is the number 1.
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= maximum:
        return value
    bound = "of 1 or more" if maximum == math.inf else f"from 1 to {maximum}"
    raise RequestRefused(f"{name!r} must be a whole number {bound}", name)


def flag(request: Mapping[str, object], name: str) -> bool:
    """Return true or false; ``False`` if it is not given."""
    value = request.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise RequestRefused(f"{name!r} must be true or false", name)
    return value


def strings(value: object, name: str) -> list[str]:
    """Return a string, a list of strings or nothing as a list of strings."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    strings = [item for item in items if isinstance(item, str)]
    if len(strings) < len(items):
        raise RequestRefused(f"{name!r} must be a string or a list of strings", name)
    return strings


def count_words(text: str) -> int:
    """Return how many words, which are the tokens here, the text has."""
    return len(text.split())
