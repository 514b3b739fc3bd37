"""Embeddings: what clients ask for, what the gateway answers, and what becomes of both."""

import base64
import itertools
import json
import math
import struct
from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import (
    BadRequest,
    GatewayKeyRefused,
    ModelNotFound,
    ProxyError,
    UpstreamGarbled,
    UpstreamRefused,
)
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.embeddings import (
    cuts,
    is_too_long,
    to_embedding,
    to_unit_vectors,
    too_long,
)
from ollamaproxy.wire.embeddings import (
    EmbeddingReply,
    EmbeddingRequest,
    EmbedRequest,
    decode_embeddings,
    embed_object,
    embedding_object,
)
from tests.case import Case

Read = Callable[[bytes], object]
#: Fields of a body; then what was sent, the field and its type, as Go calls them.
Row = tuple[dict[str, Any], tuple[str, str, str]]

MISMATCH = "json: cannot unmarshal {} into Go struct field {} of type {}"
MAP = "map[string]interface {}"

#: What both bodies have in common: the fields, and what a Go server says of them.
WRONG_FIELDS: tuple[Row, ...] = (
    ({"model": 5}, ("number", "model", "string")),
    ({"options": []}, ("array", "options", MAP)),
    ({"options": "x"}, ("string", "options", MAP)),
)
#: The same of ``/api/embed`` alone.
WRONG_EMBED_FIELDS: tuple[Row, ...] = (
    ({"truncate": "no"}, ("string", "truncate", "bool")),
    ({"truncate": 0}, ("number", "truncate", "bool")),
    ({"dimensions": "8"}, ("string", "dimensions", "int")),
    ({"dimensions": 1.5}, ("number 1.5", "dimensions", "int")),
    ({"dimensions": True}, ("bool", "dimensions", "int")),
)
#: And of ``/api/embeddings`` alone.
WRONG_LEGACY_FIELDS: tuple[Row, ...] = (
    ({"prompt": ["x"]}, ("array", "prompt", "string")),
    ({"prompt": 1}, ("number", "prompt", "string")),
)
#: Fields that have a decoder of their own, in both bodies.
WRONG_TIMES: tuple[tuple[Any, str], ...] = (
    (True, "Unsupported type: 'bool'"),
    ([], "Unsupported type: '[]interface {}'"),
    ("5", 'time: missing unit in duration "5"'),
)


def embed(**fields: Any) -> EmbedRequest:
    return EmbedRequest.from_json(json.dumps({"model": "m", **fields}).encode())


def legacy(**fields: Any) -> EmbedRequest:
    return EmbedRequest.from_legacy_json(json.dumps({"model": "m", **fields}).encode())


class Refusing(Case):
    def assert_refused(self, read: Read, body: bytes, message: str) -> None:
        with self.assertRaises(BadRequest) as caught:
            read(body)
        self.assertEqual((caught.exception.message, caught.exception.status), (message, 400))

    def assert_fields_refused(self, read: Read, struct_name: str, rows: Iterable[Row]) -> None:
        for fields, (kind, field, go_type) in rows:
            message = MISMATCH.format(kind, f"{struct_name}.{field}", go_type)
            self.assert_refused(read, json.dumps({"model": "m"} | fields).encode(), message)


class EmbedBodies(Refusing):
    def test_texts(self) -> None:
        """The input is a text or a list of them; only in a list is an empty text one."""
        for given_input, texts in (
            ("a", ("a",)),
            (" ", (" ",)),
            (["a", "b", "a"], ("a", "b", "a")),
            (["a"], ("a",)),
            (["", "a"], ("", "a")),
            ([""], ("",)),
            ("", ()),
            ([], ()),
            (None, ()),
        ):
            self.assertEqual(embed(input=given_input).texts, texts, given_input)
        self.assertEqual(embed().texts, ())

    def test_wrong_inputs(self) -> None:
        """Any other input, alone or in the list, is refused."""
        alone: tuple[Any, ...] = (5, 0, 1.5, True, False, {}, {"a": "b"})
        for wrong in (*alone, [1], ["a", None], [["a"]], [{}], ["a", 1]):
            body = json.dumps({"model": "m", "input": wrong}).encode()
            self.assert_refused(EmbedRequest.from_json, body, "invalid input type")

    def test_no_model(self) -> None:
        """A model that is missing is not found, whatever else the body says."""
        for body in (b"{}", b"null", b'{"model":null}', b'{"model":"","input":5}'):
            with self.assertRaises(ModelNotFound) as caught:
                EmbedRequest.from_json(body)
            self.assertEqual(caught.exception.message, "model '' not found")
            self.assertEqual(caught.exception.status, 404)

    def test_default_model(self) -> None:
        """The default stands in for a model that is not named, and for no other."""
        for body, model in ((b"{}", "d"), (b'{"model":""}', "d"), (b'{"model":"m"}', "m")):
            self.assertEqual(EmbedRequest.from_json(body, "d").model, model)
            self.assertEqual(EmbedRequest.from_legacy_json(body, "d").model, model)

    def test_defaults(self) -> None:
        """What is not said is as Ollama has it: cut, all dimensions, five minutes."""
        expected = EmbedRequest(
            model="m", texts=(), truncate=True, dimensions=0, options={}, keep_alive_s=300.0
        )
        self.assertEqual(embed(), expected)
        nulls = dict.fromkeys(("truncate", "dimensions", "options", "keep_alive", "input"))
        self.assertEqual(embed(**nulls), expected)

    def test_fields(self) -> None:
        """What is said is kept, in whatever case its name is; a negative dimension is none."""
        made = embed(
            truncate=False, DIMENSIONS=3, options={"num_ctx": "x"}, keep_alive="1m30s", other=1
        )
        self.assertEqual(
            made,
            EmbedRequest(
                model="m",
                truncate=False,
                dimensions=3,
                options={"num_ctx": "x"},
                keep_alive_s=90.0,
                unknown_keys=("other",),
            ),
        )
        self.assertEqual(embed(dimensions=-1).dimensions, 0)

    def test_wrong_types(self) -> None:
        """A field of a wrong type is refused in Go's words, before the input is looked at."""
        read = EmbedRequest.from_json
        self.assert_fields_refused(read, "EmbedRequest", (*WRONG_FIELDS, *WRONG_EMBED_FIELDS))
        message = MISMATCH.format("array", "EmbedRequest.options", MAP)
        self.assert_refused(read, b'{"input":5,"options":[]}', message)
        message = "json: cannot unmarshal array into Go value of type api.EmbedRequest"
        self.assert_refused(read, b"[]", message)
        self.assert_refused(read, b" ", "missing request body")
        for wrong, message in WRONG_TIMES:
            self.assert_refused(read, json.dumps({"keep_alive": wrong}).encode(), message)


class LegacyBodies(Refusing):
    def test_texts(self) -> None:
        """There is one text or none, and an empty one is none."""
        for fields, texts in (
            ({"prompt": "a"}, ("a",)),
            ({"prompt": " "}, (" ",)),
            ({"prompt": ""}, ()),
            ({"prompt": None}, ()),
            ({"input": "a"}, ()),
        ):
            self.assertEqual(legacy(**fields).texts, texts, fields)

    def test_fields(self) -> None:
        """Only options and time are heard; the rest is as if not said."""
        self.assertEqual(
            legacy(options={"seed": 1}, keep_alive=-1, truncate=False, dimensions=2),
            EmbedRequest(
                model="m",
                options={"seed": 1},
                keep_alive_s=-1.0,
                unknown_keys=("truncate", "dimensions"),
            ),
        )

    def test_no_model(self) -> None:
        """Here a model that is missing is a bad request."""
        for body in (b"{}", b"null", b'{"model":""}', b'{"model":null,"prompt":"a"}'):
            self.assert_refused(EmbedRequest.from_legacy_json, body, "model is required")

    def test_wrong_types(self) -> None:
        """A field of a wrong type is refused in Go's words, under the struct's other name."""
        read = EmbedRequest.from_legacy_json
        rows = (*WRONG_FIELDS, *WRONG_LEGACY_FIELDS)
        self.assert_fields_refused(read, "EmbeddingRequest", rows)
        message = "json: cannot unmarshal string into Go value of type api.EmbeddingRequest"
        self.assert_refused(read, b'"a"', message)
        self.assert_refused(read, b"", "missing request body")
        for wrong, message in WRONG_TIMES:
            self.assert_refused(read, json.dumps({"keep_alive": wrong}).encode(), message)


class GatewayBodies(Case):
    def test_json(self) -> None:
        """The gateway is asked for numbers, in ASCII, and only LiteLLM to drop parameters."""
        request = EmbeddingRequest("é/m", ("a", "ü\u2028"))
        body = {"model": "é/m", "input": ["a", "ü\u2028"], "encoding_format": "float"}
        for drop_params, expected in ((False, body), (True, {**body, "drop_params": True})):
            sent = request.to_json(drop_params=drop_params)
            self.assertTrue(sent.isascii())
            self.assertEqual(json.loads(sent), expected)


def told(*entries: Any, **more: Any) -> bytes:
    """Return a reply of the gateway's."""
    return json.dumps({"object": "list", "data": entries, **more}).encode()


def in_base64(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


#: Values that are no vector.
NO_VECTORS: tuple[Any, ...] = (
    *(None, 5, 1.5, True, {}, [], [None], [[1]], [{}], ["x"], [10**400], [1, -(10**400)]),
    *("", "not base64!", "AAAA!Pw==", "é", "\ud800", "AAAAPw=", "AAAA", "AAAAPwA=", in_base64()),
    *(in_base64(math.nan), in_base64(1, math.inf), in_base64(-math.inf)),
)
#: Bodies that have no embeddings in them.
NO_EMBEDDINGS = (
    *(b"", b" ", b"x", b"\xff", b"null", b"1", b"true", b'"data"', b"[]", b"{}", b'["data"]'),
    *(b'{"data":null}', b'{"data":5}', b'{"data":"x"}', b'{"data":{"a":1}}', b'{"data":true}'),
    *(told(None), told(1), told("x"), told([]), told({}), told({"index": 0})),
    *(b'{"data":[{"embedding":[NaN]}]}', b'{"data":[{"embedding":[Infinity]}]}'),
    *(b'{"data":[{"embedding":[1e999]}]}', b'{"data":[{"embedding":[' + b"1" * 5000 + b"]}]}"),
    *(b'{"data":[{"embedding":[1]}]} x', b"[" * 100_000, b'{"error":{"message":"no"}}'),
)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.binary(max_size=9).map(lambda data: base64.b64encode(data).decode()),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(("data", "embedding", "index", "usage", "x")), values, max_size=3
        )
    ),
    max_leaves=12,
)
GOOD_VECTORS = st.lists(st.integers(-9, 9), min_size=1, max_size=3)
ENTRIES = st.fixed_dictionaries(
    {"embedding": GOOD_VECTORS | JSON_VALUES}, optional={"index": JSON_VALUES | st.integers(0, 2)}
)
REPLIES = st.fixed_dictionaries(
    {"data": st.lists(ENTRIES, max_size=3) | JSON_VALUES}, optional={"usage": JSON_VALUES}
)


class GatewayReplies(Case):
    def test_order(self) -> None:
        """Vectors come where their index says, else where they stand."""
        one, two, three = ([number] for number in (1.0, 2.0, 3.0))
        for entries in (
            ({"embedding": one}, {"embedding": two}, {"embedding": three}),
            *(
                [({"embedding": [place + 1.0], "index": place}) for place in places]
                for places in itertools.permutations(range(3))
            ),
            (
                {"embedding": one, "index": None},
                {"embedding": two, "index": "0"},
                {"embedding": three, "index": 2},
            ),
        ):
            reply = decode_embeddings(told(*entries), 3)
            self.assertEqual(reply.vectors, ((1.0,), (2.0,), (3.0,)), entries)

    def test_numbers(self) -> None:
        """A vector is numbers or little-endian 32-bit floats in base64, and becomes floats."""
        for embedding, vector in (
            ([0.5, -2.0], (0.5, -2.0)),
            ([1, -2, 0], (1.0, -2.0, 0.0)),
            ([1e-300], (1e-300,)),
            ("AAAAPwAAAMA=", (0.5, -2.0)),
            (in_base64(1.5), (1.5,)),
        ):
            reply = decode_embeddings(told({"embedding": embedding}), 1)
            self.assertEqual(reply.vectors, (vector,), embedding)
            self.assertEqual({type(number) for number in reply.vectors[0]}, {float}, embedding)

    def test_tokens(self) -> None:
        """The cost is told in tokens, or is 0 where it is not told."""
        for more, tokens in (
            ({"usage": {"prompt_tokens": 7, "total_tokens": 9}}, 7),
            ({"usage": {"prompt_tokens": None}}, 0),
            ({"usage": {}}, 0),
            ({"usage": None}, 0),
            ({}, 0),
        ):
            body = told({"embedding": [1]}, **more)
            self.assertEqual(decode_embeddings(body, 1), EmbeddingReply(((1.0,),), tokens), more)

    def test_counts(self) -> None:
        """As many vectors as texts must come, and the error tells both numbers."""
        for sent, texts in ((0, 1), (1, 2), (2, 1), (3, 2)):
            body = told(*[{"embedding": [1]}] * sent)
            with self.assertRaises(UpstreamGarbled) as caught:
                decode_embeddings(body, texts)
            message = f"the gateway sent {sent} embeddings for {texts} texts"
            self.assertEqual(caught.exception.message, message)

    def test_garbled(self) -> None:
        """What holds no vectors is garbled, in whatever way, and nothing of it is repeated."""
        for body in (*NO_EMBEDDINGS, *(told({"embedding": value}) for value in NO_VECTORS)):
            with self.assertRaises(UpstreamGarbled) as caught:
                decode_embeddings(body, 1)
            message = "the gateway's reply has no embeddings in it"
            self.assertEqual(caught.exception.message, message, body[:80])

    @settings(deadline=None, max_examples=500)
    @given((REPLIES | JSON_VALUES).map(json.dumps), st.integers(1, 3))
    @example('{"data":[{"embedding":[1]}],"usage":"x"}', 1)
    @example('{"data":[{"embedding":[1]}],"usage":[1]}', 1)
    @example('{"data":[{"embedding":[1]}],"usage":1}', 1)
    def test_any_reply(self, body: str, texts: int) -> None:
        """Any JSON is a vector of finite numbers for each text, or garbled, and nothing worse."""
        try:
            reply = decode_embeddings(body.encode(), texts)
        except UpstreamGarbled:
            return
        self.assertEqual(len(reply.vectors), texts)
        for vector in reply.vectors:
            self.assertTrue(vector and all(map(math.isfinite, vector)), vector)

    @settings(deadline=None)
    @given(st.binary(max_size=100))
    def test_any_bytes(self, body: bytes) -> None:
        """Bytes at random are garbled."""
        with self.assertRaises(UpstreamGarbled):
            decode_embeddings(body, 1)


FLOATS_32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
#: Neighbours that 8 digits do not tell apart.
NINE_DIGITS = struct.unpack("<2f", struct.pack("<2I", 0x447A0000, 0x447A0001))


class Replies(Case):
    def test_embed(self) -> None:
        """The reply names the model as the client did, then the vectors, then all statistics."""
        text = embed_object("é\u2028/m", [(1.0, -0.5), (0.0,)], [("total", 0), ("count", 12)])
        self.assertEqual(
            text,
            '{"model":"\\u00e9\\u2028/m","embeddings":[[1,-0.5],[0]],"total":0,"count":12}',
        )

    def test_nothing(self) -> None:
        """Without a text there are no vectors, and none are told."""
        self.assertEqual(embed_object("m", ()), '{"model":"m","embeddings":[]}')
        self.assertEqual(embedding_object(()), '{"embedding":[]}')

    @settings(deadline=None)
    @given(st.text(max_size=5), st.lists(st.lists(FLOATS_32, max_size=4).map(tuple), max_size=4))
    @example("m", [NINE_DIGITS])
    def test_32_bits_are_kept(self, model: str, vectors: list[tuple[float, ...]]) -> None:
        """All that a 32-bit float has comes through the JSON of embed."""
        text = embed_object(model, vectors)
        self.assertTrue(text.isascii())
        reply = json.loads(text)
        self.assertEqual(reply["model"], model)
        rounded = [
            struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector))
            for vector in reply["embeddings"]
        ]
        self.assertEqual(rounded, vectors)

    @settings(deadline=None)
    @given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
    def test_64_bits_are_kept(self, vector: list[float]) -> None:
        """All that a 64-bit float has comes through the JSON of the older endpoint."""
        text = embedding_object(tuple(vector))
        self.assertTrue(text.isascii())
        self.assertEqual(json.loads(text), {"embedding": vector})


class UnitVectors(Case):
    def test_table(self) -> None:
        """A vector gets the length 1, after it is cut; one without a direction stays as it is."""
        for vector, dimensions, unit in (
            ((3.0, 4.0), 0, (0.6, 0.8)),
            ((-2.0,), 0, (-1.0,)),
            ((0.0, 0.0), 0, (0.0, 0.0)),
            ((1e-13, 0.0), 0, (1e-13, 0.0)),
            ((3.0, 4.0, 12.0), 2, (0.6, 0.8)),
            ((3.0, 4.0), 1, (1.0,)),
            ((3.0, 4.0), 2, (0.6, 0.8)),
            ((3.0, 4.0), 3, (0.6, 0.8)),
            ((0.0, 4.0), 1, (0.0,)),
        ):
            self.assertEqual(to_unit_vectors([vector], dimensions), [unit], (vector, dimensions))
        several = to_unit_vectors([(2.0, 0.0), (0.0, 0.0), (0.0, -5.0)], 0)
        self.assertEqual(several, [(1.0, 0.0), (0.0, 0.0), (0.0, -1.0)])

    @settings(deadline=None)
    @given(
        st.lists(st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3), min_size=1, max_size=20),
        st.integers(0, 25),
    )
    def test_length(self, vector: list[float], dimensions: int) -> None:
        """Whatever is cut off, the length is 1."""
        [unit] = to_unit_vectors([tuple(vector)], dimensions)
        self.assertEqual(len(unit), min(dimensions or len(vector), len(vector)))
        self.assertAlmostEqual(math.hypot(*unit), 1.0)


#: Who says it, with which status, and how.
TOO_LONG = (
    (
        "OpenAI",
        400,
        "This model's maximum context length is 8192 tokens, however you requested 51435 tokens "
        "(51435 in your prompt; 0 for the completion). Please reduce your prompt; or completion "
        "length.",
    ),
    ("OpenAI", 400, "Invalid 'input[0]': maximum input length is 8192 tokens."),
    (
        "vLLM",
        400,
        "This model's maximum context length is 512 tokens. However, you requested 1451 tokens in "
        "the input for embedding generation. Please reduce the length of the input.",
    ),
    ("llama.cpp", 500, "input (1000 tokens) is too large to process. increase the physical batch"),
    ("llama.cpp", 400, "the request exceeds the available context size, try increasing it"),
    ("TEI", 413, "`inputs` must have less than 512 tokens. Given: 1000"),
    ("TEI", 422, "Input validation error: `inputs` must have less than 512 tokens. Given: 1000"),
    ("LiteLLM", 400, "litellm.ContextWindowExceededError: litellm.BadRequestError: too much"),
    ("LiteLLM", 500, "ContextWindowExceededError"),
    ("Jina", 422, "Single text cannot exceed 8192 tokens: TOO MANY TOKENS"),
)
#: Something else is wrong.
NOT_TOO_LONG = (
    UpstreamRefused("Invalid value for 'dimensions'", 400),
    UpstreamRefused("Input cannot be an empty string", 400),
    UpstreamRefused("Internal server error", 500),
    UpstreamRefused("batch size 33 > maximum allowed batch size 32", 413),
    UpstreamRefused("", 400),
    UpstreamRefused("Too many tokens per minute", 429),
    UpstreamRefused("maximum context length is being changed", 503),
    UpstreamRefused("maximum context length"),
    GatewayKeyRefused("the key is too long", 502),
)


class LongTexts(Case):
    def test_too_long(self) -> None:
        """Every kind of gateway is understood when it says that a text is too long."""
        for who, status, message in TOO_LONG:
            self.assertTrue(is_too_long(UpstreamRefused(message, status)), (who, message))

    def test_something_else(self) -> None:
        """Other refusals, and other statuses with such words, are not about a text's length."""
        for refused in NOT_TOO_LONG:
            self.assertFalse(is_too_long(refused), (refused.status, refused.message))

    def test_the_error(self) -> None:
        """A text that does not fit is the client's fault, in Ollama's words."""
        error: ProxyError = too_long()
        self.assertIs(type(error), BadRequest)
        self.assertEqual(error.message, "the input length exceeds the context length")
        self.assertEqual(error.status, 400)

    def test_cuts(self) -> None:
        """Less and less is tried: by the tokens that fit if they are known, then by halves."""
        for lengths, context_length, characters in (
            ([100], None, [50, 25, 12, 6]),
            ([3, 100, 7], None, [50, 25, 12, 6]),
            ([8], None, [4, 2, 1]),
            ([2], None, [1]),
            ([1], None, []),
            ([0], None, []),
            ([100], 10, [40, 20, 10, 5, 2]),
            ([200], 512, [100, 50, 25, 12]),
            ([7, 40], 10, [20, 10, 5, 2, 1]),
            ([20], 10, [10, 5, 2, 1]),
            ([100], 1, [4, 2, 1]),
            ([1], 1, []),
        ):
            texts = ["x" * length for length in lengths]
            self.assertEqual(list(cuts(texts, context_length)), characters, (lengths, characters))

    @settings(deadline=None)
    @given(
        st.lists(st.integers(0, 5000).map("é".__mul__), min_size=1, max_size=4),
        st.none() | st.integers(1, 3000),
    )
    def test_any_cuts(self, texts: list[str], context_length: int | None) -> None:
        """Each length is at least 1, and less than the one before and than the longest text."""
        tried = [max(map(len, texts)), *cuts(texts, context_length)]
        for longer, shorter in itertools.pairwise(tried):
            self.assertTrue(1 <= shorter < longer, tried)


class Translation(Case):
    def test_texts(self) -> None:
        """Texts are cut to so many characters, and an empty one becomes a blank."""
        request = EmbedRequest(model="m", texts=("", "é", "abc"), options={"temperature": 1})
        for characters, texts in (
            (None, (" ", "é", "abc")),
            (3, (" ", "é", "abc")),
            (2, (" ", "é", "ab")),
            (1, (" ", "é", "a")),
        ):
            made = to_embedding(request, Model("m", "azure/m"), characters)
            self.assertEqual(made, EmbeddingRequest("azure/m", texts), characters)

    def test_options(self) -> None:
        """An option of a wrong type is refused as in a chat, though none is of use here."""
        request = EmbedRequest(model="m", texts=("a",), options={"num_ctx": []})
        with self.assertRaises(BadRequest) as caught:
            to_embedding(request, Model("m", "m"), None)
        self.assertEqual(caught.exception.message, 'option "num_ctx" must be of type integer')
        self.assertEqual(caught.exception.status, 500)
