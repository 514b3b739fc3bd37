"""
Errors as the three protocols that the daemon speaks put them.

=============  ====================================================================
Ollama's       ``{"error":"…"}``, always a text; in a stream, a last line
OpenAI's       ``{"error":{"message":…,"type":…,"param":null,"code":null}}``
Anthropic's    ``{"type":"error","error":{"type":…,"message":…},"request_id":…}``
=============  ====================================================================

Source: Ollama's middleware/openai.go and middleware/anthropic.go for types and keys.
Ollama itself ends a broken stream on these two without a word; here the
clients' parsers are given an event that they report as an error.
"""

from abc import ABC, abstractmethod
from typing import Final

from ollamaproxy.errors import ProxyError
from ollamaproxy.wire.json_text import encode
from ollamaproxy.wire.ndjson import error_object


class ErrorForm(ABC):
    """How one protocol puts an error."""

    @abstractmethod
    def body(self, error: ProxyError, request_id: str) -> str:
        """
        Return the body of a reply that is nothing but the error.

        Args:
            error: What went wrong.
            request_id: The request's, for the protocol that tells it here.
        """

    @abstractmethod
    def in_stream(self, error: ProxyError, request_id: str) -> bytes:
        """Return what ends a stream that has begun and cannot go on; see :meth:`body`."""


class OllamaErrors(ErrorForm):
    """Ollama's own."""

    def body(self, error: ProxyError, request_id: str) -> str:  # noqa: ARG002 - a form's
        """Implement :meth:`ErrorForm.body`."""
        return error_object(error.message)

    def in_stream(self, error: ProxyError, request_id: str) -> bytes:
        """Implement :meth:`ErrorForm.in_stream`."""
        return self.body(error, request_id).encode("ascii") + b"\n"


def form_for(path: bytes) -> ErrorForm:
    """
    Return how errors are put on a path, for those that come before an endpoint is reached.

    Args:
        path: As received, or empty if it is not known.
    """
    if path.startswith(b"/v1/messages"):
        return AnthropicErrors()
    return OpenAIErrors() if path.startswith(b"/v1/") else OllamaErrors()


_OPENAI_TYPES: Final = {400: "invalid_request_error", 404: "not_found_error"}


class OpenAIErrors(ErrorForm):
    """OpenAI's."""

    def body(self, error: ProxyError, request_id: str) -> str:  # noqa: ARG002 - a form's
        """Implement :meth:`ErrorForm.body`."""
        kind = _OPENAI_TYPES.get(error.status, "api_error")
        inner = {"message": error.message, "type": kind, "param": None, "code": None}
        return encode({"error": inner})

    def in_stream(self, error: ProxyError, request_id: str) -> bytes:
        """Implement :meth:`ErrorForm.in_stream`: OpenAI's clients raise on such an event."""
        return b"data: %s\n\n" % self.body(error, request_id).encode("ascii")


_ANTHROPIC_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


class AnthropicErrors(ErrorForm):
    """Anthropic's."""

    def body(self, error: ProxyError, request_id: str) -> str:
        """Implement :meth:`ErrorForm.body`."""
        kind = _ANTHROPIC_TYPES.get(error.status, "api_error")
        return encode(
            {
                "type": "error",
                "error": {"type": kind, "message": error.message},
                "request_id": request_id,
            }
        )

    def in_stream(self, error: ProxyError, request_id: str) -> bytes:
        """Implement :meth:`ErrorForm.in_stream`: Anthropic's clients raise on such an event."""
        return b"event: error\ndata: %s\n\n" % self.body(error, request_id).encode("ascii")
