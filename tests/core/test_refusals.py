"""The gateway's refusals, and what the client hears of them."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import (
    CallerKeyRefused,
    GatewayForbids,
    GatewayKeyRefused,
    ModelNotFound,
    ProxyError,
    UpstreamRefused,
)
from ollamaproxy.translate.provider_errors import provider_message
from ollamaproxy.translate.refusals import WhoseKey, refusal, refusal_in_stream
from ollamaproxy.wire.openai_errors import ErrorReport
from tests.case import Case

CHECK_401 = (
    "the gateway refused this proxy's API key (HTTP 401); "
    "whoever runs the proxy should check its --api-key"
)
CHECK_400 = CHECK_401.replace("401", "400")
ITS_OWN_KEY_401 = (
    "the model's provider refused the gateway's own key (HTTP 401); "
    "whoever runs the gateway should check it"
)
ITS_OWN_KEY_403 = ITS_OWN_KEY_401.replace("401", "403")
NO_KEY = (
    "the gateway asks for an API key (HTTP 401), and this proxy has none; "
    "whoever runs the proxy should give it one with --api-key-file"
)
NOT_ALLOWED = "the gateway forbids it to this proxy's API key: "
TAIL = "\\n\\nLiteLLM: model group 'm' failed with the error above. No fallback was attempted."
TAIL_TEXT = TAIL.replace("\\n", "\n")

Row = tuple[str, int, str, str, type[ProxyError], int, str]

#: What happened, the gateway's status and body (mostly recorded from LiteLLM 1.106), the model
#: that was asked for; then the error, its status and its text.
LITELLM: tuple[Row, ...] = (
    (
        "no key",
        401,
        '{"error":{"message":"Authentication Error, No api key passed in.","type":"auth_error",'
        '"param":"None","code":"401"}}',
        "m",
        GatewayKeyRefused,
        502,
        CHECK_401,
    ),
    (
        "no key, for the list of models",
        401,
        '{"error":{"message":"Authentication Error, No api key passed in.","type":"auth_error",'
        '"param":"None","code":"401"}}',
        "",
        GatewayKeyRefused,
        502,
        CHECK_401,
    ),
    (
        "a wrong key",
        401,
        '{"error":{"message":"Authentication Error, Invalid proxy server token passed.",'
        '"type":"token_not_found_in_db","param":"key","code":"401"}}',
        "m",
        GatewayKeyRefused,
        502,
        CHECK_401,
    ),
    (
        "an expired key",
        401,
        '{"error":{"message":"Authentication Error - Expired Key. Key Expiry time 2026-01-01'
        ' 00:00:00+00:00 and current time 2026-11-22 20:00:00+00:00","type":"expired_key",'
        '"param":"sk-...ired","code":"401"}}',
        "m",
        GatewayKeyRefused,
        502,
        CHECK_401,
    ),
    (
        "a wrong key, no database",
        400,
        '{"error":{"message":"No connected db.","type":"no_db_connection","param":null,'
        '"code":"400"}}',
        "m",
        GatewayKeyRefused,
        502,
        CHECK_400,
    ),
    (
        "a key that may not use the model",
        403,
        '{"error":{"message":"The requested model \'gpt-4o\' is not available for this API key,'
        ' or the model name is invalid. Check the models available to you and try again.",'
        '"type":"key_model_access_denied","param":"model","code":"403"}}',
        "gpt-4o",
        GatewayForbids,
        502,
        NOT_ALLOWED + "The requested model 'gpt-4o' is not available for this API key, or the model"
        " name is invalid. Check the models available to you and try again.",
    ),
    (
        "a key that may not use the route",
        403,
        '{"detail":"Virtual key is not allowed to call this route. Only allowed to call routes:'
        " ['/v1/chat/completions']. Tried to call route: /v1/models\"}",
        "",
        GatewayForbids,
        502,
        NOT_ALLOWED + "Virtual key is not allowed to call this route. Only allowed to call routes:"
        " ['/v1/chat/completions']. Tried to call route: /v1/models",
    ),
    (
        "a provider refuses LiteLLM's key",
        401,
        '{"error":{"message":"litellm.AuthenticationError: AuthenticationError: OpenAIException -'
        f' Incorrect API key provided: sk-up***.{TAIL}","type":"authentication_error",'
        '"param":null,"code":"401"}}',
        "m",
        UpstreamRefused,
        502,
        ITS_OWN_KEY_401,
    ),
    (
        "a provider refuses LiteLLM",
        403,
        '{"error":{"message":"litellm.APIError: APIError: OpenAIException - Country not supported'
        f'{TAIL}","type":"permission_error","param":null,"code":"403"}}}}',
        "m",
        UpstreamRefused,
        502,
        ITS_OWN_KEY_403,
    ),
    (
        "an unknown model",
        400,
        '{"error":{"message":"litellm.BadRequestError: You passed in model=nope. There are no'
        " healthy deployments for this model\\n\\nLiteLLM: model group 'nope' failed with the"
        ' error above. No fallback was attempted.","type":"invalid_request_error","param":null,'
        '"code":"400"}}',
        "nope",
        ModelNotFound,
        404,
        "model 'nope' not found",
    ),
    (
        "an unknown model, LiteLLM with a fixed list",
        400,
        '{"error":{"message":"/chat/completions: Invalid model name passed in model=nope. Call'
        ' `/v1/models` to view available models for your key.","type":"invalid_request_error",'
        '"param":"None","code":"400"}}',
        "nope",
        ModelNotFound,
        404,
        "model 'nope' not found",
    ),
    (
        "an unknown model when none was asked for",
        400,
        '{"error":{"message":"litellm.BadRequestError: You passed in model=None. There are no'
        ' healthy deployments for this model","type":"invalid_request_error","param":null,'
        '"code":"400"}}',
        "",
        UpstreamRefused,
        400,
        "You passed in model=None. There are no healthy deployments for this model",
    ),
    (
        "a model that the provider does not have",
        404,
        '{"error":{"message":"litellm.NotFoundError: OpenAIException - The model `fake-404` does'
        f' not exist{TAIL}","type":"invalid_request_error","param":null,"code":"404"}}}}',
        "fake/fake-404",
        ModelNotFound,
        404,
        "model 'fake/fake-404' not found",
    ),
    (
        "a model that cannot be looked up",
        404,
        '{"detail":"The model `nope` does not exist or is not accessible"}',
        "nope",
        ModelNotFound,
        404,
        "model 'nope' not found",
    ),
    ("no such route", 404, '{"detail":"Not Found"}', "m", UpstreamRefused, 404, "Not Found"),
    (
        "no such method",
        405,
        '{"detail":"Method Not Allowed"}',
        "m",
        UpstreamRefused,
        405,
        "Method Not Allowed",
    ),
    (
        "a parameter that the provider does not take",
        400,
        '{"error":{"message":"litellm.BadRequestError: OpenAIException - Invalid value for'
        f' \'temperature\'{TAIL}","type":"invalid_request_error","param":"temperature",'
        '"code":"400"}}',
        "m",
        UpstreamRefused,
        400,
        "litellm.BadRequestError: OpenAIException - Invalid value for 'temperature'" + TAIL_TEXT,
    ),
    (
        "a guardrail",
        400,
        '{"error":{"message":"Content blocked: keyword \'forbiddenword\' detected",'
        '"type":"invalid_request_error","param":null,"code":"400","provider_specific_fields":'
        '{"error":"Content blocked","keyword":"forbiddenword","guardrail_name":"cf"}}}',
        "m",
        UpstreamRefused,
        400,
        "Content blocked: keyword 'forbiddenword' detected",
    ),
    (
        "a timeout",
        408,
        '{"error":{"message":"litellm.Timeout: This is a mock timeout error\\n\\nDeployment Info:'
        f' request_timeout: None\\ntimeout: 1.0{TAIL}","type":"invalid_request_error",'
        '"param":null,"code":"408"}}',
        "m",
        UpstreamRefused,
        408,
        "litellm.Timeout: This is a mock timeout error\n\nDeployment Info: request_timeout: None\n"
        "timeout: 1.0" + TAIL_TEXT,
    ),
    (
        "a request too large",
        413,
        f'{{"error":{{"message":"litellm.BadRequestError: OpenAIException - Request too large{TAIL}'
        '","type":"invalid_request_error","param":null,"code":"413"}}',
        "m",
        UpstreamRefused,
        413,
        "litellm.BadRequestError: OpenAIException - Request too large" + TAIL_TEXT,
    ),
    (
        "a budget that is spent",
        422,
        '{"error":{"message":"Budget has been exceeded! Current cost: 1.5, Max budget: 0.01",'
        '"type":"budget_exceeded","param":null,"code":"422"}}',
        "m",
        UpstreamRefused,
        422,
        "Budget has been exceeded! Current cost: 1.5, Max budget: 0.01",
    ),
    (
        "a provider's rate limit",
        429,
        '{"error":{"message":"litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit'
        f' reached for requests{TAIL}","type":"throttling_error","param":null,"code":"429"}}}}',
        "m",
        UpstreamRefused,
        429,
        "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for requests"
        + TAIL_TEXT,
    ),
    (
        "LiteLLM crashes",
        500,
        '{"error":{"message":"Internal server error","type":"internal_server_error"}}',
        "m",
        UpstreamRefused,
        500,
        "Internal server error",
    ),
    (
        "a provider is overloaded",
        529,
        '{"error":{"message":"litellm.APIError: APIError: OpenAIException - Overloaded'
        f'{TAIL}","type":"internal_server_error","param":null,"code":"529"}}}}',
        "m",
        UpstreamRefused,
        529,
        "litellm.APIError: APIError: OpenAIException - Overloaded" + TAIL_TEXT,
    ),
    (
        "LiteLLM 1.80 fails at the first event",
        503,
        'data: {"error": {"message": "gone", "type": null, "param": null, "code": "500"}}\n\n',
        "m",
        UpstreamRefused,
        503,
        "gone",
    ),
)

#: The same of other servers, and of what stands between them and the proxy.
OTHERS: tuple[Row, ...] = (
    (
        "vLLM has no such model",
        404,
        '{"object":"error","message":"The model `nope` does not exist.","type":"NotFoundError",'
        '"param":null,"code":404}',
        "nope",
        ModelNotFound,
        404,
        "model 'nope' not found",
    ),
    ("an error as a text", 400, '{"error":"No"}', "m", UpstreamRefused, 400, "No"),
    ("the highest status", 599, '{"error":"No"}', "m", UpstreamRefused, 599, "No"),
    (
        "the lowest status",
        400,
        '{"error":"There are no models"}',
        "m",
        UpstreamRefused,
        400,
        "There are no models",
    ),
    ("a redirection that says why", 307, '{"error":"moved"}', "m", UpstreamRefused, 502, "moved"),
    (
        "a redirection",
        301,
        "",
        "m",
        UpstreamRefused,
        502,
        "the gateway answered HTTP 301 with an empty reply",
    ),
    (
        "LiteLLM without its database package",
        500,
        "Internal Server Error",
        "m",
        UpstreamRefused,
        500,
        "the gateway answered HTTP 500 with Internal Server Error",
    ),
    (
        "a page",
        502,
        "\n<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
        "m",
        UpstreamRefused,
        502,
        "the gateway answered HTTP 502 with an HTML page; "
        "is --base-url the address of the gateway's API?",
    ),
    (
        "nothing but blanks",
        503,
        " \r\n",
        "m",
        UpstreamRefused,
        503,
        "the gateway answered HTTP 503 with an empty reply",
    ),
    (
        "JSON that says nothing",
        400,
        "{}",
        "m",
        UpstreamRefused,
        502,
        "the gateway answered HTTP 400 with {}",
    ),
    (
        "lines of text",
        400,
        "first\n  second",
        "m",
        UpstreamRefused,
        502,
        "the gateway answered HTTP 400 with first second",
    ),
    ("a 401 without words", 401, "", "m", GatewayKeyRefused, 502, CHECK_401),
    ("a 401 with a page", 401, "<html>", "", GatewayKeyRefused, 502, CHECK_401),
    (
        "a firewall",
        403,
        "<html><title>Forbidden</title></html>",
        "m",
        UpstreamRefused,
        502,
        "the gateway answered HTTP 403 with an HTML page; "
        "is --base-url the address of the gateway's API?",
    ),
)


class Refusals(Case):
    def test_table(self) -> None:
        """Every refusal has the class, the status and the words that the client needs."""
        for name, status, body, model, kind, told_status, told in (*LITELLM, *OTHERS):
            error = refusal(status, body.encode(), model)
            self.assertIs(type(error), kind, name)
            self.assertEqual(error.status, told_status, name)
            self.assertEqual(error.message, provider_message(told), name)

    def test_no_key_in_the_words(self) -> None:
        """A refusal of the key repeats nothing of the key, wherever LiteLLM puts it."""
        for kind in ("auth_error", "token_not_found_in_db", "expired_key", None):
            body = {"error": {"message": "Received=sk-secret, hash", "type": kind, "param": "sk-s"}}
            message = refusal(401, json.dumps(body).encode(), "m").message
            self.assertNotIn("sk-", message, kind)

    def test_a_long_text(self) -> None:
        """Of a plain text only the beginning is told."""
        self.assertEqual(
            refusal(500, b"x" * 100_000, "m").message,
            "the gateway answered HTTP 500 with " + "x" * 200,
        )

    def test_not_utf8(self) -> None:
        """A plain text that is not UTF-8 is told all the same."""
        self.assertEqual(
            refusal(500, b"a\xff", "m").message, "the gateway answered HTTP 500 with a\ufffd"
        )

    def test_model_as_asked(self) -> None:
        """The model that is not found has the name that the client wrote."""
        body = b'{"error":{"message":"Invalid model name passed in model=x","code":"400"}}'
        self.assertEqual(refusal(400, body, "A/b:é").message, "model 'A/b:é' not found")

    @settings(deadline=None)
    @given(st.integers(300, 599), st.binary(max_size=300), st.sampled_from(["", "m"]))
    def test_anything(self, status: int, body: bytes, model: str) -> None:
        """Whatever the gateway answers, the client hears a status of an error, and never a 401."""
        error = refusal(status, body, model)
        self.assertTrue(400 <= error.status <= 599)
        self.assertNotIn(error.status, {401, 403})
        self.assertTrue(error.message)


class WhoHears(Case):
    def test_table(self) -> None:
        """What is wrong with a key is told to who has chosen it; a client gets the status, too."""
        keys_file = CHECK_401.replace("--api-key", "keys file")
        yours = "the gateway refused your API key (HTTP {}): {}"
        for status, report, whose, kind, told_status, message in (
            (401, {"message": "x"}, WhoseKey.DAEMONS, GatewayKeyRefused, 502, CHECK_401),
            (401, {"message": "x"}, WhoseKey.KEYS_FILES, GatewayKeyRefused, 502, keys_file),
            (401, {"message": "x"}, WhoseKey.NOBODYS, GatewayKeyRefused, 502, NO_KEY),
            (403, {"message": "x"}, WhoseKey.KEYS_FILES, GatewayForbids, 502, NOT_ALLOWED + "x"),
            (
                401,
                {"message": "x"},
                WhoseKey.CALLERS,
                CallerKeyRefused,
                401,
                yours.format(401, "x"),
            ),
            (
                *(403, {"message": f"x {'0a' * 32}"}, WhoseKey.CALLERS, GatewayForbids, 403),
                "the gateway forbids it to your API key: x ***",
            ),
            (
                *(400, {"message": "x", "type": "no_db_connection"}, WhoseKey.CALLERS),
                *(CallerKeyRefused, 401, yours.format(400, "x")),
            ),
            (
                *(401, {"message": "litellm.AuthenticationError: x"}, WhoseKey.CALLERS),
                *(UpstreamRefused, 502, ITS_OWN_KEY_401),
            ),
            (429, {"message": "x"}, WhoseKey.CALLERS, UpstreamRefused, 429, "x"),
        ):
            error = refusal(status, json.dumps({"error": report}).encode(), "m", whose)
            self.assertIs(type(error), kind, (report, whose))
            self.assertEqual((error.status, error.message), (told_status, message))

    def test_without_words(self) -> None:
        """A 401 without a text is about the key all the same."""
        error = refusal(401, b"", "m", WhoseKey.CALLERS)
        self.assertEqual(error.message, "the gateway refused your API key (HTTP 401)")
        self.assertEqual(error.status, 401)


class InStreams(Case):
    def test_table(self) -> None:
        """An error in a stream has the status that it names, unless it is about a key."""
        for report, kind, status, message in (
            (ErrorReport("gone", 500), UpstreamRefused, 500, "gone"),
            (ErrorReport("busy", 429, "throttling_error"), UpstreamRefused, 429, "busy"),
            (ErrorReport("gone"), UpstreamRefused, 502, "gone"),
            (ErrorReport("Received=sk-secret", 401), GatewayKeyRefused, 502, CHECK_401),
            (ErrorReport("no", 403), GatewayForbids, 502, NOT_ALLOWED + "no"),
            (
                ErrorReport("litellm.AuthenticationError: sk-up", 401),
                UpstreamRefused,
                502,
                ITS_OWN_KEY_401,
            ),
        ):
            error = refusal_in_stream(report)
            self.assertIs(type(error), kind, report)
            self.assertEqual((error.status, error.message), (status, message), report)
