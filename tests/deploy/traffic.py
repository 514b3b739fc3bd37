"""Clients in front of a load balancer: streams that run, and a flow of short requests."""

import itertools
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import Final, Self

from attrs import define, field

#: Ends a test that fails; no verdict depends on it.
PATIENCE_S: Final = 30.0

#: How a reply can end, for its client.
FINISHED: Final = "finished"  # status 200, ended in order, the last line says done
TOLD: Final = "told"  # status 200, ended in order, the last line says what is wrong
BROKEN: Final = "broken"  # the connection broke, with the body not at its end
REFUSED: Final = "refused"  # another status than 200
LOOKS_WHOLE: Final = "looks whole"  # none of these: what must never be


def chat(prompt: str) -> bytes:
    """Return the body of a streamed question."""
    question = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
    return json.dumps(question).encode()


def prompt_in(body: bytes) -> str:
    """Return the prompt of a question, on either side of the daemon."""
    prompt: str = json.loads(body)["messages"][-1]["content"]
    return prompt


def ending(status: int, body: bytes, *, broke: bool) -> str:
    """Return how a reply ended."""
    says_done = b'"done":true' in body
    if broke:
        return LOOKS_WHOLE if says_done else BROKEN
    if status != 200:
        return REFUSED
    if says_done:
        return FINISHED
    last = body.splitlines()[-1:] or [b"{}"]
    return TOLD if "error" in json.loads(last[0]) else LOOKS_WHOLE


def read_rest(response: HTTPResponse, body: bytes = b"") -> tuple[bytes, bool]:
    """Return the whole body, and whether the connection broke before its end."""
    try:
        return body + response.read(), False
    except IncompleteRead as error:
        return body + error.partial, True
    except (OSError, HTTPException):
        return body, True


class Stream:
    """A reply of which the first line has come."""

    def __init__(self, port: int, prompt: str) -> None:
        self.prompt = prompt
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        self._connection.request("POST", "/api/chat", chat(prompt))
        self._response = self._connection.getresponse()
        self._first = self._response.readline()

    def end(self) -> str:
        """Return how it ends."""
        try:
            body, broke = read_rest(self._response, self._first)
        finally:
            self._connection.close()
        return ending(self._response.status, body, broke=broke)

    def leave(self) -> None:
        """Close, whatever is still to come."""
        self._response.close()
        self._connection.close()


@define
class Short:
    """
    A short request of the flow.

    Attributes:
        phases: When it was sent, and when it ended.
    """

    prompt: str
    phases: tuple[str, str]
    ending: str


@define
class Flow:
    """
    Clients that ask one short question after the other.

    Attributes:
        keeps: They keep their connections.
        phase: What the test is doing meanwhile; set by the test.
        done: The requests that have ended.
    """

    port: int
    clients: int = 4
    keeps: bool = True
    phase: str = "before"
    done: list[Short] = field(factory=list)
    _changed: threading.Condition = field(factory=threading.Condition)
    _stopping: bool = False
    _threads: list[threading.Thread] = field(factory=list)

    def __enter__(self) -> Self:
        for number in range(self.clients):
            thread = threading.Thread(target=self._run, args=(number,), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def wait_for(self, count: int) -> bool:
        """Return as soon as so many have begun and ended in this phase; false if they do not."""
        phase = (self.phase, self.phase)
        with self._changed:
            return self._changed.wait_for(
                lambda: sum(short.phases == phase for short in self.done) >= count, PATIENCE_S
            )

    def _run(self, client: int) -> None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        prompts: Iterator[str] = (f"short {client}.{number}" for number in itertools.count())
        for prompt in prompts:
            if self._stopping:
                break
            began = self.phase
            if not self.keeps:
                connection.close()
            end = _ask(connection, chat(prompt))
            with self._changed:
                self.done.append(Short(prompt, (began, self.phase), end))
                self._changed.notify_all()
        connection.close()


def _ask(connection: HTTPConnection, body: bytes) -> str:
    try:
        connection.request("POST", "/api/chat", body)
        response = connection.getresponse()
    except (OSError, HTTPException):
        connection.close()
        return BROKEN
    reply, broke = read_rest(response)
    if broke:
        connection.close()
    return ending(response.status, reply, broke=broke)
