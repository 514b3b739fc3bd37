"""Ollama's sampling options: what goes on to the gateway, and what is refused."""

from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.translate.options import OPTIONS, to_parameters
from tests.case import Case

#: Options, and the parameters that they become.
TRANSLATED: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({}, {}),
    ({"temperature": 0.5}, {"temperature": 0.5}),
    ({"temperature": 0}, {"temperature": 0}),
    ({"top_p": 1}, {"top_p": 1}),
    ({"num_predict": 40}, {"max_tokens": 40}),
    ({"num_predict": 40.9}, {"max_tokens": 40}),
    ({"num_predict": 1}, {"max_tokens": 1}),
    ({"num_predict": 0}, {}),
    ({"num_predict": 0.9}, {}),
    ({"num_predict": -1}, {}),
    ({"num_predict": -2}, {}),
    ({"seed": 42}, {"seed": 42}),
    ({"seed": 0}, {"seed": 0}),
    ({"seed": 7.9}, {"seed": 7}),
    ({"seed": -1}, {}),
    ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
    ({"stop": "a"}, {"stop": ["a"]}),
    ({"stop": []}, {}),
    ({"presence_penalty": -1.5}, {"presence_penalty": -1.5}),
    ({"frequency_penalty": 0.0}, {"frequency_penalty": 0.0}),
    ({"temperature": 1, "seed": 2, "num_ctx": 3}, {"temperature": 1, "seed": 2}),
)

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
SENT = (
    "temperature",
    "top_p",
    "num_predict",
    "seed",
    "stop",
    "presence_penalty",
    "frequency_penalty",
)
NO_NUMBERS: tuple[Any, ...] = ("1", "", True, False, [1], {})


class Translation(Case):
    def test_translated(self) -> None:
        """What the client sent goes on under OpenAI's name, and what is neutral does not."""
        for options, parameters in TRANSLATED:
            self.assertEqual(to_parameters(options), parameters, options)

    def test_whole_numbers(self) -> None:
        """A whole number goes out as one, without a fraction."""
        for name, parameter in (("num_predict", "max_tokens"), ("seed", "seed")):
            self.assertIs(type(to_parameters({name: 5.0})[parameter]), int, name)

    def test_not_sent(self) -> None:
        """What OpenAI does not know is checked and goes no further."""
        for name in (set(INTEGERS) | set(FLOATS)) - set(SENT):
            self.assertEqual(to_parameters({name: 5}), {}, name)
        for value in (True, False):
            self.assertEqual(to_parameters({"use_mmap": value}), {}, value)

    def test_null(self) -> None:
        """Null is as good as absent, for every option."""
        for name in OPTIONS:
            self.assertEqual(to_parameters({name: None}), {}, name)

    def test_unknown(self) -> None:
        """Options that Ollama does not know, or no longer, are ignored whatever they hold."""
        for name in ("mirostat", "numa", "tfs_z", "max_tokens", "Temperature", "", "stream"):
            for value in ("x", *NO_NUMBERS, 1):
                self.assertEqual(to_parameters({name: value}), {}, (name, value))


class Refusals(Case):
    def refused(self, name: str, value: Any) -> str | None:
        """Return the text with which an option is refused, if it is."""
        try:
            to_parameters({name: value})
        except BadRequest as error:
            self.assertEqual(error.status, 500, name)
            return error.message
        return None

    def test_integers(self) -> None:
        """What is not a number is refused in Ollama's words, with its status 500."""
        for name in INTEGERS:
            for value in NO_NUMBERS:
                self.assertEqual(
                    self.refused(name, value), f'option "{name}" must be of type integer', value
                )

    def test_floats(self) -> None:
        """The same holds for numbers with a fraction."""
        for name in FLOATS:
            for value in NO_NUMBERS:
                self.assertEqual(
                    self.refused(name, value), f'option "{name}" must be of type float32', value
                )

    def test_truths(self) -> None:
        """Only true and false are truths."""
        values: tuple[Any, ...] = (0, 1, "true", [], {})
        for value in values:
            self.assertEqual(
                self.refused("use_mmap", value), 'option "use_mmap" must be of type boolean', value
            )

    def test_stop(self) -> None:
        """A stop is a list of texts."""
        for value, needed in (
            (5, "of type array"),
            (True, "of type array"),
            ({}, "of type array"),
            ([1], "of an array of strings"),
            (["a", None], "of an array of strings"),
        ):
            self.assertEqual(self.refused("stop", value), f'option "stop" must be {needed}', value)

    def test_every_option(self) -> None:
        """No option of Ollama's is missing from these tests."""
        self.assertEqual(set(OPTIONS), {*INTEGERS, *FLOATS, "stop", "use_mmap"})

    def test_among_others(self) -> None:
        """One wrong option is enough, whatever stands before it."""
        with self.assertRaises(BadRequest):
            to_parameters({"temperature": 0.5, "num_ctx": "4096"})
