"""Plays systemd: starts the daemon as a service and hears what it tells."""

import shlex
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from tests.processes import RunningProgram, free_port

#: Nobody listens there; these tests ask the gateway for nothing.
NO_GATEWAY: Final = "http://127.0.0.1:9"
#: No test waits for it: it ends one that fails.
PATIENCE_S: Final = 20.0

#: Only the service itself knows its number before it runs.
_AS_SERVICE: Final = "WATCHDOG_PID=$$ exec {}"


class ServiceManager:
    """
    A notification socket, and a service that is told of it; until the end of the block.

    Attributes:
        heard: All messages so far, oldest first.
    """

    def __init__(self, *, abstract: bool = False, watchdog_usec: int | None = None) -> None:
        self._things = ExitStack()
        folder = Path(self._things.enter_context(tempfile.TemporaryDirectory()))
        path = str(folder / "notify")
        self._environ = {"NOTIFY_SOCKET": "@" + path if abstract else path}
        if watchdog_usec is not None:
            self._environ["WATCHDOG_USEC"] = str(watchdog_usec)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._things.callback(self._socket.close)
        self._socket.bind("\0" + path if abstract else path)
        self._socket.settimeout(PATIENCE_S)
        self.heard: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._things.close()

    def start(self, *flags: str, module: str = "ollamaproxy", port: int | None = None) -> "Service":
        """Start the daemon, or another module that runs it, and do not wait for it."""
        service = Service(module, port or free_port(), flags, self._environ)
        self._things.callback(service.stop)
        return service

    def hear(self) -> bytes:
        """Return the next message; TimeoutError if there is none for a long time."""
        message = self._socket.recv(4096)
        self.heard.append(message)
        return message

    def hear_until(self, message: bytes) -> None:
        """Return as soon as a message has been heard that begins so."""
        while not self.hear().startswith(message):
            pass

    def hear_waiting(self) -> int:
        """Hear what has come already, and return how many messages that were."""
        self._socket.setblocking(False)
        count = 0
        try:
            while self.hear():
                count += 1
        except BlockingIOError:
            return count
        finally:
            self._socket.settimeout(PATIENCE_S)
        return count


class Service(RunningProgram):
    """The daemon, with a port of the test's."""

    def __init__(
        self, module: str, port: int, flags: tuple[str, ...], environ: dict[str, str]
    ) -> None:
        where = ("--host", "127.0.0.1", "--port", str(port), "--base-url", NO_GATEWAY)
        command = shlex.join([sys.executable, "-m", module, *where, *flags])
        super().__init__(["sh", "-c", _AS_SERVICE.format(command)], environ)
        self.port = port
