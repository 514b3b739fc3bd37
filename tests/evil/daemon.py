"""The daemon with short deadlines: inside the test's own process, or in one of its own."""

import json
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Self

import attrs
from twisted.internet.defer import Deferred

from ollamaproxy.composition import make_daemon
from ollamaproxy.configuration.options import Options
from ollamaproxy.daemon import Daemon
from ollamaproxy.settings import Settings
from tests.evil.gateway import EvilGateway
from tests.evil.raw import Talk, converse
from tests.evil.threads import in_thread
from tests.processes import ProgramMisbehaved, RunningProgram

#: No part of it may ever be seen by anybody but the gateway.
KEY: Final = "sk-canary-1234567890"

#: How long each phase may take here, by the names of the settings.
SHORT_DEADLINES: Final = {
    # Twisted says "refused" 0.3 seconds after it knows.
    "connect_s": 0.6,
    "first_byte_s": 0.8,
    "between_bytes_s": 0.4,
    "header_s": 0.5,
    "body_grace_s": 0.5,
    "idle_s": 1.0,
    "write_stall_s": 1.5,
    "linger_s": 2.0,
}

#: For what must end by itself: no deadline is over before a test is.
LONG_DEADLINES: Final[Mapping[str, float]] = {}

SHORT_FRESHNESS: Final = {"patience_s": 0.4, "deadline_s": 0.6, "retry_s": 0.0}

MIB: Final = 1024 * 1024

#: So that what is too long is quickly sent.
SMALL_LIMITS: Final = {
    "max_request_bytes": MIB,
    "max_event_bytes": 256 * 1024,
    "max_reply_bytes": MIB,
}


def shortened(settings: Settings, deadlines: Mapping[str, float]) -> Settings:
    """Return settings with these deadlines and small limits."""
    return attrs.evolve(
        settings,
        deadlines=_evolved(settings.deadlines, deadlines),
        limits=_evolved(settings.limits, SMALL_LIMITS),
        freshness=_evolved(settings.freshness, SHORT_FRESHNESS),
    )


def _evolved(values: Any, changes: Mapping[str, float]) -> Any:
    known = attrs.fields_dict(type(values))
    return attrs.evolve(values, **{name: value for name, value in changes.items() if name in known})


def options_for(base_url: str, deadlines: Mapping[str, float]) -> Options:
    """Return the options of a daemon in front of a gateway."""
    options = Options({})
    options.parseOptions(
        ["--host=127.0.0.1", "--port=0", f"--base-url={base_url}", f"--api-key={KEY}"]
    )
    configuration = options.configuration
    assert configuration is not None
    settings = shortened(configuration.settings, deadlines)
    options.configuration = attrs.evolve(configuration, settings=settings)
    return options


class EvilDaemon:
    """
    The daemon in front of an evil gateway, until the end of the block.

    Clients run in threads, for the reactor of the test is the daemon's as well.

    Attributes:
        port: Where the daemon listens, on 127.0.0.1.
    """

    def __init__(
        self,
        reactor: Any,
        gateway: EvilGateway,
        deadlines: Mapping[str, float] = SHORT_DEADLINES,
    ) -> None:
        self._reactor = reactor
        self._gateway = gateway
        self._deadlines = deadlines
        self._daemon: Daemon | None = None
        self._access_log = BytesIO()
        self.port = 0

    async def __aenter__(self) -> Self:
        options = options_for(self._gateway.url, self._deadlines)
        self._daemon = make_daemon(options, self._reactor, self._access_log)
        self._daemon.startService()
        self.port = int(self._daemon.url.rpartition(":")[2])
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._daemon is not None
        await self._daemon.stopService()

    @property
    def access_lines(self) -> list[str]:
        """What has been written to the access log."""
        return self._access_log.getvalue().decode().splitlines()

    def converse(self, data: bytes) -> "Deferred[Talk]":
        """Fire with what a client hears that sends bytes."""
        return in_thread(self._reactor, converse, self.port, data)


class DaemonProcess(RunningProgram):
    """
    The same in a process of its own, whose memory can be looked at.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    def __init__(
        self,
        gateway: EvilGateway,
        deadlines: Mapping[str, float] = SHORT_DEADLINES,
        trusts: Path | None = None,
    ) -> None:
        """
        Start it.

        Args:
            gateway: What it asks.
            deadlines: By the names of the settings.
            trusts: The certificates that it trusts; ``None`` is the platform's.
        """
        super().__init__(
            [sys.executable, "-m", "tests.evil", gateway.url, json.dumps(deadlines)],
            {} if trusts is None else {"SSL_CERT_FILE": str(trusts)},
            cwd=_ROOT,
        )
        try:
            listening = self.wait_for_line("stderr", r"listening on http://127\.0\.0\.1:(\d+)")
        except ProgramMisbehaved:
            self.stop()
            raise
        self.port = int(listening[1])

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def memory_bytes(self) -> int:
        """Return how much memory it has in use."""
        statm = Path(f"/proc/{self._process.pid}/statm").read_text()
        return int(statm.split()[1]) * 4096

    def assert_is_well(self) -> None:
        """Fail if it has ended or logged a traceback."""
        if not self.is_running or any("Traceback" in line for line in self.stderr):
            raise self.misbehaved("it is not well")


_ROOT: Final = Path(__file__).absolute().parents[2]
