"""What gateways and servers say of their models, as facts."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, fields_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.wire.model_facts import UNKNOWN_MODEL, ModelFacts
from ollamaproxy.wire.model_lists import decode_model_groups, decode_model_info, decode_models
from ollamaproxy.wire.product_models import decode_llama_cpp, decode_lm_studio
from tests.case import Case

#: What LiteLLM may say of a model in either of its lists, and the facts that it makes.
LITELLM = (
    ('"mode":"chat"', ModelFacts(mode="chat")),
    ('"mode":null,"max_input_tokens":null,"supports_vision":null', ModelFacts()),
    ('"mode":"","litellm_provider":""', ModelFacts()),
    ('"mode":5,"supports_vision":"true","max_input_tokens":"4096"', ModelFacts()),
    ('"supports_function_calling":true', ModelFacts(tools=True)),
    ('"supports_vision":true', ModelFacts(vision=True)),
    ('"supports_reasoning":true', ModelFacts(thinking=True)),
    ('"supported_openai_params":["stop","suffix"]', ModelFacts(insert=True)),
    ('"supported_openai_params":["stop"]', ModelFacts()),
    ('"supported_openai_params":null', ModelFacts()),
    ('"max_input_tokens":4096', ModelFacts(context_length=4096)),
    ('"max_input_tokens":32768.0', ModelFacts(context_length=32768)),
    ('"max_input_tokens":0,"max_output_tokens":-1,"output_vector_size":0.5', ModelFacts()),
    ('"max_input_tokens":true', ModelFacts()),
    ('"max_output_tokens":1', ModelFacts(max_output_tokens=1)),
    ('"output_vector_size":1536', ModelFacts(embedding_length=1536)),
    ('"supports_none_reasoning_effort":true', ModelFacts(efforts=frozenset({"none"}))),
    ('"supports_xhigh_reasoning_effort":"yes"', ModelFacts()),
    ('"supports_max_reasoning_effort":false', ModelFacts()),
    (
        '"supported_reasoning_efforts":["minimal","low","medium","high","xhigh"]',
        ModelFacts(efforts=frozenset({"minimal", "xhigh"})),
    ),
    (
        '"supported_reasoning_efforts":null,"supports_max_reasoning_effort":true',
        ModelFacts(efforts=frozenset({"max"})),
    ),
)

LLAMA_CPP = ModelFacts(provider="llamacpp", context_length=9)

#: Entries of ``/v1/models`` as servers write them, and the facts that they make.
LISTED = (
    # OpenAI, LiteLLM by default and on request, vLLM
    ('"object":"model","created":1,"owned_by":"system"', ModelFacts()),
    ('"owned_by":"openai","mode":"chat"', ModelFacts(mode="chat")),
    (
        '"max_input_tokens":9,"max_output_tokens":8',
        ModelFacts(context_length=9, max_output_tokens=8),
    ),
    ('"owned_by":"vllm","max_model_len":9', ModelFacts(provider="vllm", context_length=9)),
    # OpenRouter
    (
        '"context_length":9,"architecture":{"input_modalities":["text","image"]},'
        '"supported_parameters":["stop","tools","reasoning"],"top_provider":{"context_length":9}',
        ModelFacts(tools=True, vision=True, thinking=True, context_length=9),
    ),
    ('"top_provider":{"max_completion_tokens":8}', ModelFacts(max_output_tokens=8)),
    ('"top_provider":{"max_completion_tokens":null}', ModelFacts()),
    ('"architecture":{"input_modalities":["text"]}', ModelFacts(vision=False)),
    ('"supported_parameters":[]', ModelFacts(tools=False, thinking=False)),
    # llama.cpp: loaded, of an older version, not loaded
    ('"owned_by":"llamacpp","meta":{"n_ctx":9,"n_ctx_train":10}', LLAMA_CPP),
    ('"owned_by":"llamacpp","meta":{"n_ctx_train":9}', LLAMA_CPP),
    ('"owned_by":"llamacpp","meta":null', ModelFacts(provider="llamacpp")),
    # LM Studio
    ('"max_context_length":9', ModelFacts(context_length=9)),
    # several, and nonsense
    (
        '"meta":{"n_ctx":1},"max_context_length":2,"context_length":3,"max_model_len":4',
        ModelFacts(context_length=4),
    ),
    (
        '"max_input_tokens":0,"max_model_len":null,"context_length":9.0',
        ModelFacts(context_length=9),
    ),
    ('"owned_by":null,"meta":"x","top_provider":5,"supported_parameters":"tools"', ModelFacts()),
)

#: What no list of models is, whoever sends it.
GARBLED = (
    *(b"", b"<html>", b"\xff", b"[]", b"{}", b"null", b"5", b'"data"', b"NaN"),
    *(b'{"data":[]} {}', b'{"data":5}', b'{"data":true}', b'{"data":"a"}', b'{"data":{"a":1}}'),
    *(b'{"data":["a"]}', b'{"data":[1]}', b'{"data":[null]}', b'{"data":[[]]}', b'{"data":[{}]}'),
    *(b'{"data":[{"name":"a"}]}', b'{"data":[' + b"[" * 100_000),
)
LISTS = (
    (decode_model_info, "the gateway's /v1/model/info is not a list of models"),
    (decode_model_groups, "the gateway's /model_group/info is not a list of models"),
    (decode_models, "the gateway's /v1/models is not a list of models"),
    (decode_lm_studio, "the server's /api/v0/models is not a list of models"),
)
NOT_LLAMA_CPP = "the server's /props is not llama.cpp's"

any_key = st.sampled_from(("id", "meta", "owned_by", "type", "capabilities", "modalities")) | (
    st.sampled_from(("model_name", "model_info", "litellm_params", "model", "model_group"))
    | st.sampled_from(("providers", "supported_openai_params", "architecture"))
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_key, inner, max_size=5),
)


def body(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"object": "list", "data": entries}).encode()


def deployment(name: str, model: str | None = None, **info: Any) -> dict[str, Any]:
    params = {} if model is None else {"litellm_params": {"model": model}}
    return {"model_name": name, **params, "model_info": info}


class ModelInfo(Case):
    def test_facts(self) -> None:
        """Each of LiteLLM's words makes its fact, and null or nonsense makes none."""
        for info, facts in LITELLM:
            sent = f'{{"data":[{{"model_name":"m","model_info":{{{info}}}}}]}}'
            self.assertEqual(decode_model_info(sent.encode()), {"m": facts}, info)

    def test_false(self) -> None:
        """What is false is known to be missing, unlike what is null."""
        sent = deployment("m", supports_function_calling=False, supports_vision=None)
        self.assertEqual(decode_model_info(body(sent)), {"m": ModelFacts(tools=False)})

    def test_provider(self) -> None:
        """The provider is LiteLLM's word for it."""
        facts = decode_model_info(body(deployment("m", litellm_provider="anthropic")))
        self.assertEqual(facts["m"].provider, "anthropic")

    def test_nothing_told(self) -> None:
        """A model of which nothing or null is told exists, and nothing is known of it."""
        for more in ("", ',"model_info":null', ',"model_info":{},"litellm_params":null'):
            sent = f'{{"data":[{{"model_name":"m"{more}}}]}}'
            self.assertEqual(decode_model_info(sent.encode()), {"m": UNKNOWN_MODEL}, more)

    def test_several_deployments(self) -> None:
        """Of several deployments of a name, the first that knows a fact counts for it."""
        facts = decode_model_info(
            body(
                deployment("m", mode="chat", supports_vision=False, id="1"),
                deployment("n", id="2"),
                deployment("m", mode="embedding", supports_vision=True, max_input_tokens=9, id="3"),
                deployment("m", max_input_tokens=8, id="4"),
            )
        )
        self.assertEqual(
            list(facts.items()),
            [("m", ModelFacts(mode="chat", vision=False, context_length=9)), ("n", ModelFacts())],
        )

    def test_wildcard(self) -> None:
        """Models that share a deployment's id but not its model are expansions of a wildcard."""
        facts = decode_model_info(
            body(
                deployment("openai/a", "openai/a", id="w"),
                deployment("openai/b", "openai/b", id="w"),
                deployment("c", "openai/a", id="1"),
            )
        )
        told = {name: found.from_wildcard for name, found in facts.items()}
        self.assertEqual(told, {"openai/a": True, "openai/b": True, "c": False})

    def test_alias(self) -> None:
        """Names that share a deployment's id and its model are no expansions but aliases."""
        shared = (deployment("a", "openai/x", id="1"), deployment("b", "openai/x", id="1"))
        self.assertEqual(decode_model_info(body(*shared)), {"a": ModelFacts(), "b": ModelFacts()})

    def test_no_ids(self) -> None:
        """Deployments without an id are no expansions of one wildcard."""
        sent = body(deployment("a", "x"), deployment("b", "y"), deployment("c", "z", id=None))
        self.assertEqual(decode_model_info(sent), dict.fromkeys("abc", UNKNOWN_MODEL))

    def test_configured_and_covered(self) -> None:
        """A name is only a wildcard's if all of its deployments are."""
        other, wild = deployment("b", "b", id="w"), deployment("a", "a", id="w")
        own = deployment("a", "x", id="1")
        for entries, covered in (
            ((other, wild), True),
            ((other, wild, wild), True),
            ((other, wild, own), False),
            ((other, own, wild), False),
        ):
            facts = decode_model_info(body(*entries))
            self.assertEqual(facts["a"].from_wildcard, covered, entries)


class ModelGroups(Case):
    def test_facts(self) -> None:
        """The words are those of the other list, each beside the name."""
        for info, facts in LITELLM:
            sent = f'{{"data":[{{"model_group":"m",{info}}}]}}'
            self.assertEqual(decode_model_groups(sent.encode()), {"m": facts}, info)

    def test_false(self) -> None:
        """What is false is not known, whatever it is that is false."""
        for key in (
            "mode",
            "supports_vision",
            "supported_openai_params",
            "max_input_tokens",
            "providers",
        ):
            told = decode_model_groups(body({"model_group": "m", key: False}))
            self.assertEqual(told, {"m": UNKNOWN_MODEL}, key)

    def test_provider(self) -> None:
        """The provider is the first of several."""
        for providers, provider in ((["azure", "openai"], "azure"), ([], None), (None, None)):
            told = decode_model_groups(body({"model_group": "m", "providers": providers}))
            self.assertEqual(told["m"].provider, provider, providers)

    def test_order(self) -> None:
        """The names stand in the gateway's order."""
        told = decode_model_groups(body(*({"model_group": name} for name in "cab")))
        self.assertEqual(list(told), ["c", "a", "b"])


class Models(Case):
    def test_dialects(self) -> None:
        """Each server's additions to the list make facts."""
        for entry, facts in LISTED:
            sent = f'{{"object":"list","data":[{{"id":"m",{entry}}}]}}'
            self.assertEqual(decode_models(sent.encode()), {"m": facts}, entry)

    def test_names(self) -> None:
        """The names stand in the server's order, each once, as it first came."""
        entries = ({"id": "b", "max_model_len": 1}, {"id": "a"}, {"id": "b", "max_model_len": 2})
        told = decode_models(body(*entries))
        self.assertEqual(list(told), ["b", "a"])
        self.assertEqual(told["b"].context_length, 1)

    def test_no_names(self) -> None:
        """What is empty or no text is no name, and its entry is left out."""
        sent = (
            b'{"data":[{"id":""},{"id":null},{"id":5},{"id":true},{"id":[]},{"id":{}},{"id":"m"}]}'
        )
        self.assertEqual(decode_models(sent), {"m": UNKNOWN_MODEL})


class Products(Case):
    def test_lm_studio(self) -> None:
        """LM Studio tells the kind, what was trained for tools, and the length it loaded."""
        for entry, facts in (
            ('"type":null,"capabilities":null', ModelFacts()),
            ('"type":"llm"', ModelFacts(mode="chat", vision=False)),
            ('"type":"vlm"', ModelFacts(mode="chat", vision=True)),
            ('"type":"embeddings"', ModelFacts(mode="embedding")),
            ('"type":"tts"', ModelFacts()),
            ('"capabilities":["tool_use"]', ModelFacts(tools=True)),
            ('"capabilities":["other"]', ModelFacts(tools=False)),
            ('"max_context_length":9', ModelFacts(context_length=9)),
            ('"max_context_length":9,"loaded_context_length":4', ModelFacts(context_length=4)),
        ):
            told = decode_lm_studio(f'{{"data":[{{"id":"m",{entry}}}]}}'.encode())
            self.assertEqual(told, {"m": facts}, entry)

    def test_llama_cpp(self) -> None:
        """llama.cpp tells what its one model takes in, its template can do, and its length."""
        for props, facts in (
            (b"{}", ModelFacts()),
            (b'{"modalities":null,"chat_template_caps":null}', ModelFacts()),
            (b'{"modalities":{"vision":true,"audio":false}}', ModelFacts(vision=True)),
            (b'{"modalities":{"vision":false}}', ModelFacts(vision=False)),
            (b'{"chat_template_caps":{"supports_tools":true}}', ModelFacts(tools=True)),
            (b'{"chat_template_caps":{"supports_tools":false}}', ModelFacts(tools=False)),
            (b'{"default_generation_settings":{"n_ctx":9}}', ModelFacts(context_length=9)),
            (b'{"default_generation_settings":{"n_ctx":0}}', ModelFacts()),
        ):
            self.assertEqual(decode_llama_cpp(props), facts, props)


class Garbled(Case):
    def complaint(self, decode: Callable[[bytes], object], sent: bytes) -> str | None:
        try:
            decode(sent)
        except UpstreamGarbled as error:
            return error.message
        return None

    def test_lists(self) -> None:
        """What is no list of models is garbled, and the text says which list it was."""
        for decode, message in LISTS:
            for sent in GARBLED:
                self.assertEqual(self.complaint(decode, sent), message, (message, sent[:40]))

    def test_parts(self) -> None:
        """A list is garbled as well if a part of an entry is of another kind."""
        for decode, entry in (
            (decode_model_info, {"model_name": "m", "model_info": 5}),
            (decode_model_info, {"model_name": "m", "litellm_params": "x"}),
            (decode_model_groups, {"model_group": "m", "providers": {"a": 1}}),
            (decode_model_groups, {"model_group": "m", "providers": 5}),
        ):
            self.assertIsNotNone(self.complaint(decode, body(entry)), entry)

    def test_llama_cpp(self) -> None:
        """What is no object of objects does not tell of llama.cpp's model."""
        for sent in (
            b"",
            b"<html>",
            b"[]",
            b"null",
            b"5",
            b'{"modalities":5}',
            b'{"default_generation_settings":"x"}',
            b'{"chat_template_caps":[1]}',
        ):
            self.assertEqual(self.complaint(decode_llama_cpp, sent), NOT_LLAMA_CPP, sent)

    def test_null(self) -> None:
        """A list of the gateway's that is null is a list without models, as Go writes one."""
        for decode in (decode_model_info, decode_model_groups, decode_models):
            self.assertEqual(decode(b'{"data":null}'), {})
            self.assertEqual(decode(b'{"data":[]}'), {})

    @settings(deadline=None, max_examples=300)
    @given(any_json)
    def test_anything(self, value: Any) -> None:
        """Any JSON value is facts or UpstreamGarbled, and nothing worse."""
        for decode, message in LISTS:
            for sent in (json.dumps(value), json.dumps({"data": [value]})):
                self.assertIn(self.complaint(decode, sent.encode()), {None, message})
        sent = json.dumps(value)
        self.assertIn(self.complaint(decode_llama_cpp, sent.encode()), {None, NOT_LLAMA_CPP})


class Completing(Case):
    def test_completed_by(self) -> None:
        """What is not known is taken from the other, and what is known is kept, also a no."""
        no = dict.fromkeys(("tools", "vision", "thinking", "insert"), False)
        sizes = ("context_length", "max_output_tokens", "embedding_length")
        one: dict[str, Any] = {**no, **dict.fromkeys(sizes, 1)}
        one |= {"mode": "chat", "provider": "a", "efforts": frozenset({"max"})}
        two: dict[str, Any] = {**dict.fromkeys(no, True), **dict.fromkeys(sizes, 2)}
        two |= {"mode": "embedding", "provider": "b", "efforts": frozenset({"none"})}
        self.assertEqual({*one, "from_wildcard"}, set(fields_dict(ModelFacts)))
        full, other = ModelFacts(**one), ModelFacts(**two)
        self.assertEqual(full.completed_by(other), full)
        self.assertEqual(UNKNOWN_MODEL.completed_by(other), other)
        for name, value in two.items():
            facts = evolve(full, **{name: getattr(UNKNOWN_MODEL, name)})
            self.assertEqual(facts.completed_by(other), evolve(full, **{name: value}), name)

    def test_wildcards(self) -> None:
        """Where a name comes from is always known, so the other does not change it."""
        wild = ModelFacts(from_wildcard=True)
        self.assertTrue(wild.completed_by(UNKNOWN_MODEL).from_wildcard)
        self.assertFalse(UNKNOWN_MODEL.completed_by(wild).from_wildcard)
