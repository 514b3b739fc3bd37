"""
A gateway that paces tokens: what the model is called says how.

``n20-i50`` sends 20 events, one each 50 ms, the first at once; ``n20-i0.5`` one
each half a millisecond, ``n20-i0`` without pauses, and ``n20-i50-hold`` never
ends after them.  Each holds its number and the monotonic clock in ns, which on
Linux all processes share.
"""

import asyncio
import json
import random
import re
import sys
import time
from typing import Final, cast

_MODEL: Final = re.compile(rb'"model":\s*"n(\d+)-i([\d.]+)(-hold)?"')
_LENGTH: Final = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_MODELS: Final = {"object": "list", "data": [{"id": "n1-i0", "object": "model"}]}


class Gateway(asyncio.Protocol):
    """One connection; answers one request after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._next: asyncio.Handle | None = None
        self._count = 0
        self._interval_s = 0.0
        self._holds = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Implement Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Implement Protocol: nobody wants the rest."""
        if self._next is not None:
            self._next.cancel()

    def data_received(self, data: bytes) -> None:
        """Implement Protocol."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not blank or len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        model = _MODEL.search(body)
        if model is not None:
            self._count = int(model[1])
            self._interval_s = float(model[2]) / 1000
            self._holds = model[3] is not None
            self._begin()
        else:
            known = head.startswith(b"GET /v1/models")
            content = json.dumps(_MODELS if known else {"error": {"message": "no"}}).encode()
            self._transport.write(
                b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (b"200 OK" if known else b"404 Not Found", len(content), content)
            )

    def _begin(self) -> None:
        self._transport.write(_HEAD)
        if self._count:
            self._token(0)
        # Streams that begin together shall not send together.
        self._send(1, self._loop.time() + self._interval_s * random.random())  # noqa: S311

    def _send(self, number: int, due_s: float) -> None:
        while number < self._count:
            if self._interval_s == 0:
                # The others' turn: a reply all in one piece would be no stream.
                self._token(number)
                self._next = self._loop.call_soon(self._send, number + 1, due_s)
                return
            if self._loop.time() < due_s:
                self._next = self._loop.call_at(due_s, self._send, number, due_s)
                return
            self._token(number)
            number, due_s = number + 1, due_s + self._interval_s
        if not self._holds:
            self._event(b"", b'"stop"')
            self._transport.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def _token(self, number: int) -> None:
        self._event(b'"content":"%d %d "' % (number, time.monotonic_ns()), b"null")

    def _event(self, delta: bytes, reason: bytes) -> None:
        data = (
            b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
            b'[{"index":0,"delta":{%s},"finish_reason":%s}]}\n\n' % (delta, reason)
        )
        self._transport.write(b"%x\r\n%s\r\n" % (len(data), data))


async def main() -> None:
    """Serve until a signal ends it; the port is on standard output."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Gateway, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
