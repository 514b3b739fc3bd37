"""Errors as each of the three protocols puts them."""

from ollamaproxy.errors import BadRequest, ProxyError, UpstreamTimeout, UpstreamTruncated
from ollamaproxy.wire.error_forms import (
    AnthropicErrors,
    ErrorForm,
    OllamaErrors,
    OpenAIErrors,
    form_for,
)
from tests.case import Case

#: Status, and what OpenAI's and Anthropic's clients are told that it is.
TYPES = (
    (400, "invalid_request_error", "invalid_request_error"),
    (401, "api_error", "authentication_error"),
    (403, "api_error", "permission_error"),
    (404, "not_found_error", "not_found_error"),
    (408, "api_error", "api_error"),
    (413, "api_error", "request_too_large"),
    (429, "api_error", "rate_limit_error"),
    (500, "api_error", "api_error"),
    (501, "api_error", "api_error"),
    (502, "api_error", "api_error"),
    (503, "api_error", "overloaded_error"),
    (504, "api_error", "api_error"),
    (529, "api_error", "overloaded_error"),
)
FORMS: tuple[ErrorForm, ...] = (
    OllamaErrors(),
    OpenAIErrors(),
    AnthropicErrors(),
)


class Bodies(Case):
    def test_ollama(self) -> None:
        """Ollama's is a text, whatever the status."""
        for status, *_ in TYPES:
            body = OllamaErrors().body(ProxyError("no", status), "req_1")
            self.assertEqual(body, '{"error":"no"}')

    def test_openai(self) -> None:
        """OpenAI's has a type for its status, and two keys that are null."""
        for status, kind, _anthropic in TYPES:
            body = OpenAIErrors().body(ProxyError("no", status), "req_1")
            expected = f'{{"error":{{"message":"no","type":"{kind}","param":null,"code":null}}}}'
            self.assertEqual(body, expected)

    def test_anthropic(self) -> None:
        """Anthropic's has a type for its status, and the request's id."""
        for status, _openai, kind in TYPES:
            body = AnthropicErrors().body(ProxyError("no", status), "req_1")
            error = f'{{"type":"{kind}","message":"no"}}'
            expected = f'{{"type":"error","error":{error},"request_id":"req_1"}}'
            self.assertEqual(body, expected)

    def test_the_default_status(self) -> None:
        """An error without a status of its own has its family's."""
        self.assertIn(
            '"type":"invalid_request_error"', OpenAIErrors().body(BadRequest("no"), "req_1")
        )
        self.assertIn('"type":"api_error"', OpenAIErrors().body(UpstreamTimeout("no"), "req_1"))

    def test_one_line(self) -> None:
        """A message comes as ASCII on one line, in a body and in a stream."""
        error = BadRequest('a\n\nb\r"é\u2028\\')
        words = '"a\\n\\nb\\r\\"\\u00e9\\u2028\\\\"'
        for form in FORMS:
            self.assertIn(words, form.body(error, "req_1"))
            self.assertIn(words.encode("ascii"), form.in_stream(error, "req_1"))


class InStreams(Case):
    def test_ollama(self) -> None:
        """A stream of lines ends with the error on a line."""
        ending = OllamaErrors().in_stream(UpstreamTruncated("cut"), "req_1")
        self.assertEqual(ending, b'{"error":"cut"}\n')

    def test_openai(self) -> None:
        """A stream of OpenAI's ends with the error as an event."""
        ending = OpenAIErrors().in_stream(UpstreamTruncated("cut"), "req_1")
        self.assertEqual(
            ending,
            b'data: {"error":{"message":"cut","type":"api_error","param":null,"code":null}}\n\n',
        )

    def test_anthropic(self) -> None:
        """A stream of Anthropic's ends with the error as an event of that name."""
        ending = AnthropicErrors().in_stream(UpstreamTruncated("cut"), "req_1")
        self.assertEqual(
            ending,
            b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"cut"},'
            b'"request_id":"req_1"}\n\n',
        )


class Paths(Case):
    def test_table(self) -> None:
        """The path tells the protocol; what is not under /v1 is Ollama's."""
        for path, form in (
            (b"", OllamaErrors),
            (b"/", OllamaErrors),
            (b"/api/chat", OllamaErrors),
            (b"/v1", OllamaErrors),
            (b"/v10/models", OllamaErrors),
            (b"/api/v1/messages", OllamaErrors),
            (b"*", OllamaErrors),
            (b"\xff", OllamaErrors),
            (b"/v1/", OpenAIErrors),
            (b"/v1/chat/completions", OpenAIErrors),
            (b"/v1/models?x=/v1/messages", OpenAIErrors),
            (b"/v1/nothing", OpenAIErrors),
            (b"/v1/messages", AnthropicErrors),
            (b"/v1/messages?beta=true", AnthropicErrors),
            (b"/v1/messages/count_tokens", AnthropicErrors),
        ):
            self.assertIs(type(form_for(path)), form, path)

    def test_ids(self) -> None:
        """The request's id goes into Anthropic's form."""
        self.assertIn(
            '"request_id":"req_7"',
            form_for(b"/v1/messages").body(BadRequest("no"), "req_7"),
        )
