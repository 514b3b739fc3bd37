"""
The requests of Ollama's own API, as values.

Absent and ``null`` mean the same, unknown keys are ignored, and a wrong type is
a :class:`~ollamaproxy.errors.BadRequest` in Ollama's words.

Source: ollama/ollama api/types.go and server/routes.go.
"""

from collections.abc import Mapping
from typing import Any, Final, Self

from attrs import Factory, frozen

from ollamaproxy.errors import BadRequest, ModelNotFound
from ollamaproxy.wire.go_duration import parse_keep_alive
from ollamaproxy.wire.go_struct import (
    BOOL,
    INT,
    MAP,
    STRING,
    Fit,
    Struct,
    anything,
    list_of,
)
from ollamaproxy.wire.images import Media
from ollamaproxy.wire.json_text import decode_body
from ollamaproxy.wire.messages import Message, fit_images, fit_messages, fit_tool, question

#: What a request without ``keep_alive`` means, in seconds (OLLAMA_KEEP_ALIVE).
DEFAULT_KEEP_ALIVE_S: Final = 300.0

#: The most alternatives that may be asked for with ``top_logprobs``.
MAX_TOP_LOGPROBS: Final = 20

_LEVELS: Final = ("high", "medium", "low", "max")


def fit_keep_alive(value: Any, _path: str) -> float:
    """Fit ``keep_alive``, in seconds."""
    return parse_keep_alive(value)


def _think(value: Any, _path: str) -> bool | str:
    allowed = '"high", "medium", "low", "max", true, or false'
    if isinstance(value, bool) or value in _LEVELS:
        thinking: bool | str = value
        return thinking
    if isinstance(value, str):
        raise BadRequest(f'invalid think value: "{value}" (must be {allowed})')
    raise BadRequest(f"think must be a boolean or string ({allowed})")


#: The options that one client puts beside ``options`` instead of into it
#: (ollama-ai-provider-v2), and Ollama's names for them.
_STRAY_OPTIONS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_output_tokens": "num_predict",
}

_COMMON: Mapping[str, Fit] = {
    "model": STRING,
    "stream": BOOL,
    "options": MAP,
    "keep_alive": fit_keep_alive,
    "prompt": STRING,
    "system": STRING,
    "think": _think,
    "format": anything,
    "logprobs": BOOL,
    "top_logprobs": INT,
    "truncate": BOOL,
    "shift": BOOL,
    **dict.fromkeys(_STRAY_OPTIONS, anything),
}
_CHAT = Struct(
    "ChatRequest",
    {**_COMMON, "messages": fit_messages, "tools": list_of(fit_tool, "api.Tools")},
)
_GENERATE = Struct(
    "GenerateRequest",
    {
        **_COMMON,
        "suffix": STRING,
        "template": STRING,
        "raw": BOOL,
        "images": fit_images,
        "context": list_of(INT, "[]int"),
    },
)


@frozen(kw_only=True)
class Controls:
    """
    What chat and generate have in common: how to answer.

    Attributes:
        stream: Whether the reply comes in lines as it is made.
        options: Sampling options by Ollama's names, unchecked.
        keep_alive_s: How long to keep the model; negative is for ever, 0 unloads.
        think: Whether to think, or how hard; ``None`` leaves it to the model.
        format: ``"json"``, a JSON Schema or what Ollama refuses, unchecked;
            ``None`` is any text.
        logprobs: Whether to tell the probability of each token.
        top_logprobs: How many alternatives to each token, 0 to 20.
    """

    stream: bool = True
    options: Mapping[str, Any] = Factory(dict)
    keep_alive_s: float = DEFAULT_KEEP_ALIVE_S
    think: bool | str | None = None
    format: Any = None
    logprobs: bool = False
    top_logprobs: int = 0

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """
        Return the controls among the decoded fields of a request.

        Raises:
            BadRequest: ``top_logprobs`` is out of range; Ollama looks at it
                even before it looks at the model's name.
        """
        top_logprobs = fields.get("top_logprobs", 0)
        if not 0 <= top_logprobs <= MAX_TOP_LOGPROBS:
            raise BadRequest(f"top_logprobs must be between 0 and {MAX_TOP_LOGPROBS}")
        stray = {own: fields[name] for name, own in _STRAY_OPTIONS.items() if name in fields}
        return cls(
            stream=fields.get("stream", True),
            options={**stray, **fields.get("options", {})},
            keep_alive_s=fields.get("keep_alive", DEFAULT_KEEP_ALIVE_S),
            think=fields.get("think"),
            format=fields.get("format"),
            logprobs=fields.get("logprobs", False),
            top_logprobs=top_logprobs,
        )


@frozen(kw_only=True)
class ChatRequest:
    """
    The body of ``POST /api/chat``.

    Attributes:
        model: As the client wrote it; never empty.
        messages: The conversation, oldest first; empty asks to load or unload.
        tools: Definitions in OpenAI's form.
        controls: How to answer.
        unknown_keys: Names in the body that are none of these, as sent.
    """

    model: str
    messages: tuple[Message, ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    controls: Controls = Controls()
    unknown_keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes, default_model: str | None = None) -> Self:
        """
        Decode a request body.

        A body with ``prompt`` (and perhaps ``system``) instead of ``messages``
        is a conversation of that one question: this daemon's specification
        has such an example, a real Ollama would take it as a request to load.

        Raises:
            BadRequest: In Ollama's words.
        """
        fields = _CHAT.decode(decode_body(body))
        controls = Controls.from_fields(fields)
        model = fields.get("model") or default_model
        if not model:
            raise BadRequest("model is required")
        messages = fields.get("messages", ())
        if not messages and fields.get("prompt"):
            messages = question(fields["prompt"], fields.get("system", ""))
        return cls(
            model=model,
            messages=messages,
            tools=tuple(fields.get("tools", ())),
            controls=controls,
            unknown_keys=fields.unknown,
        )


@frozen(kw_only=True)
class GenerateRequest:
    """
    The body of ``POST /api/generate``.

    ``template`` and ``context`` are about the inside of a model that runs on
    Ollama; they are checked as Ollama does, and have no effect.

    Attributes:
        model: As the client wrote it; never empty.
        prompt: The text to go on from; empty asks to load or unload.
        suffix: The text that shall follow the answer; may be empty.
        system: Instructions that stand in front of the prompt; may be empty.
        images: Pictures and sounds, in order.
        raw: The prompt is complete as it is, with the model's own marks.
        controls: How to answer.
        unknown_keys: Names in the body that are none of these, as sent.
    """

    model: str
    prompt: str = ""
    suffix: str = ""
    system: str = ""
    images: tuple[Media, ...] = ()
    raw: bool = False
    controls: Controls = Controls()
    unknown_keys: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, body: bytes, default_model: str | None = None) -> Self:
        """
        Decode a request body.

        Args:
            body: The request's.
            default_model: Stands in for a model that is not named.

        Raises:
            BadRequest: In Ollama's words.
            ModelNotFound: ``model`` is missing; here Ollama says 404.
        """
        fields = _GENERATE.decode(decode_body(body))
        controls = Controls.from_fields(fields)
        model = fields.get("model") or default_model
        if not model:
            raise ModelNotFound("model '' not found")
        raw = fields.get("raw", False)
        if raw and any(fields.get(name) for name in ("template", "system", "context")):
            raise BadRequest("raw mode does not support template, system, or context")
        return cls(
            model=model,
            prompt=fields.get("prompt", ""),
            suffix=fields.get("suffix", ""),
            system=fields.get("system", ""),
            images=fields.get("images", ()),
            raw=raw,
            controls=controls,
            unknown_keys=fields.unknown,
        )
