"""Requests for the gateway's own routes: what is asked of them, and what of them goes on."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.forwarded import (
    CHAT_COMPLETIONS,
    COUNT_TOKENS,
    EMBEDDINGS,
    MESSAGES,
    RESPONSES,
    TEXT_COMPLETIONS,
    TRANSCRIPTIONS,
    ForwardedRequest,
    Route,
)
from tests.case import Case

#: What every route that checks something is content with.
ENOUGH: Mapping[str, Any] = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 1}

#: Route, its path, what Go decodes it into, whether it says that a model is not found instead
#: of that one is required, whether parameters may be dropped.
ROUTES: tuple[tuple[Route, str, str, bool, bool], ...] = (
    (CHAT_COMPLETIONS, "/v1/chat/completions", "openai.ChatCompletionRequest", False, True),
    (TEXT_COMPLETIONS, "/v1/completions", "openai.CompletionRequest", True, True),
    (EMBEDDINGS, "/v1/embeddings", "openai.EmbedRequest", True, False),
    (RESPONSES, "/v1/responses", "openai.ResponsesRequest", False, True),
    (MESSAGES, "/v1/messages", "anthropic.MessagesRequest", False, True),
    (COUNT_TOKENS, "/v1/messages/count_tokens", "anthropic.MessagesRequest", False, False),
    (TRANSCRIPTIONS, "/v1/audio/transcriptions", "openai.TranscriptionRequest", False, True),
)

#: What stays here.
KEPT = (
    *("options", "keep_alive", "_debug_render_only"),
    *("api_base", "api_key", "api_version", "base_url", "custom_llm_provider", "organization"),
    *("allowed_openai_params", "cooldown_time", "drop_params", "extra_headers", "headers"),
    *("fallbacks", "context_window_fallbacks", "model_info", "model_list", "user_config", "no-log"),
    *("mock_response", "mock_tool_calls", "mock_delay", "mock_timeout"),
    *("num_retries", "max_retries", "timeout", "stream_timeout"),
    *("litellm_metadata", "litellm_params", "litellm_session_id", "litellm_"),
)


def read(route: Route, fields: Any, default_model: str | None = None) -> ForwardedRequest:
    return ForwardedRequest.from_json(route, json.dumps(fields).encode(), default_model)


def sent(route: Route, body: bytes, *, drop_params: bool = False) -> bytes:
    """Return what goes out for a body, to the gateway's model ``t``."""
    request = ForwardedRequest.from_json(route, body)
    return request.for_target("t").to_json(drop_params=drop_params)


def beside(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes out for a text with these fields, beside the model."""
    going: dict[str, Any] = json.loads(
        sent(TEXT_COMPLETIONS, json.dumps({"model": "m", **fields}).encode())
    )
    del going["model"]
    return going


class Refusing(Case):
    def assert_refused(self, route: Route, body: bytes, message: str, status: int = 400) -> None:
        with self.assertRaises(BadRequest) as caught:
            ForwardedRequest.from_json(route, body)
        told = (caught.exception.message, caught.exception.status)
        self.assertEqual(told, (message, status), (route.path, body))


class Routes(Refusing):
    def test_paths(self) -> None:
        """A route's path is the gateway's."""
        for route, path, *_ in ROUTES:
            self.assertEqual(route.path, path)

    def test_a_request(self) -> None:
        """A request has its route, the model as it was written, and whether it wants events."""
        for route, *_ in ROUTES:
            for more, stream in (
                ({}, False),
                ({"stream": None}, False),
                ({"stream": False}, False),
                ({"stream": True}, True),
                ({"STREAM": True}, True),
            ):
                fields = {"model": "M:x", **ENOUGH, **more}
                request = read(route, fields)
                self.assertIs(request.route, route)
                self.assertEqual((request.model, request.stream), ("M:x", stream), more)
                self.assertEqual(request.fields, fields)

    def test_no_model(self) -> None:
        """Without a model each route answers as Ollama's does, whatever else is wrong."""
        for route, _path, _struct, not_found, _drops in ROUTES:
            message, status = (
                ("model '' not found", 404) if not_found else ("model is required", 400)
            )
            for body in (b"{}", b"null", b'{"model":""}', b'{"model":null}', b'{"stream":true}'):
                self.assert_refused(route, body, message, status)

    def test_default_model(self) -> None:
        """The default stands in for a model that is not named, and for no other."""
        for route, *_ in ROUTES:
            for fields, model in (
                ({}, "d"),
                ({"model": ""}, "d"),
                ({"model": None}, "d"),
                ({"model": "m"}, "m"),
                ({"MODEL": "m"}, "m"),
            ):
                self.assertEqual(read(route, {**ENOUGH, **fields}, "d").model, model, fields)

    def test_no_body(self) -> None:
        """A blank body is refused in Go's one word."""
        for route, *_ in ROUTES:
            for body in (b"", b" ", b"\r\n\t "):
                self.assert_refused(route, body, "EOF")

    def test_no_json(self) -> None:
        """A body that is not JSON is refused in Go's words."""
        for route, *_ in ROUTES:
            message = "invalid character 'o' looking for beginning of value"
            self.assert_refused(route, b"oops", message)
            self.assert_refused(route, b'{"model":', "unexpected EOF")

    def test_wrong_bodies(self) -> None:
        """A body that is no object is told with the struct and its package."""
        for route, _path, struct, *_ in ROUTES:
            for body, kind in (
                (b"[]", "array"),
                (b'"x"', "string"),
                (b"5", "number"),
                (b"true", "bool"),
            ):
                message = f"json: cannot unmarshal {kind} into Go value of type {struct}"
                self.assert_refused(route, body, message)

    def test_wrong_fields(self) -> None:
        """A field of a wrong type is told with the struct, before anything is missed."""
        for route, _path, struct, *_ in ROUTES:
            name = struct.partition(".")[2]
            for fields, kind, field, go_type in (
                ({"model": 5}, "number", "model", "string"),
                ({"model": ["m"]}, "array", "model", "string"),
                ({"Model": {}}, "object", "model", "string"),
                ({"stream": "yes"}, "string", "stream", "bool"),
                ({"stream": 1, "model": True}, "number", "stream", "bool"),
            ):
                self.assert_refused(
                    route,
                    json.dumps(fields).encode(),
                    f"json: cannot unmarshal {kind} into Go struct field {name}.{field} "
                    f"of type {go_type}",
                )

    def test_checks(self) -> None:
        """What else a route needs must be there, and not be empty."""
        chat = "[] is too short - 'messages'"
        limit = "max_tokens is required and must be positive"
        messages = "messages is required"
        for route, fields, message in (
            (CHAT_COMPLETIONS, {}, chat),
            (CHAT_COMPLETIONS, {"messages": []}, chat),
            (CHAT_COMPLETIONS, {"messages": None}, chat),
            (MESSAGES, {}, limit),
            (MESSAGES, {"messages": [1]}, limit),
            (MESSAGES, {"messages": [1], "max_tokens": None}, limit),
            (MESSAGES, {"messages": [1], "max_tokens": 0}, limit),
            (MESSAGES, {"messages": [1], "max_tokens": -1}, limit),
            (MESSAGES, {"max_tokens": 1}, messages),
            (MESSAGES, {"max_tokens": 1, "messages": []}, messages),
            (COUNT_TOKENS, {}, messages),
            (COUNT_TOKENS, {"messages": []}, messages),
        ):
            self.assert_refused(route, json.dumps({"model": "m", **fields}).encode(), message)

    def test_unchecked(self) -> None:
        """A route does not ask for what only another one needs."""
        for route in (TEXT_COMPLETIONS, EMBEDDINGS, RESPONSES, TRANSCRIPTIONS):
            self.assertEqual(read(route, {"model": "m"}).model, "m")
        for route in (CHAT_COMPLETIONS, COUNT_TOKENS):
            self.assertEqual(read(route, {"model": "m", "messages": [1]}).model, "m")


class Bodies(Case):
    def test_kept_here(self) -> None:
        """What is Ollama's, or would steer the gateway, does not go out in any spelling."""
        for name in KEPT:
            for spelling in (name, name.upper(), name.title()):
                self.assertEqual(beside({spelling: "x", "n": 1}), {"n": 1}, spelling)

    def test_goes_on(self) -> None:
        """What the protocol has, may have tomorrow, or only looks like steering goes out."""
        for name in (
            *("temperature", "tools", "user", "metadata", "stream_options", "thinking"),
            *("reasoning_effort", "of_tomorrow", "X", "", "é", "option", "my_litellm_", "litellm"),
        ):
            values: tuple[Any, ...] = (None, False, "", [], {"options": {"api_key": "x"}})
            for value in values:
                self.assertEqual(beside({name: value}), {name: value})

    def test_order(self) -> None:
        """The keys go out in the order that they came in, after the model."""
        body = b'{"z":1,"a":{"y":1,"b":2},"model":"m","messages":[1],"Z":2}'
        self.assertEqual(
            sent(CHAT_COMPLETIONS, body),
            b'{"model":"t","z":1,"a":{"y":1,"b":2},"messages":[1],"Z":2}',
        )

    def test_the_model(self) -> None:
        """The gateway's model goes out once, however often and in whatever case there was one."""
        for body in (
            b'{"model":"m","input":"x"}',
            b'{"input":"x","Model":"m"}',
            b'{"MODEL":"m","input":"x","model":"n"}',
            b'{"model":"m","model":"n","input":"x","mOdEl":null}',
        ):
            self.assertEqual(sent(EMBEDDINGS, body), b'{"model":"t","input":"x"}', body)
        request = ForwardedRequest.from_json(EMBEDDINGS, b'{"input":"x"}', "d")
        body = request.for_target("é/t").to_json(drop_params=False)
        self.assertEqual(body, b'{"model":"\\u00e9/t","input":"x"}')

    def test_drop_params(self) -> None:
        """Parameters are dropped if asked to and the route allows it, not as a client likes."""
        for route, _path, _struct, _not_found, drops in ROUTES:
            body = json.dumps({"model": "m", **ENOUGH, "drop_params": "x"}).encode()
            self.assertNotIn(b"drop_params", sent(route, body))
            asked = json.loads(sent(route, body, drop_params=True))
            self.assertEqual(asked.get("drop_params"), True if drops else None, route.path)

    def test_values(self) -> None:
        """Values go on as they are: text, numbers of any size, whatever is nested."""
        for value in (
            '"\\u00e9\\u2028\\ud83d\\ude00\\u0000\\"\\\\"',
            "123456789012345678901234567890",
            "-9007199254740993",
            "0.1",
            "1e-07",
            "1.7976931348623157e+308",
            '[null,true,[],{},[{"model":"m","options":{"keep_alive":0},"api_key":"k"}]]',
        ):
            body = '{"model":"t","input":' + value + "}"
            self.assertEqual(sent(EMBEDDINGS, body.encode()).decode(), body)
        self.assertEqual(
            sent(EMBEDDINGS, '{"model":"m","é":"ü"}'.encode())[13:], b'"\\u00e9":"\\u00fc"}'
        )

    def test_only_the_first_value(self) -> None:
        """What follows the object is not read, and is not sent."""
        body = b' {"model":"m","input":"x"}{"api_key":"k"} oops'
        self.assertEqual(sent(EMBEDDINGS, body), b'{"model":"t","input":"x"}')


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_NAMES = st.sampled_from(("model", "Model", "stream", "messages", "max_tokens", "Options", *KEPT))
_LIKELY = st.sampled_from(("m", "", True, 1, [1], [], None))
#: The others are shorter than any name that stays here: Hypothesis also tries words of our code.
_PAIRS = st.tuples(_NAMES, _LIKELY | _JSON) | st.tuples(st.text(max_size=3), _JSON)


def stays(name: str) -> bool:
    return name in {*KEPT, "model"} or name.startswith("litellm_")


class AnyBody(Case):
    @settings(deadline=None, max_examples=200)
    @given(
        st.sampled_from([row[0] for row in ROUTES]),
        st.builds(
            lambda some, pairs: {**some, **dict(pairs)},
            st.sampled_from(({}, {"model": "m", **ENOUGH})),
            st.lists(_PAIRS, max_size=8),
        ),
        st.booleans(),
        st.booleans(),
    )
    @example(CHAT_COMPLETIONS, {"model": "m", "messages": [1], "LITELLM_x": 1}, True, True)
    def test_any_object(
        self, route: Route, fields: dict[str, Any], drop: bool, escaped: bool
    ) -> None:
        """Any object is refused, or goes out in ASCII, for the model, without what stays here."""
        body = json.dumps(fields, ensure_ascii=escaped).encode()
        try:
            request = ForwardedRequest.from_json(route, body)
        except BadRequest:
            return
        text = request.for_target("t").to_json(drop_params=drop).decode("ascii")
        expected = {
            "model": "t",
            **{name: value for name, value in fields.items() if not stays(name.lower())},
            **({"drop_params": True} if drop and route.drops_params else {}),
        }
        going = json.loads(text)
        self.assertEqual((going, list(going)), (expected, list(expected)))
