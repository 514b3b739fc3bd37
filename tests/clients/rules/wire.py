"""
Sending a request just as it is written down, and keeping all of the answer.

No library stands in between: what is sent is what the row says, in its order,
and of a stream the chunks are kept as the daemon wrote them.
"""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Final

from attrs import field, frozen

#: As long as a test waits for anything, in seconds.
PATIENCE_S: Final = 120.0

CHUNK_BYTES: Final = 5000


@frozen
class Raw:
    """A body that is sent as it is."""

    data: bytes


@frozen
class Chunked:
    """A body of JSON that is sent in chunks, without its length."""

    value: Any


Body = Mapping[str, Any] | Raw | Chunked | None


@frozen
class Call:
    """
    A request.

    Attributes:
        line: Its method and path, ``"POST /api/chat"``.
        body: JSON, or what is sent instead.  Where ``EVERY`` (of ``row.py``)
            stands, the call is made for each model that was listed before.
        headers: Those besides ``Host`` and the body's length, in order.
        host: What ``Host`` says; ``PORT`` stands for the daemon's.
    """

    line: str
    body: Body = None
    headers: Mapping[str, str] = field(factory=dict)
    host: str = "localhost:PORT"

    def to_bytes(self, port: int) -> bytes:
        """Return what is sent to a daemon on a port."""
        body = self.body
        lengths: list[str] = []
        match body:
            case None:
                sent = b""
            case Raw(sent):
                lengths = [f"Content-Length: {len(sent)}"]
            case Chunked(value):
                whole = json.dumps(value).encode()
                parts = [whole[at : at + CHUNK_BYTES] for at in range(0, len(whole), CHUNK_BYTES)]
                sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
                lengths = ["Transfer-Encoding: chunked"]
            case _:
                sent = json.dumps(body).encode()
                lengths = [f"Content-Length: {len(sent)}"]
        told = [f"{name}: {value}" for name, value in self.headers.items()]
        host = f"Host: {self.host.replace('PORT', str(port))}"
        head = [f"{self.line} HTTP/1.1", host, *told, *lengths]
        return "\r\n".join([*head, "", ""]).encode() + sent


@frozen
class Answer:
    """
    What came back.

    Attributes:
        version: Such as ``HTTP/1.1``.
        status: The number.
        headers: By their names in small letters; the last one of a name.
        chunks: The body, as the daemon parted it; one if it has a length.
    """

    version: str
    status: int
    headers: Mapping[str, str]
    chunks: Sequence[bytes]

    @property
    def body(self) -> bytes:
        """All of it."""
        return b"".join(self.chunks)

    def lines(self) -> list[Any]:
        """Return the JSON of each line of a stream."""
        return [json.loads(line) for line in self.body.split(b"\n") if line]

    def events(self) -> list[Any]:
        """Return the JSON of each event of a stream of events, but for the end mark."""
        told = [part.split(b"\n") for part in self.body.split(b"\n\n") if part]
        data = [line[6:] for part in told for line in part if line.startswith(b"data: ")]
        return [json.loads(line) for line in data if line != b"[DONE]"]


class Connection:
    """A connection to the daemon for one call after another, or a new one where that is told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        """Close it; a second time does nothing."""
        self._file.close()
        self._socket.close()

    def ask(self, call: Call, on_chunk: Callable[[], None] = lambda: None) -> Answer:
        """
        Send a request and read the answer to its end.

        Args:
            call: The request.
            on_chunk: Called for each chunk as soon as it is there.

        Raises:
            AssertionError: The answer is cut short, or no HTTP.
        """
        self._socket.sendall(call.to_bytes(self._port))
        version, _, rest = self._line().partition(" ")
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        status = int(rest.partition(" ")[0])
        bodiless = call.line.startswith("HEAD ") or status in {204, 304}
        chunks = [] if bodiless else self._chunks(headers, on_chunk)
        if headers.get("connection") == "close":
            self.close()
            self._open()
        return Answer(version, status, headers, chunks)

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise AssertionError(f"the answer is cut short after {line!r}")
        return line[:-2].decode("latin-1")

    def _chunks(self, headers: Mapping[str, str], on_chunk: Callable[[], None]) -> list[bytes]:
        if headers.get("transfer-encoding") != "chunked":
            return [_exactly(self._file, int(headers["content-length"]))]
        chunks = []
        while size := int(self._line(), 16):
            chunks.append(_exactly(self._file, size))
            self._line()
            on_chunk()
        self._line()
        return chunks


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise AssertionError(f"the answer is cut short after {data!r}")
    return data
