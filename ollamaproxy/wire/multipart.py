"""
Uploads: ``multipart/form-data`` taken apart and put together, without copying the files.

Source: RFC 7578; python-multipart does the parsing.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from attrs import Factory, define, frozen
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ollamaproxy.errors import BadRequest

#: More fields than any of OpenAI's uploads has.
_MAX_PARTS: Final = 64


@frozen
class Part:
    """
    One field of a form.

    Attributes:
        name: Of the field.
        filename: Of a file; ``None`` for a value.
        content_type: Of a file, as the client put it; ``None`` if it did not.
        content: The value's or the file's bytes, in pieces of the whole body.
    """

    name: bytes
    filename: bytes | None = None
    content_type: bytes | None = None
    content: tuple[memoryview, ...] = ()

    @classmethod
    def of_value(cls, name: bytes, value: str) -> "Part":
        """Return the field of a plain value."""
        return cls(name, content=(memoryview(value.encode()),))

    @property
    def text(self) -> str:
        """The content as text."""
        return b"".join(self.content).decode("utf-8", "replace")


@define
class _Reading:
    """What the parser has found of the part that it is in."""

    field: bytes = b""
    value: bytes = b""
    headers: dict[bytes, bytes] = Factory(dict)
    content: list[memoryview] = Factory(list)


class _Form:
    """Listens to the parser."""

    def __init__(self, body: bytes) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._body = memoryview(body)
        self._reading = _Reading()

    def begin(self) -> None:
        self._reading = _Reading()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._reading.field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._reading.value += data[start:end]

    def header_end(self) -> None:
        reading = self._reading
        reading.headers[reading.field.lower()] = reading.value
        reading.field = reading.value = b""

    def data(self, _data: bytes, start: int, end: int) -> None:
        self._reading.content.append(self._body[start:end])

    def part_end(self) -> None:
        headers = self._reading.headers
        _form_data, options = parse_options_header(headers.get(b"content-disposition", b""))
        if b"name" not in options or len(self.parts) >= _MAX_PARTS:
            raise BadRequest("failed to parse multipart form: a field without a name, or too many")
        self.parts.append(
            Part(
                options[b"name"],
                options.get(b"filename"),
                headers.get(b"content-type"),
                tuple(self._reading.content),
            )
        )

    def end(self) -> None:
        self.ended = True


def decode_multipart(content_type: bytes, body: bytes) -> tuple[Part, ...]:
    """
    Return the fields of a form, in order; their contents are views of ``body``.

    Args:
        content_type: The request's, with the boundary in it.
        body: The request's, all of it.

    Raises:
        BadRequest: It is not a form, or not whole.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest(
            "failed to parse multipart form: request Content-Type isn't multipart/form-data"
        )
    form = _Form(body)
    callbacks = {
        "on_part_begin": form.begin,
        "on_header_field": form.header_field,
        "on_header_value": form.header_value,
        "on_header_end": form.header_end,
        "on_part_data": form.data,
        "on_part_end": form.part_end,
        "on_end": form.end,
    }
    try:
        parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]
        parser.write(body)
    except FormParserError as error:
        raise BadRequest(f"failed to parse multipart form: {error}") from error
    if not form.ended:
        raise BadRequest("failed to parse multipart form: unexpected EOF")
    return tuple(form.parts)


def encode_multipart(parts: Iterable[Part], boundary: bytes) -> Iterator[bytes | memoryview]:
    """
    Yield the pieces of a form.

    Args:
        parts: In order.
        boundary: Must not occur in any of them.
    """
    for part in parts:
        filename = b"" if part.filename is None else b'; filename="%s"' % _quoted(part.filename)
        kind = (
            b"" if part.content_type is None else b"\r\nContent-Type: %s" % _line(part.content_type)
        )
        yield b'--%s\r\nContent-Disposition: form-data; name="%s"%s%s\r\n\r\n' % (
            boundary,
            _quoted(part.name),
            filename,
            kind,
        )
        yield from part.content
        yield b"\r\n"
    yield b"--%s--\r\n" % boundary


def _quoted(text: bytes) -> bytes:
    """Escape as browsers do (WHATWG), and the backslash, which readers take for an escape."""
    for special in (b"\\", b'"', b"\r", b"\n"):
        text = text.replace(special, b"%%%02X" % ord(special))
    return text


def _line(text: bytes) -> bytes:
    return text.replace(b"\r", b" ").replace(b"\n", b" ")
