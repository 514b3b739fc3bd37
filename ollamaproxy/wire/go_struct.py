"""
How Go fits a JSON value into a struct, told as a table of fields.

Ollama's request bodies are decoded by Go's encoding/json, and clients show its
error texts to people.  Its rules: names match without regard to case, unknown
names are ignored, ``null`` is the same as absent, and of all fields with a
wrong type the first in the document is reported.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from ollamaproxy.errors import BadRequest


def kind_of(value: object) -> str:
    """Return what Go calls the JSON value: string, number, bool, array, object or null."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    names = {str: "string", list: "array", dict: "object", type(None): "null"}
    return names[type(value)]


class WrongType(Exception):
    """
    A value does not fit its field.

    Attributes:
        kind: What was sent, as Go names it.
        path: JSON names from the struct to the field, joined by dots.
        go_type: What the field is in Go.
        struct: The struct that Go names, if it is not the outermost.
    """

    def __init__(self, kind: str, path: str, go_type: str, struct: str = "") -> None:
        super().__init__(kind, path, go_type, struct)
        self.kind, self.path, self.go_type, self.struct = kind, path, go_type, struct


#: Fits a value that is not null into a field; gets the value and the field's path.
Fit = Callable[[Any, str], Any]


def _fits(kind: str, go_type: str) -> Fit:
    def fit(value: Any, path: str) -> Any:
        if kind_of(value) != kind:
            raise WrongType(kind_of(value), path, go_type)
        return value

    return fit


STRING: Final = _fits("string", "string")
BOOL: Final = _fits("bool", "bool")
MAP: Final = _fits("object", "map[string]interface {}")


def _int(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise WrongType(kind_of(value), path, "int")
    if isinstance(value, float):
        raise WrongType(f"number {value}", path, "int")
    return value


INT: Final[Fit] = _int


def anything(value: Any, path: str) -> Any:  # noqa: ARG001 - a Fit takes both
    """Take any value: the field has a decoder of its own, or Ollama looks at it later."""
    return value


def list_of(element: Callable[[Any, str], Any], go_type: str) -> Fit:
    """Return the fit of a list; Go's paths do not tell the index, and null stands for nothing."""

    def fit(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            raise WrongType(kind_of(value), path, go_type)
        return [element(item, path) for item in value if item is not None]

    return fit


def decode_fields(value: Any, fields: Mapping[str, Fit], path: str, go_type: str) -> dict[str, Any]:
    """
    Return the known fields of an object inside of another that are present and not null.

    Args:
        value: What should be the object; ``None`` is one without fields.
        fields: JSON name, in lower case, to the field's fit.
        path: JSON names from the outer struct to the object.
        go_type: What the object is in Go.

    Raises:
        WrongType: Of the first that does not fit.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongType(kind_of(value), path, go_type)
    decoded: dict[str, Any] = {}
    for key, item in value.items():
        name = key.lower()
        if name in fields and item is not None:
            decoded[name] = fields[name](item, f"{path}.{name}")
    return decoded


#: As many unknown names as are told, and as much of each: a body may hold a million.
MAX_UNKNOWN: Final = 20
MAX_UNKNOWN_CHARACTERS: Final = 80


class Fields(dict[str, Any]):
    """
    The known fields of a struct, by their names in lower case.

    Attributes:
        unknown: The other names that were sent with a value that is not null:
            the first 20, and of each the first 80 characters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unknown: tuple[str, ...] = ()


@frozen
class Struct:
    """
    A Go struct: its name in error texts and its fields.

    Attributes:
        name: As Go prints it, such as ``ChatRequest``.
        fields: JSON name, in lower case, to the field's fit.
        package: The Go package, printed when the whole body has the wrong type.
    """

    name: str
    fields: Mapping[str, Fit]
    package: str = "api"

    def decode(self, value: Any) -> Fields:
        """
        Return the known fields of a JSON object that are present and not null.

        ``null`` instead of an object is an object without fields.

        Raises:
            BadRequest: ``json: cannot unmarshal … into Go struct field …``.
        """
        decoded = Fields()
        if value is None:
            return decoded
        if not isinstance(value, dict):
            raise BadRequest(
                f"json: cannot unmarshal {kind_of(value)} "
                f"into Go value of type {self.package}.{self.name}"
            )
        unknown: list[str] = []
        first_wrong: WrongType | None = None
        for key, item in value.items():
            name = key.lower()
            fit = self.fields.get(name)
            if item is None:
                continue
            if fit is None:
                if len(unknown) < MAX_UNKNOWN:
                    unknown.append(key[:MAX_UNKNOWN_CHARACTERS])
                continue
            try:
                decoded[name] = fit(item, name)
            except WrongType as wrong:
                first_wrong = first_wrong or wrong
        if first_wrong is not None:
            raise BadRequest(
                f"json: cannot unmarshal {first_wrong.kind} into Go struct field "
                f"{first_wrong.struct or self.name}.{first_wrong.path} "
                f"of type {first_wrong.go_type}"
            )
        decoded.unknown = tuple(unknown)
        return decoded
