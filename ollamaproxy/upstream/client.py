"""
treq, made safe for a proxy that speaks for many clients with one key.

Left to itself treq keeps one cookie jar for everybody, follows redirects with
the key in hand, and asks for gzip, which delays streams and allows bombs.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Final, cast

import hyperlink
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy import __version__
from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.network.gateway_header import GatewayHeader
from ollamaproxy.settings import KIB, Secret
from ollamaproxy.upstream.body import discard
from ollamaproxy.upstream.retry import TellingPool

#: LiteLLM's server closes idle connections after 5 seconds; a request that
#: meets the close is lost.  Measured: 158 of 200 fail with Twisted's 240
#: seconds, none with a pool that forgets connections before the server does.
IDLE_CONNECTION_S: Final = 4.0

#: As much of an upload as is written at once.
_PIECE_BYTES: Final = 64 * KIB

#: The request headers that go out if :class:`Gateway` sets them; anything else stays.
_ALLOWED_HEADERS: Final = (
    b"Accept",
    b"Content-Type",
    # A caller's own key, instead of the daemon's.
    b"Authorization",
    # What of Anthropic's protocol a client speaks; LiteLLM hands them on to Anthropic.
    b"Anthropic-Version",
    b"Anthropic-Beta",
)


@implementer(IAgent)
class GatewayAgent:
    """
    Puts the key on every request, and takes off what treq adds on its own.

    The headers are built anew from a list of allowed names: no cookie, no
    Accept-Encoding, nothing of a client's can get through by accident.
    """

    def __init__(
        self,
        agent: IAgent,
        api_key: Secret | None,
        allowed_headers: Sequence[bytes] = (),
        added_headers: Sequence[GatewayHeader] = (),
    ) -> None:
        """
        Send through an agent.

        Args:
            agent: Sends.
            api_key: For requests that bring no key of their own; ``None`` adds none.
            allowed_headers: Names of further headers that may go out.
            added_headers: Go out with every request that has none of that name.
        """
        self._agent = agent
        self._allowed_headers = (*_ALLOWED_HEADERS, *allowed_headers)
        self._added = Headers()
        for header in added_headers:
            self._added.addRawHeader(header.name, header.value.text)
        if not self._added.hasHeader(b"User-Agent"):
            self._added.addRawHeader(b"User-Agent", b"ollamaproxy/" + __version__.encode("ascii"))
        self._authorization = None if api_key is None else [api_key.as_bearer()]

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """Implement :class:`IAgent`."""
        safe = self._added.copy()
        for name in self._allowed_headers:
            values = headers.getRawHeaders(name) if headers is not None else None
            if values:
                safe.setRawHeaders(name, values)
        if self._authorization is not None and not safe.hasHeader(b"Authorization"):
            safe.setRawHeaders(b"Authorization", self._authorization)
        requesting = self._agent.request(method, uri, safe, bodyProducer)
        return requesting.addCallback(_uncompressed)


@implementer(IBodyProducer)
class WholeBody:
    """
    A request body that is written at once.

    treq's own reads it in pieces, each in another turn of the global reactor.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Implement IBodyProducer: the Deferred has fired with ``None`` already."""
        consumer.write(self._body)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to pause."""

    def resumeProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to resume."""

    def stopProducing(self) -> None:
        """Implement IBodyProducer: there is nothing left to stop."""


@implementer(IPushProducer, IBodyProducer)
class PiecesBody:
    """
    A request body in pieces that are written as fast as the gateway takes them.

    So an upload is not in memory twice.
    """

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = list(pieces)
        self.length = sum(map(len, self._pieces))
        self._left: list[memoryview] = []
        self._consumer: IConsumer | None = None
        self._finished: Deferred[None] = Deferred()
        self._paused = False

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """
        Implement IBodyProducer: the Deferred fires with ``None`` when all is written.

        May be called again, to write all of it to another consumer.
        """
        self._consumer = consumer
        self._left = [part for piece in self._pieces for part in _small(piece)]
        self._left.reverse()
        self._finished = Deferred()
        self.resumeProducing()
        return self._finished

    def pauseProducing(self) -> None:
        """Implement IPushProducer."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Implement IPushProducer."""
        self._paused = False
        while self._left and not self._paused and self._consumer is not None:
            self._consumer.write(bytes(self._left.pop()))
        if not self._left and not self._finished.called:
            self._finished.callback(None)

    def stopProducing(self) -> None:
        """Implement IPushProducer: this consumer does not want the rest."""
        self._left.clear()
        self._consumer = None


def _small(piece: bytes | memoryview) -> Iterator[memoryview]:
    view = memoryview(piece)
    yield from (view[at : at + _PIECE_BYTES] for at in range(0, len(view), _PIECE_BYTES))


def _producer(body: bytes | IBodyProducer) -> IBodyProducer:
    return WholeBody(body) if isinstance(body, bytes) else body


def _uncompressed(response: IResponse) -> IResponse:
    """Refuse what treq would unpack: nobody asked for it, and a bomb is a kilobyte long."""
    encodings = response.headers.getRawHeaders(b"Content-Encoding", [])
    if any(encoding.strip().lower() != b"identity" for encoding in encodings):
        discard(response)
        raise UpstreamGarbled("the gateway compressed its reply although it was not asked to")
    return response


class GatewayURL(hyperlink.EncodedURL):
    """
    A URL that is ready to be sent.

    treq calls ``to_uri()`` on every request, which encodes the host name anew
    and fails for an IPv6 address.
    """

    @classmethod
    def of(cls, text: str) -> "GatewayURL":
        """Return the URL that a text of nothing but ASCII stands for."""
        return cast("GatewayURL", cls.from_text(text))

    def to_uri(self) -> "GatewayURL":
        """Override: it is one already."""
        return self


def make_pool(
    reactor: object, max_idle_connections: int, monotonic_s: Callable[[], float]
) -> TellingPool:
    """Return the connections to the gateways that wait for their next request."""
    pool = TellingPool(reactor, monotonic_s)
    pool.maxPersistentPerHost = max_idle_connections
    pool.cachedConnectionTimeout = IDLE_CONNECTION_S  # type: ignore[assignment]  # a float will do
    return pool


def make_client(
    agent: IAgent,
    api_key: Secret | None,
    allowed_headers: Sequence[bytes] = (),
    added_headers: Sequence[GatewayHeader] = (),
) -> HTTPClient:
    """
    Return the treq client that all requests to the gateway go through.

    Args:
        agent: Sends them.
        api_key: See :class:`GatewayAgent`.
        allowed_headers: See :class:`GatewayAgent`.
        added_headers: See :class:`GatewayAgent`.
    """
    no_cookies = IndexableCookieJar(policy=DefaultCookiePolicy(allowed_domains=()))
    return HTTPClient(
        GatewayAgent(agent, api_key, allowed_headers, added_headers),
        cookiejar=no_cookies,
        data_to_body_producer=_producer,
    )
