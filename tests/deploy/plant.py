"""All that stands behind a load balancer: two daemons, and the gateway that they ask."""

import threading
from contextlib import ExitStack
from typing import Final, Self

from tests.deploy.traffic import PATIENCE_S, prompt_in
from tests.evil.gateway import EvilGateway
from tests.evil.wire import Wire, token
from tests.processes import RunningDaemon, free_port

#: By its key the gateway knows which daemon asks.
KEYS: Final = ("sk-of-daemon-one", "sk-of-daemon-two")
#: Between two tokens of a reply that runs.
_PACE_S: Final = 0.05


class Plant:
    """
    Two daemons and a gateway, until the end of the block.

    A reply to a prompt that begins with ``long`` goes on, token for token,
    until :meth:`release`; one to ``hold`` says a word and no more until then;
    any other is short.

    Attributes:
        daemons: The two.
        admins: Their admin ports.
        gateway: What they ask.
    """

    def __init__(self, *flags: str) -> None:
        self._flags = flags
        self._things = ExitStack()
        self._released = threading.Event()
        self._seen_lock = threading.Lock()
        self._seen: list[tuple[str, int]] = []
        self.gateway = self._things.enter_context(EvilGateway(self._play))
        url = f"http://127.0.0.1:{self.gateway.port}"
        self.daemons: list[RunningDaemon] = []
        self.admins = [free_port() for _ in KEYS]
        for key, admin in zip(KEYS, self.admins, strict=True):
            own = ("--api-key", key, "--admin-listen", f"127.0.0.1:{admin}")
            try:
                daemon = RunningDaemon("--base-url", url, *own, *flags)
            except BaseException:
                self._things.close()  # the first one would go on for ever
                raise
            self._things.callback(daemon.stop)
            self.daemons.append(daemon)
        # Before the daemons are stopped, for they wait for their replies.
        self._things.callback(self.release)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._things.close()

    def _play(self, wire: Wire) -> None:
        prompt = prompt_in(wire.request.body)
        daemon = KEYS.index(wire.request.headers["authorization"].removeprefix("Bearer "))
        with self._seen_lock:
            self._seen.append((prompt, daemon))
        wire.begin()
        while prompt.startswith("long") and not self._released.wait(_PACE_S):
            wire.event(token("word "))
        if prompt.startswith("hold"):
            self._released.wait(PATIENCE_S)
        wire.event(token("", "stop"))
        wire.event(b"[DONE]")
        wire.chunk(b"")

    def release(self) -> None:
        """Let all replies come to their ends."""
        self._released.set()

    def seen_by(self, number: int) -> set[str]:
        """Return the prompts that one of the daemons has sent to the gateway."""
        with self._seen_lock:
            return {prompt for prompt, daemon in self._seen if daemon == number}

    def seen_twice(self) -> list[str]:
        """Return the prompts that have come to the gateway more than once: paid for twice."""
        with self._seen_lock:
            prompts = [prompt for prompt, _daemon in self._seen]
        return sorted({prompt for prompt in prompts if prompts.count(prompt) > 1})
