"""
A request that met a connection just when the gateway closed it is sent once more.

A server closes connections that have been idle for some time, and a request
that is on its way at that moment is lost, unread.  RFC 9112 section 9.3.1
leaves it to the client whether it may be sent again.  Twisted does that for
requests without a body only; nearly all of ours have one.
"""

from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.upstream.chunks import gather_chunks

#: A close that crossed the request is heard within a round trip.  Later it is
#: more likely that the gateway has read the request and died of it.
CROSSED_S: Final = 2.0

#: Methods whose requests can be sent any number of times (RFC 9110 section 9.2.1).
SAFE_METHODS: Final = frozenset({b"GET", b"HEAD"})


#: Makes an agent of what keeps its connections.
MakeAgent = Callable[[HTTPConnectionPool], IAgent]


class ConnectionWasStale(Exception):
    """
    A connection that had been used before died before any byte of the answer.

    Attributes:
        failure: What Twisted had to say of it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__("a connection that had been used before died before any answer")
        self.failure = failure


class _Connection(Protocol):
    """What a pool hands out: it sends one request."""

    def request(self, request: Any) -> Deferred[IResponse]: ...


@implementer(IStreamClientEndpoint)
class _NotingEndpoint:
    """Notes whether a connection was made."""

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint
        self.has_connected = False

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Implement :class:`IStreamClientEndpoint`."""
        self.has_connected = True
        return self._endpoint.connect(protocolFactory)


class _PooledConnection:
    """A connection for one request, which may have served others before."""

    def __init__(
        self, connection: _Connection, monotonic_s: Callable[[], float], *, was_used: bool
    ) -> None:
        self._connection = connection
        self._monotonic_s = monotonic_s
        self._was_used = was_used

    def request(self, request: Any) -> Deferred[IResponse]:
        """Send a request; the Deferred may also fail with ConnectionWasStale."""
        begun_s = self._monotonic_s()
        requesting = self._connection.request(request)
        gather_chunks(self._connection)

        def failed(failure: Failure) -> Failure:
            if self._monotonic_s() - begun_s <= CROSSED_S and _closed_unanswered(failure):
                raise ConnectionWasStale(failure)
            return failure

        return requesting.addErrback(failed) if self._was_used else requesting


def _closed_unanswered(failure: Failure) -> bool:
    """Whether the peer closed before any byte of an answer, and nobody here had a hand in it."""
    error = failure.value
    return isinstance(error, ResponseNeverReceived) and all(
        reason.check(ConnectionDone, ConnectionLost) for reason in error.reasons
    )


class TellingPool(HTTPConnectionPool):
    """
    A pool whose connections fail with ConnectionWasStale if that is what they were.

    Attributes:
        new, reused: How many connections of each kind it has handed out.
    """

    # RetryingAgent does it, for all methods by the same rule.
    retryAutomatically = False

    def __init__(self, reactor: object, monotonic_s: Callable[[], float]) -> None:
        """
        Prepare.

        Args:
            reactor: Times how long connections are kept.
            monotonic_s: Seconds since some moment.
        """
        super().__init__(reactor)
        self._monotonic_s = monotonic_s
        self.new = 0
        self.reused = 0

    def getConnection(self, key: Hashable, endpoint: IStreamClientEndpoint) -> Deferred[Any]:
        """Override: the Deferred fires with what sends one request."""
        noting = _NotingEndpoint(endpoint)

        def mark(connection: _Connection) -> _Connection:
            self.new += noting.has_connected
            self.reused += not noting.has_connected
            return _PooledConnection(
                connection, self._monotonic_s, was_used=not noting.has_connected
            )

        return super().getConnection(key, noting).addCallback(mark)


@implementer(IAgent)
class RetryingAgent:
    """
    Sends a request that met a stale connection once more, on a new one.

    Never if the connection was new, if a byte of an answer came, if the request
    was cancelled or has timed out, or if the connection died later than
    ``CROSSED_S`` after the request.

    Attributes:
        retries: How many requests were sent a second time.
    """

    def __init__(self, pooled: IAgent, fresh: IAgent, *, retries_posts: bool) -> None:
        """
        Wrap.

        Args:
            pooled: Uses a :class:`TellingPool`.
            fresh: Makes a connection for each request.
            retries_posts: If not, only requests that change nothing are sent again.
        """
        self._pooled = pooled
        self._fresh = fresh
        self._retries_posts = retries_posts
        self.retries = 0

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """Implement :class:`IAgent`; the body's ``startProducing`` may be called twice."""

        def again(failure: Failure) -> Deferred[IResponse]:
            error = failure.value
            if not isinstance(error, ConnectionWasStale):
                return fail(failure)
            if method not in SAFE_METHODS and not self._retries_posts:
                return fail(error.failure)
            self.retries += 1
            return self._fresh.request(method, uri, headers, bodyProducer)

        requesting: Deferred[IResponse] = self._pooled.request(method, uri, headers, bodyProducer)
        return requesting.addErrback(again)


def make_retrying_agent(
    reactor: object,
    make_agent: MakeAgent,
    pool: TellingPool,
    *,
    retries_posts: bool,
) -> RetryingAgent:
    """
    Return an agent whose requests share a pool, all but the second tries.

    Those have a connection that is closed after them: the pool cannot be asked
    for a new one, and another out of it is as old as the one that just died.

    Args:
        reactor: Times what the agents time.
        make_agent: Makes one over each of the two pools.
        pool: Keeps them.
        retries_posts: See :class:`RetryingAgent`.
    """
    fresh = HTTPConnectionPool(reactor, persistent=False)
    return RetryingAgent(make_agent(pool), make_agent(fresh), retries_posts=retries_posts)
