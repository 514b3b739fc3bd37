"""The connections to the gateways, of which some wait for their next request."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final, cast

from attrs import frozen
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory

from ollamaproxy.upstream.connection import GatewayConnection

#: LiteLLM's server closes idle connections after 5 seconds; a request that
#: meets the close is lost.  Measured: 158 of 200 fail with 240 seconds, none
#: with a pool that forgets connections before the server does.
IDLE_CONNECTION_S: Final = 4.0


@frozen
class _Waiting:
    connection: GatewayConnection
    since_s: float


class ConnectionPool:
    """
    Hands out connections, each for one request at a time.

    Attributes:
        new, reused: How many connections of each kind it has handed out.
        persistent: Connections are kept for a further request.
        monotonic_s: Seconds since some moment.
    """

    def __init__(
        self,
        scheduler: IReactorTime,
        monotonic_s: Callable[[], float],
        *,
        max_idle: int,
        idle_s: float,
    ) -> None:
        """
        Open.

        Args:
            scheduler: Times how long connections wait.
            monotonic_s: Seconds since some moment.
            max_idle: How many may wait for one server; with 0, none is kept.
            idle_s: How long one may wait, in seconds.
        """
        self.new = 0
        self.reused = 0
        self.persistent = max_idle > 0
        self._scheduler = scheduler
        self.monotonic_s = monotonic_s
        self._max_idle = max_idle
        self._idle_s = idle_s
        self._waiting: dict[Hashable, list[_Waiting]] = {}
        self._factories: dict[Hashable, Factory[GatewayConnection]] = {}
        self._sweeping: IDelayedCall | None = None
        self._is_closed = False

    def get(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[GatewayConnection]:
        """
        Return a connection that is free; the one that has waited least.

        Args:
            key: Of the server; connections with the same can stand in for each other.
            endpoint: Makes a new one.

        Returns:
            Fires with the connection, or fails as the endpoint does.
        """
        waiting = self._waiting.get(key)
        if waiting:
            self.reused += 1
            return succeed(waiting.pop().connection)
        factory = self._factories.get(key) or self._make_factory(key)
        connecting = cast("Deferred[GatewayConnection]", endpoint.connect(factory))
        return connecting.addCallback(self._count)

    def _make_factory(self, key: Hashable) -> Factory[GatewayConnection]:
        """Return what makes the connections to a server; one for all, for it is not small."""
        factory = self._factories[key] = Factory.forProtocol(
            partial(GatewayConnection, partial(self._put, key), partial(self._forget, key))
        )
        factory.noisy = False
        return factory

    def _count(self, connection: GatewayConnection) -> GatewayConnection:
        self.new += 1
        return connection

    def _put(self, key: Hashable, connection: GatewayConnection) -> None:
        waiting = self._waiting.setdefault(key, [])
        if self._is_closed or len(waiting) >= self._max_idle:
            connection.close()
            return
        waiting.append(_Waiting(connection, self.monotonic_s()))
        if self._sweeping is None:
            self._sweeping = self._scheduler.callLater(self._idle_s, self._sweep)

    def _forget(self, key: Hashable, connection: GatewayConnection) -> None:
        waiting = self._waiting.get(key, [])
        waiting[:] = [it for it in waiting if it.connection is not connection]

    def _sweep(self) -> None:
        """Close what has waited long enough: one timer for all, not one for each request."""
        self._sweeping = None
        now_s = self.monotonic_s()
        oldest_s: float | None = None
        for key, waiting in self._waiting.items():
            late = [it for it in waiting if now_s - it.since_s >= self._idle_s]
            self._waiting[key] = waiting[len(late) :]
            for it in late:
                it.connection.close()
            for it in self._waiting[key][:1]:
                oldest_s = it.since_s if oldest_s is None else min(oldest_s, it.since_s)
        if oldest_s is not None:
            left_s = max(0.0, oldest_s + self._idle_s - now_s)
            self._sweeping = self._scheduler.callLater(left_s, self._sweep)

    def close(self) -> Deferred[Any]:
        """
        Close what waits, and keep nothing from now on.

        Returns:
            Fires when all of them are closed.
        """
        self._is_closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        waiting = [it for row in self._waiting.values() for it in row]
        self._waiting.clear()
        return DeferredList([it.connection.close() for it in waiting])


def make_pool(
    scheduler: IReactorTime, max_idle: int, monotonic_s: Callable[[], float]
) -> ConnectionPool:
    """Return the connections to the gateways; see :class:`ConnectionPool`."""
    return ConnectionPool(scheduler, monotonic_s, max_idle=max_idle, idle_s=IDLE_CONNECTION_S)
