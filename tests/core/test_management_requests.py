"""The bodies about a model itself: show, pull, push, create, delete and copy."""

import json
from collections.abc import Callable
from typing import Any

from ollamaproxy.errors import BadRequest
from ollamaproxy.wire.management import (
    ChangeRequest,
    CopyRequest,
    PullRequest,
    ShowRequest,
    progress_line,
)
from tests.case import Case

Read = Callable[[bytes], ShowRequest | PullRequest | ChangeRequest]

#: What Go calls a body that names one model, and its decoder.
NAMED: tuple[tuple[str, Read], ...] = (
    ("ShowRequest", ShowRequest.from_json),
    ("PullRequest", PullRequest.from_json),
    ("PushRequest", ChangeRequest.from_push),
    ("CreateRequest", ChangeRequest.from_create),
    ("DeleteRequest", ChangeRequest.from_delete),
)
ALL: tuple[tuple[str, Callable[[bytes], object]], ...] = (
    *NAMED,
    ("CopyRequest", CopyRequest.from_json),
)
#: For each struct: a field, a value that does not fit, and the types of both in Go.
WRONG_FIELDS: tuple[tuple[str, str, Any, str, str], ...] = (
    *(
        (struct, field, value, kind, "string")
        for struct, _ in NAMED
        for field in ("model", "name")
        for value, kind in ((1, "number"), (True, "bool"), ([], "array"), ({}, "object"))
    ),
    ("ShowRequest", "system", 1, "number", "string"),
    ("ShowRequest", "template", 1, "number", "string"),
    ("ShowRequest", "verbose", "true", "string", "bool"),
    ("ShowRequest", "options", [], "array", "map[string]interface {}"),
    ("PullRequest", "insecure", 1, "number", "bool"),
    ("PullRequest", "stream", "false", "string", "bool"),
    ("PushRequest", "insecure", 1, "number", "bool"),
    ("PushRequest", "stream", "false", "string", "bool"),
    ("CreateRequest", "stream", 0, "number", "bool"),
    ("CreateRequest", "from", {}, "object", "string"),
    ("CopyRequest", "source", 1, "number", "string"),
    ("CopyRequest", "destination", False, "bool", "string"),
)


class Bodies(Case):
    def assert_refused(
        self, read: Callable[[bytes], object], body: bytes, message: str, *about: object
    ) -> None:
        with self.assertRaises(BadRequest) as caught:
            read(body)
        self.assertEqual(caught.exception.message, message, about)
        self.assertEqual(caught.exception.status, 400)

    def test_names(self) -> None:
        """The name is the model's, or of old just the name; null and an empty text are none."""
        rows: tuple[tuple[dict[str, Any] | None, str], ...] = (
            ({"model": "m"}, "m"),
            ({"name": "n"}, "n"),
            ({"name": "n", "model": "m"}, "m"),
            ({"model": "", "name": "n"}, "n"),
            ({"model": None, "name": "n"}, "n"),
            ({"model": "m", "name": None}, "m"),
            ({"MODEL": " M:7b "}, " M:7b "),
            ({"model": None, "name": None}, ""),
            ({"model": "", "name": ""}, ""),
            ({}, ""),
            (None, ""),
        )
        for struct, read in NAMED:
            for fields, name in rows:
                self.assertEqual(read(json.dumps(fields).encode()).name, name, (struct, fields))

    def test_copies(self) -> None:
        """A copy has two names, and neither stands in for the other."""
        for fields, copy in (
            ({"source": "a", "destination": "b"}, CopyRequest("a", "b")),
            ({"source": "a"}, CopyRequest("a", "")),
            ({"destination": "b", "source": None}, CopyRequest("", "b")),
            ({"model": "a", "name": "b"}, CopyRequest("", "")),
            (None, CopyRequest("", "")),
        ):
            self.assertEqual(CopyRequest.from_json(json.dumps(fields).encode()), copy, fields)

    def test_streams(self) -> None:
        """The progress of a pull comes in lines unless that is not wanted."""
        for fields, stream in (
            ({}, True),
            ({"stream": None}, True),
            ({"stream": True}, True),
            ({"stream": False}, False),
            ({"stream": False, "insecure": True}, False),
        ):
            body = json.dumps({"model": "m", **fields}).encode()
            self.assertEqual(PullRequest.from_json(body), PullRequest("m", stream), fields)

    def test_other_fields(self) -> None:
        """What these endpoints do not know of does no harm."""
        for struct, read in NAMED:
            for body in (b'{"model":"m","other":[],"names":5}', b'{"model":"m"} and more'):
                self.assertEqual(read(body).name, "m", (struct, body))

    def test_wrong_types(self) -> None:
        """A field of a wrong type is refused in Go's words."""
        readers = dict(ALL)
        for struct, field, value, kind, go_type in WRONG_FIELDS:
            message = (
                f"json: cannot unmarshal {kind} into Go struct field {struct}.{field} "
                f"of type {go_type}"
            )
            body = json.dumps({field: value, "other": 1}).encode()
            self.assert_refused(readers[struct], body, message, struct, field)

    def test_the_first_counts(self) -> None:
        """Of two wrong types the first in the body is told of."""
        message = "json: cannot unmarshal bool into Go struct field ShowRequest.name of type string"
        self.assert_refused(ShowRequest.from_json, b'{"name":true,"model":1}', message)

    def test_wrong_kinds(self) -> None:
        """A body that is no object is refused in Go's words."""
        for struct, read in ALL:
            for body, kind in (
                (b"[]", "array"),
                (b'"m"', "string"),
                (b"1", "number"),
                (b"true", "bool"),
            ):
                message = f"json: cannot unmarshal {kind} into Go value of type api.{struct}"
                self.assert_refused(read, body, message, struct)

    def test_no_json(self) -> None:
        """Nothing at all, and what is cut off, is refused in Ollama's words."""
        for struct, read in ALL:
            self.assert_refused(read, b"", "missing request body", struct)
            self.assert_refused(read, b" \n", "missing request body", struct)
            self.assert_refused(read, b'{"model":"m"', "unexpected EOF", struct)


class Progress(Case):
    def test_lines(self) -> None:
        """A line of progress is an object in ASCII on one line, with its end."""
        for status, line in (
            ("success", b'{"status":"success"}\n'),
            ("pulling manifest", b'{"status":"pulling manifest"}\n'),
            ('"\n\u2028é', b'{"status":"\\"\\n\\u2028\\u00e9"}\n'),
        ):
            self.assertEqual(progress_line(status), line)
