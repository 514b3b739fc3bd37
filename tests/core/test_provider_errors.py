"""LiteLLM's error texts, down to what the provider said."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.translate.provider_errors import provider_message
from tests.case import Case

TAIL = "\n\nLiteLLM: model group 'x' failed with the error above. No fallback was attempted."
CONTEXT = '{"error": {"message": "This model\'s maximum context length is 4096 tokens."}}'

#: What LiteLLM says, and what a person wants to read.
MESSAGES = (
    (
        "litellm.RateLimitError: RateLimitError: Hosted_vllmException - "
        '{"error": {"message": "Rate limit reached", "type": "requests"}}' + TAIL,
        "Rate limit reached",
    ),
    ("litellm.NotFoundError: OpenAIException - No such thing" + TAIL, "No such thing"),
    (
        "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: "
        f"Hosted_vllmException - {CONTEXT}\nmodel=fake/x. context_window_fallbacks=None. "
        "fallbacks=None.\n\nSet 'context_window_fallback' - https://docs" + TAIL,
        "This model's maximum context length is 4096 tokens.",
    ),
    ("litellm.Timeout: APITimeoutError - Request timed out." + TAIL, "Request timed out."),
    (
        "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error."
        " Received Model Group=x\nAvailable Model Group Fallbacks=None",
        "Connection error.",
    ),
    (
        "litellm.BadGatewayError: BadGatewayError: OpenAIException - <html>Bad</html>" + TAIL,
        "the model's provider answered with an HTML page",
    ),
    ('{"no": "message"}', '{"no": "message"}'),
    ("Rate limit reached", "Rate limit reached"),
    ("Error: disk full", "Error: disk full"),
    ("litellm.BadRequestError: ", "litellm.BadRequestError:"),
)


class Messages(Case):
    def test_table(self) -> None:
        """The wrapping goes, and what the provider said stays."""
        for message, left in MESSAGES:
            self.assertEqual(provider_message(message), left, message)

    @settings(deadline=None, max_examples=200)
    @given(st.text(min_size=1))
    def test_never_empty(self, message: str) -> None:
        """Something is always left."""
        self.assertTrue(provider_message(message))
