"""Ollama's options, and what becomes of each."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import BadRequest
from ollamaproxy.translate.options import OPTIONS, to_parameters

#: The options of Ollama's that OpenAI has, with a value and what is sent for it.
SENT = (
    ("temperature", 0.5, {"temperature": 0.5}),
    ("temperature", 0, {"temperature": 0}),
    ("top_p", 0.9, {"top_p": 0.9}),
    ("num_predict", 100, {"max_tokens": 100}),
    ("num_predict", 40.9, {"max_tokens": 40}),
    ("num_predict", 1, {"max_tokens": 1}),
    ("seed", 42, {"seed": 42}),
    ("seed", 0, {"seed": 0}),
    ("seed", 42.9, {"seed": 42}),
    ("stop", ["\n", "user:"], {"stop": ["\n", "user:"]}),
    ("stop", "user:", {"stop": ["user:"]}),
    ("presence_penalty", 1.5, {"presence_penalty": 1.5}),
    ("frequency_penalty", -1, {"frequency_penalty": -1}),
)

#: Values that mean what OpenAI does by itself.
LEFT_OUT: Sequence[tuple[str, Any]] = (
    ("num_predict", 0),
    ("num_predict", -1),
    ("num_predict", -2),
    ("num_predict", 0.9),
    ("seed", -1),
    ("stop", []),
)

#: By type, all the options that Ollama checks.
INTEGERS = (
    "num_predict",
    "seed",
    "top_k",
    "repeat_last_n",
    "num_ctx",
    "num_keep",
    "num_batch",
    "num_gpu",
    "main_gpu",
    "num_thread",
    "draft_num_predict",
)
FLOATS = (
    "temperature",
    "top_p",
    "min_p",
    "typical_p",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
)
BOOLEANS = ("use_mmap",)

#: Options of other times, which Ollama ignores.
UNKNOWN = (
    "mirostat",
    "mirostat_tau",
    "mirostat_eta",
    "tfs_z",
    "penalize_newline",
    "numa",
    "low_vram",
    "f16_kv",
    "logits_all",
    "vocab_only",
    "use_mlock",
    "embedding_only",
    "num_gqa",
    "rope_frequency_base",
    "rope_frequency_scale",
    "Temperature",
    "max_tokens",
    "stream",
    "",
)


def refusal(name: str, value: Any) -> BadRequest | None:
    """Return the error that an option meets, if it meets one."""
    try:
        to_parameters({name: value})
    except BadRequest as error:
        return error
    return None


class Translation(SynchronousTestCase):
    def test_sent(self) -> None:
        """An option that OpenAI has is sent under OpenAI's name."""
        for name, value, parameters in SENT:
            self.assertEqual(to_parameters({name: value}), parameters, (name, value))

    def test_left_out(self) -> None:
        """A value that OpenAI has no word for is left out, for it means OpenAI's default."""
        for name, value in LEFT_OUT:
            self.assertEqual(to_parameters({name: value}), {}, (name, value))

    def test_whole_numbers(self) -> None:
        """What counts tokens is sent as a whole number, whatever the client wrote."""
        parameters = to_parameters({"num_predict": 10.0, "seed": 3.0})
        self.assertEqual([type(value) for value in parameters.values()], [int, int])

    def test_nothing_of_ours(self) -> None:
        """What the client did not say is not sent."""
        self.assertEqual(to_parameters({}), {})

    def test_all_together(self) -> None:
        """Options are sent side by side."""
        self.assertEqual(
            to_parameters({"temperature": 1, "num_ctx": 4096, "num_predict": 5, "top_k": 40}),
            {"temperature": 1, "max_tokens": 5},
        )

    def test_only_ollamas(self) -> None:
        """What OpenAI does not have is checked but not sent: strict gateways would refuse it."""
        parameters = {option.parameter for option in OPTIONS.values()} - {None}
        self.assertEqual(
            parameters,
            {
                "temperature",
                "top_p",
                "max_tokens",
                "seed",
                "stop",
                "presence_penalty",
                "frequency_penalty",
            },
        )
        for name in (*INTEGERS, *FLOATS):
            if OPTIONS[name].parameter is None:
                self.assertEqual(to_parameters({name: 1}), {}, name)
        self.assertEqual(to_parameters({"use_mmap": True}), {})

    def test_unknown(self) -> None:
        """An option that Ollama does not know is ignored, whatever its type."""
        for name in UNKNOWN:
            self.assertEqual(to_parameters({name: 1}), {}, name)
            self.assertEqual(to_parameters({name: ["x"]}), {}, name)

    def test_null(self) -> None:
        """An option that is null is ignored."""
        for name in OPTIONS:
            self.assertEqual(to_parameters({name: None}), {}, name)


class WrongTypes(SynchronousTestCase):
    def assert_refused(self, name: str, must_be: str, *values: Any) -> None:
        for value in values:
            error = refusal(name, value)
            self.assertEqual(error and error.message, f'option "{name}" must be {must_be}', value)
            self.assertEqual(error and error.status, 500, name)

    def test_integers(self) -> None:
        """An option that is a whole number takes any number and nothing else."""
        for name in INTEGERS:
            for number in (1, -1, 0, 40.9, 1e300, 10**400, "40.9"):
                self.assertIsNone(refusal(name, number), name)
            self.assert_refused(name, "of type integer", "one", True, False, [], {})

    def test_floats(self) -> None:
        """An option that is a fraction takes any number and nothing else."""
        for name in FLOATS:
            for number in (1, -1, 0, 0.5, 10**400, "0.5"):
                self.assertIsNone(refusal(name, number), name)
            self.assert_refused(name, "of type float32", "half", "inf", True, False, [], {})

    def test_booleans(self) -> None:
        """An option that is a truth takes true and false and nothing else."""
        for name in BOOLEANS:
            for truth in (True, False):
                self.assertIsNone(refusal(name, truth), name)
            self.assert_refused(name, "of type boolean", "true", 1, 0, [], {})

    def test_stop(self) -> None:
        """Stop takes texts, in a list or alone."""
        self.assert_refused("stop", "of type array", 1, True, {})
        self.assert_refused("stop", "of an array of strings", [1], ["x", None], [["x"]])

    def test_all_are_told_of(self) -> None:
        """There is no option of which these tests do not know the type."""
        self.assertEqual(set(OPTIONS), {*INTEGERS, *FLOATS, *BOOLEANS, "stop"})

    @settings(deadline=None, max_examples=300)
    @given(
        st.dictionaries(
            st.sampled_from([*OPTIONS, "unknown"]),
            st.sampled_from((None, True, 0, -1, 2.5, 1e308, 10**400, "", "x", [], ["x"], [1], {})),
        )
    )
    def test_any_options(self, options: dict[str, Any]) -> None:
        """Any options are parameters or a BadRequest, and nothing worse."""
        try:
            to_parameters(options)
        except BadRequest as error:
            self.assertEqual(error.status, 500)
