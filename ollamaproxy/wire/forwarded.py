"""
Requests that go on to the gateway's route of the same name.

They are read, checked and written anew: what the client sent is never copied.
Everything that the protocol has, or may have tomorrow, goes on, except what
belongs to Ollama and what would steer the gateway instead of the model.

Source: Ollama's middleware/openai.go and middleware/anthropic.go for the checks
and their words; LiteLLM's manual for the keys that steer it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from ollamaproxy.errors import BadRequest, ModelNotFound
from ollamaproxy.wire.go_struct import BOOL, STRING, Struct
from ollamaproxy.wire.json_text import decode_body, encode

#: Ollama's own; strict providers refuse what they do not know.  Goose sends ``options``.
_OLLAMAS: Final = frozenset({"options", "keep_alive", "_debug_render_only"})

#: What tells LiteLLM where to go, with which key, what to pretend and what to leave undone.
_STEERING: Final = frozenset(
    {
        *("api_base", "api_key", "api_version", "base_url", "custom_llm_provider", "headers"),
        *("extra_headers", "organization", "deployment_url", "s3_endpoint_url", "ssl_verify"),
        *("fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "silent_model"),
        *("routing_strategy", "router_settings_override", "model_list", "model_info"),
        *("num_retries", "max_retries", "timeout", "request_timeout", "stream_timeout"),
        *("cooldown_time", "cache", "caching", "tags", "no-log", "turn_off_message_logging"),
        *("guardrails", "disable_global_guardrails", "allowed_openai_params", "drop_params"),
        *("user_config", "proxy_server_request", "secret_fields", "prompt_id"),
        *("custom_prompt_dict",),
    }
)
_STEERING_BEGINNINGS: Final = (
    *("litellm_", "_litellm_", "mock_", "user_api_key"),
    *("aws_", "azure_", "vertex_", "gcs_", "langfuse_", "langsmith_"),
)
_KEPT_HERE: Final = _OLLAMAS | _STEERING


@frozen(kw_only=True)
class Route:
    """
    One of the gateway's routes, and what its requests must have.

    Attributes:
        path: With a ``/`` in front, the same on both sides.
        struct: What Go would fit the body into, for its error texts.
        no_model: Makes the error for a request that names no model.
        check: Raises BadRequest if something else is missing.
        drops_params: Whether LiteLLM may be told to leave out what the model
            does not know.
    """

    path: str
    struct: Struct
    no_model: Callable[[], BadRequest] = lambda: BadRequest("model is required")
    check: Callable[[Mapping[str, Any]], None] = lambda _fields: None
    drops_params: bool = True


@frozen(kw_only=True)
class ForwardedRequest:
    """
    A request for one of the gateway's routes.

    Attributes:
        route: Which.
        model: As the client wrote it; never empty.
        stream: Whether the client wants events.
        fields: All keys that go on, with the client's model.
    """

    route: Route
    model: str
    stream: bool
    fields: Mapping[str, Any]

    @classmethod
    def from_json(
        cls, route: Route, body: bytes, default_model: str | None = None
    ) -> "ForwardedRequest":
        """
        Decode a request body.

        Args:
            route: Which it is for.
            body: The request's.
            default_model: Stands in for a model that is not named.

        Raises:
            BadRequest: In Ollama's words.
        """
        if not body.strip():
            raise BadRequest("EOF")  # Go's word, which this part of Ollama does not translate
        value = decode_body(body)
        known = route.struct.decode(value)
        fields = {
            key: item for key, item in (value or {}).items() if not _is_kept_here(key.lower())
        }
        model = known.get("model") or default_model
        if not model:
            raise route.no_model()
        route.check({key.lower(): item for key, item in fields.items()})
        return cls(route=route, model=model, stream=known.get("stream", False), fields=fields)

    def for_target(self, target: str) -> "Forward":
        """Return what to send: the same, for the gateway's name of the model."""
        return Forward(self, target)


@frozen
class Forward:
    """A forwarded request with the gateway's name of its model."""

    request: ForwardedRequest
    target: str

    def to_json(self, *, drop_params: bool) -> bytes:
        """Return the body to send; see :meth:`CompletionRequest.to_json`."""
        body = {key: value for key, value in self.request.fields.items() if key.lower() != "model"}
        body = {"model": self.target, **body}
        if drop_params and self.request.route.drops_params:
            body["drop_params"] = True
        return encode(body).encode("ascii")


def _is_kept_here(key: str) -> bool:
    return key in _KEPT_HERE or key.startswith(_STEERING_BEGINNINGS) or "_cost_per_" in key


def _no_such_model() -> ModelNotFound:
    return ModelNotFound("model '' not found")


def _check_chat(fields: Mapping[str, Any]) -> None:
    if not fields.get("messages"):
        raise BadRequest("[] is too short - 'messages'")


def _check_messages(fields: Mapping[str, Any]) -> None:
    limit = fields.get("max_tokens")
    if type(limit) is not int or limit <= 0:  # true is an int to isinstance
        raise BadRequest("max_tokens is required and must be positive")
    _check_count_tokens(fields)


def _check_count_tokens(fields: Mapping[str, Any]) -> None:
    if not fields.get("messages"):
        raise BadRequest("messages is required")


def _struct(name: str, package: str = "openai") -> Struct:
    return Struct(name, {"model": STRING, "stream": BOOL}, package)


CHAT_COMPLETIONS: Final = Route(
    path="/v1/chat/completions",
    struct=_struct("ChatCompletionRequest"),
    check=_check_chat,
)
TEXT_COMPLETIONS: Final = Route(
    path="/v1/completions",
    struct=_struct("CompletionRequest"),
    no_model=_no_such_model,
)
#: LiteLLM would silently leave ``dimensions`` out, so it is not told to.
EMBEDDINGS: Final = Route(
    path="/v1/embeddings",
    struct=_struct("EmbedRequest"),
    no_model=_no_such_model,
    drops_params=False,
)
RESPONSES: Final = Route(path="/v1/responses", struct=_struct("ResponsesRequest"))
MESSAGES: Final = Route(
    path="/v1/messages", struct=_struct("MessagesRequest", "anthropic"), check=_check_messages
)
TRANSCRIPTIONS: Final = Route(
    path="/v1/audio/transcriptions", struct=_struct("TranscriptionRequest")
)
COUNT_TOKENS: Final = Route(
    path="/v1/messages/count_tokens",
    struct=_struct("MessagesRequest", "anthropic"),
    check=_check_count_tokens,
    drops_params=False,
)
