"""
A request that met a connection just when the gateway closed it is sent once more.

A server closes connections that have been idle for some time, and a request
that is on its way at that moment is lost, unread.  RFC 9112 section 9.3.1
leaves it to the client whether it may be sent again.
"""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.upstream.pool import ConnectionPool
from ollamaproxy.upstream.stale import ConnectionWasStale

#: Methods whose requests can be sent any number of times (RFC 9110 section 9.2.1).
SAFE_METHODS: Final = frozenset({b"GET", b"HEAD"})


#: Makes an agent of what keeps its connections.
MakeAgent = Callable[[ConnectionPool], IAgent]


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
            pooled: Uses connections again.
            fresh: Makes a connection for each request: another one out of the
                pool is as old as the one that just died.
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
