"""Clients that read paced streams and compare clocks."""

import asyncio
import json
import re
import time
from typing import Final, cast

from attrs import define, field

_TOKEN: Final = re.compile(rb'"content":"(\d+) (\d+) ')


@define
class Result:
    """
    What came of many streams.

    Attributes:
        delays_ms: Of each event, from the gateway's clock to the client's.
        firsts_ms: Of each reply, from the question to its first event.
        events: How many came.
        disordered: How many were not the next one.
        ended: How many streams ended in ``done``.
        statuses: Of those that were not answered with 200: status, Retry-After
            was there, and how long the answer took, in seconds.
    """

    delays_ms: list[float] = field(factory=list)
    firsts_ms: list[float] = field(factory=list)
    events: int = 0
    disordered: int = 0
    ended: int = 0
    statuses: list[tuple[int, bool, float]] = field(factory=list)


class Stream(asyncio.Protocol):
    """A client that asks for one stream, or for one after the other on one connection."""

    def __init__(self, request: bytes, result: Result, times: int = 1) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._result = result
        self._times = times
        self._rest = b""
        self._tail = b""
        self._expected = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Implement Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._expected = 0
        self._said_end = False
        self._asked_s = time.monotonic()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Implement Protocol."""
        now_ns = time.monotonic_ns()
        new, data = data, self._rest + data
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 200"):
            took_s = time.monotonic() - self._asked_s
            refusal = (int(data[9:12]), b"retry-after:" in data.lower(), took_s)
            self._result.statuses.append(refusal)
            self._transport.close()
            return
        lines, end, self._rest = data.rpartition(b"\n")
        for number, stamp in _TOKEN.findall(lines + end):
            if number == b"0":
                self._result.firsts_ms.append(now_ns / 1e6 - self._asked_s * 1e3)
            self._result.events += 1
            self._result.disordered += int(number) != self._expected
            self._expected = int(number) + 1
            self._result.delays_ms.append((now_ns - int(stamp)) / 1e6)
        self._tail = (self._tail + new)[-5:]
        # The latter ends the gateway's own stream, when it is asked directly.
        if b'"done":true' in data or b"data: [DONE]" in data:
            self._said_end = True
        whole = b"\r\nContent-Length: " in data and self._said_end
        if self._tail == b"0\r\n\r\n" or whole:
            self._end()

    def _end(self) -> None:
        self._result.ended += self._said_end
        self._rest = self._tail = b""
        self._times -= 1
        if self._times > 0:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Implement Protocol."""
        if not self.finished.done():
            self.finished.set_result(None)

    def leave(self) -> None:
        """Close, whatever has come."""
        self._transport.abort()


def request(path: str, model: str, *, stream: bool = True) -> bytes:
    """Return a question."""
    question = {"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": stream}
    body = json.dumps(question).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def open_stream(port: int, data: bytes, result: Result, times: int = 1) -> Stream:
    """Connect and ask."""
    loop = asyncio.get_running_loop()
    _transport, stream = await loop.create_connection(
        lambda: Stream(data, result, times), "127.0.0.1", port
    )
    return stream


async def run(
    port: int, data: bytes, count: int, *, times: int = 1, timeout_s: float = 60.0
) -> Result:
    """Ask so many times at once, and so many times each, and read all there is."""
    result = Result()
    streams = []
    for number in range(count):
        streams.append(await open_stream(port, data, result, times))
        if number % 100 == 99:
            await asyncio.sleep(0.05)
    await asyncio.wait([stream.finished for stream in streams], timeout=timeout_s)
    for stream in streams:
        stream.leave()
    return result
