"""The daemon inside the test's own process, on loopback sockets."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Self

from twisted.internet.interfaces import IListeningPort

from ollamaproxy.composition import make_daemon
from ollamaproxy.configuration.options import Options
from ollamaproxy.daemon import Daemon


class LocalDaemon:
    """
    The daemon in front of a gateway of the test's, until the end of the block.

    Attributes:
        port: Where the daemon listens, on 127.0.0.1.
        access_log: What it has written to its standard output.
    """

    def __init__(
        self,
        reactor: Any,
        gateway: Any,
        *flags: str,
        base_url: str = "http://127.0.0.1:{port}",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """
        Prepare.

        Args:
            reactor: Runs both.
            gateway: The factory of the gateway's connections.
            flags: Of the daemon's.
            base_url: How the daemon is told of the gateway, and ``{port}`` of its port.
            environ: The daemon's environment.
        """
        self._reactor = reactor
        self._gateway = gateway
        self._flags = flags
        self._base_url = base_url
        self._environ = environ or {}
        self._gateway_port: IListeningPort | None = None
        self._daemon: Daemon | None = None
        self.access_log = BytesIO()
        self.port = 0

    async def __aenter__(self) -> Self:
        listening = self._reactor.listenTCP(0, self._gateway, interface="127.0.0.1")
        self._gateway_port = listening
        options = Options(self._environ)
        base_url = self._base_url.format(port=listening.getHost().port)
        listen = ("--host=127.0.0.1", "--port=0")
        options.parseOptions([*listen, *self._flags, f"--base-url={base_url}"])
        self._daemon = make_daemon(options, self._reactor, self.access_log)
        self._daemon.startService()
        self.port = int(self._daemon.url.rpartition(":")[2])
        return self

    def reload(self) -> None:
        """Do what SIGHUP does."""
        assert self._daemon is not None
        self._daemon.reload()

    async def __aexit__(self, *error: object) -> None:
        assert self._daemon is not None
        assert self._gateway_port is not None
        await self._daemon.stopService()
        await self._gateway_port.stopListening()  # type: ignore[misc]  # it does return a Deferred
