"""
A gateway on raw sockets that does to the daemon what the test says.

What it does to a request is a function that is given the connection and runs
in a thread of its own, so that it reads like a script: send this, wait, reset.
When it returns, the connection is closed.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Self

from tests.evil.wire import PATIENCE_S, WHOLE, ConnectionGone, Play, Wire, token

MODELS: Final = {"object": "list", "data": [{"id": "m", "object": "model", "created": 1}]}


def answer_well(wire: Wire) -> None:
    """Answer like a good gateway."""
    if not wire.request.streams:
        wire.answer(WHOLE)
        return
    wire.begin()
    wire.event(token("", "stop"))
    wire.event(b"[DONE]")
    wire.chunk(b"")


def list_well(wire: Wire) -> None:
    """Tell the models like an OpenAI server: it knows the one path and no other."""
    if wire.request.path.partition("?")[0] == "/v1/models":
        wire.answer(MODELS)
    else:
        wire.answer({"error": {"message": "no such path"}}, "404 Not Found")


class EvilGateway:
    """
    Listens until the end of the block.

    Attributes:
        port: Where, on 127.0.0.1.
        url: The same for the daemon.
        play: What it does to a POST.
        play_list: What it does to a GET.
        wires: The connections that brought a POST, oldest first.
    """

    def __init__(
        self,
        play: Play = answer_well,
        play_list: Play = list_well,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.play = play
        self.play_list = play_list
        self.wires: list[Wire] = []
        self._tls = tls
        self._open: set[Wire] = set()
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._stopping = False
        self.port = 0
        self._listener = self._listen()

    @property
    def url(self) -> str:
        # Certificates are for names.
        return (
            f"http://127.0.0.1:{self.port}"
            if self._tls is None
            else f"https://localhost:{self.port}"
        )

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = listener.getsockname()[1]
        self._spawn(self._accept, listener)
        return listener

    def _spawn(self, run: Callable[[Any], None], argument: object) -> None:
        thread = threading.Thread(target=run, args=(argument,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _address = listener.accept()
            except OSError:
                listener.close()
                return
            sock.settimeout(PATIENCE_S)
            self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            wire = Wire(sock if self._tls is None else self._tls.wrap_socket(sock, True))
        except OSError:  # no handshake
            sock.close()
            return
        with self._changed:
            self._open.add(wire)
            if self._stopping:
                wire.give_up()
        try:
            wire.receive()
            is_post = wire.request.method == "POST"
            if is_post:
                with self._changed:
                    self.wires.append(wire)
                    self._changed.notify_all()
            (self.play if is_post else self.play_list)(wire)
        except ConnectionGone:
            pass
        finally:
            wire.close()
            with self._changed:
                self._open.discard(wire)
                self._changed.notify_all()

    def refuse(self) -> None:
        """Stop listening: connections are refused from now on."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(PATIENCE_S)

    def listen_again(self) -> None:
        """Listen where it did before, after :meth:`refuse`."""
        self._listener = self._listen()

    def wait_for_requests(self, count: int) -> bool:
        """Return as soon as so many POSTs have come; false if they have not in a long time."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.wires) >= count, PATIENCE_S)

    def wait_until_left(self) -> bool:
        """Return as soon as no connection is open; false if some still are after a long time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, PATIENCE_S / 2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._stopping = True
            for wire in self._open:
                wire.give_up()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)


@contextmanager
def full_listener(port: int) -> Iterator[None]:
    """Listen on a port so that connections come about never: the queue is full."""
    with socket.create_server(("127.0.0.1", port), backlog=0), ExitStack() as waiting:
        # Linux takes one more than the backlog; the rest keep trying.
        for _ in range(3):
            sock = waiting.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        yield
