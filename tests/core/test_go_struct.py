"""How Go fits JSON into structs; the texts are those of Go 1.26."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.go_struct import (
    BOOL,
    MAP,
    STRING,
    Struct,
    anything,
    kind_of,
    list_of,
)

PIZZA = Struct(
    "Pizza",
    {
        "name": STRING,
        "hot": BOOL,
        "extra": MAP,
        "toppings": list_of(STRING, "[]string"),
        "note": anything,
    },
)


def refusal(value: Any) -> BadRequest | None:
    """Return the error that a JSON value meets, if it meets one."""
    try:
        PIZZA.decode(value)
    except BadRequest as error:
        return error
    return None


class Kinds(SynchronousTestCase):
    def test_every_kind(self) -> None:
        """Every JSON value has a kind, by the name that Go gives it."""
        for value, kind in (
            ("x", "string"),
            ("", "string"),
            (1, "number"),
            (1.5, "number"),
            (True, "bool"),
            (False, "bool"),
            ([], "array"),
            ({}, "object"),
            (None, "null"),
        ):
            self.assertEqual(kind_of(value), kind, repr(value))


class Fitting(SynchronousTestCase):
    def test_every_fit(self) -> None:
        """Values that fit come out as they are."""
        fields = {"name": "", "hot": False, "extra": {}, "toppings": ["a", ""], "note": [1]}
        self.assertEqual(PIZZA.decode(fields), fields)

    def test_names(self) -> None:
        """A field's name matches without regard to case, and in the end of two the last counts."""
        self.assertEqual(PIZZA.decode({"NAME": "a"}), {"name": "a"})
        self.assertEqual(PIZZA.decode({"name": "a", "Name": "b"}), {"name": "b"})
        self.assertEqual(PIZZA.decode({"Name": "b", "name": "a"}), {"name": "a"})

    def test_unknown_names(self) -> None:
        """Fields that nobody knows are ignored, whatever is in them."""
        self.assertEqual(PIZZA.decode({"nam": 1, "name ": 2, "": None, "names": []}), {})

    def test_null(self) -> None:
        """A field that is null is as good as absent, and so is a whole object."""
        self.assertEqual(PIZZA.decode({"name": None, "hot": None, "extra": None}), {})
        self.assertEqual(PIZZA.decode(None), {})

    def test_no_object(self) -> None:
        """A body that is no object is refused by the name of its struct and package."""
        for value, kind in (([], "array"), ("x", "string"), (5, "number"), (True, "bool")):
            error = refusal(value)
            message = f"json: cannot unmarshal {kind} into Go value of type api.Pizza"
            self.assertEqual(error and error.message, message)
            self.assertEqual(error and error.status, 400)

    def test_another_package(self) -> None:
        """The package is named as the struct tells it."""
        with self.assertRaises(BadRequest) as caught:
            Struct("ChatCompletionRequest", {}, "openai").decode([])
        self.assertEqual(
            caught.exception.message,
            "json: cannot unmarshal array into Go value of type openai.ChatCompletionRequest",
        )

    def test_wrong_types(self) -> None:
        """A value of the wrong kind is refused by kind, path and the type that it misses."""
        for fields, kind, path, go_type in (
            ({"name": 1}, "number", "name", "string"),
            ({"name": True}, "bool", "name", "string"),
            ({"NAME": []}, "array", "name", "string"),
            ({"hot": "true"}, "string", "hot", "bool"),
            ({"hot": 0}, "number", "hot", "bool"),
            ({"hot": {}}, "object", "hot", "bool"),
            ({"extra": []}, "array", "extra", "map[string]interface {}"),
            ({"extra": "x"}, "string", "extra", "map[string]interface {}"),
            ({"toppings": "x"}, "string", "toppings", "[]string"),
            ({"toppings": ["x", 1]}, "number", "toppings", "string"),
        ):
            error = refusal(fields)
            message = (
                f"json: cannot unmarshal {kind} into Go struct field Pizza.{path} of type {go_type}"
            )
            self.assertEqual(error and error.message, message, fields)
            self.assertEqual(error and error.status, 400, fields)

    def test_the_first_is_told(self) -> None:
        """Of several wrong types the first in the document is reported."""
        for fields, path in (
            ({"name": 1, "hot": 1}, "name"),
            ({"hot": 1, "name": 1}, "hot"),
            ({"extra": {}, "hot": 1, "name": 1, "toppings": 1}, "hot"),
        ):
            error = refusal(fields)
            assert error is not None
            self.assertIn(f"Pizza.{path} ", error.message)
