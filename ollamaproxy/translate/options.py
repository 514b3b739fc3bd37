"""
Ollama's sampling options: what each must be, and what OpenAI calls it.

Only what the client sent goes out; Ollama's own defaults do not, because the
gateway's models have better ones.

Source: ollama/ollama api/types.go, Options.FromMap, and the LiteLLM manual.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from math import isfinite
from typing import Any, Final

from attrs import frozen

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_struct import MAX_UNKNOWN, MAX_UNKNOWN_CHARACTERS


@frozen
class Option:
    """
    One option of Ollama's.

    Attributes:
        check: Returns the value if it has the right type, else raises TypeError
            with Ollama's words for what it must be.
        parameter: OpenAI's name, or ``None`` where OpenAI has no such thing.
        sent: Whether this value has a meaning for OpenAI.
    """

    check: Callable[[Any], Any]
    parameter: str | None = None
    sent: Callable[[Any], bool] = lambda _value: True


def _number(value: Any, go_type: str) -> float:
    """Return a number; text that is one will do here, though not in Ollama."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError as error:
            raise TypeError(f"of type {go_type}") from error
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"of type {go_type}")
    if isinstance(value, float) and not isfinite(value):  # the text "inf"
        raise TypeError(f"of type {go_type}")
    return value


def integer(value: Any) -> int:
    """Any number will do; Ollama cuts the fraction off."""
    return int(_number(value, "integer"))


def float32(value: Any) -> float:
    """Any number will do."""
    return _number(value, "float32")


def boolean(value: Any) -> bool:
    """Only ``true`` and ``false`` will do."""
    if not isinstance(value, bool):
        raise TypeError("of type boolean")
    return value


def strings(value: Any) -> list[str]:
    """A list of texts; one bare text too, as LiteLLM's own client sends it."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise TypeError("of type array")
    if not all(isinstance(item, str) for item in value):
        raise TypeError("of an array of strings")
    return value


def _positive(value: int) -> bool:
    """A negative ``num_predict`` means no limit, which is OpenAI's default."""
    return value > 0


def _not_negative(value: int) -> bool:
    """A negative ``seed`` means a random one, which is OpenAI's default."""
    return value >= 0


OPTIONS: Final[Mapping[str, Option]] = {
    "temperature": Option(float32, "temperature"),
    "top_p": Option(float32, "top_p"),
    "num_predict": Option(integer, "max_tokens", _positive),
    "seed": Option(integer, "seed", _not_negative),
    "stop": Option(strings, "stop", bool),
    "presence_penalty": Option(float32, "presence_penalty"),
    "frequency_penalty": Option(float32, "frequency_penalty"),
    # OpenAI has no such parameter, and strict gateways refuse what they do not know.
    "top_k": Option(integer),
    "min_p": Option(float32),
    "typical_p": Option(float32),
    "repeat_penalty": Option(float32),
    "repeat_last_n": Option(integer),
    # The gateway's models run elsewhere: memory, context and threads are theirs to choose.
    "num_ctx": Option(integer),
    "num_keep": Option(integer),
    "num_batch": Option(integer),
    "num_gpu": Option(integer),
    "main_gpu": Option(integer),
    "num_thread": Option(integer),
    "draft_num_predict": Option(integer),
    "use_mmap": Option(boolean),
}


def unknown_options(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the first of the names that are no options, each with ``options.`` in front."""
    if options.keys() <= OPTIONS.keys():
        return ()
    names = islice((name for name in options if name not in OPTIONS), MAX_UNKNOWN)
    return tuple(f"options.{name[:MAX_UNKNOWN_CHARACTERS]}" for name in names)


def to_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the OpenAI parameters that the options stand for.

    Unknown options and null values are ignored, as Ollama does.

    Raises:
        BadRequest: An option has the wrong type; here Ollama says 500.
    """
    parameters: dict[str, Any] = {}
    for name, value in options.items():
        option = OPTIONS.get(name)
        if option is None or value is None:
            continue
        try:
            checked = option.check(value)
        except TypeError as error:
            raise BadRequest(f'option "{name}" must be {error}', status=500) from error
        if option.parameter is not None and option.sent(checked):
            parameters[option.parameter] = checked
    return parameters
