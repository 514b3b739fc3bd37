"""The listeners of a worker: sockets that its supervisor has opened."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import DeferredList, maybeDeferred
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.protocols.haproxy import proxyEndpoint

from ollamaproxy.workers.assignment import Inherited


class InheritedListeners:
    """As :class:`~ollamaproxy.server.listeners.Listeners`, but somebody else has opened them."""

    def __init__(
        self,
        reactor: Any,
        sockets: Sequence[Inherited],
        factory: IProtocolFactory,
        has_closed: Callable[[], None],
    ) -> None:
        """
        Prepare; nothing is accepted yet.

        Args:
            reactor: Provides IReactorSocket.
            sockets: The sockets.
            factory: Makes the protocols, TLS and all.
            has_closed: Called when no further connections are taken.
        """
        self._reactor = reactor
        self._sockets = sockets
        self._factory = factory
        self._has_closed = has_closed
        self._ports: list[tuple[Inherited, IListeningPort]] = []

    def open(self) -> None:
        """Begin to accept."""
        for inherited in self._sockets:
            endpoint: Any = AdoptedStreamServerEndpoint(
                self._reactor, inherited.number, inherited.family
            )
            if inherited.is_behind_proxy:
                endpoint = proxyEndpoint(endpoint)
            # It has fired: there is nothing to wait for.
            endpoint.listen(self._factory).addCallback(self._add, inherited)

    def _add(self, port: IListeningPort, inherited: Inherited) -> None:
        self._ports.append((inherited, port))

    @property
    def urls(self) -> list[str]:
        """Empty: where clients come in is for the supervisor to say."""
        return []

    @property
    def local_url(self) -> str:
        """Empty, see :attr:`urls`."""
        return ""

    async def close(self) -> None:
        """Take no further connections; the ones that there are go on."""
        ports, self._ports = self._ports, []
        closing = []
        for inherited, port in ports:
            if inherited.has_path:
                # Twisted would remove the path, which is the supervisor's to do.
                port.stopReading()  # type: ignore[attr-defined]
            else:
                closing.append(maybeDeferred(port.stopListening))
        await DeferredList(closing)
        self._has_closed()
