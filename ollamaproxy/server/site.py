"""The factory of client connections."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO

from twisted.internet.defer import Deferred, succeed
from twisted.web import server
from twisted.web.http import Request
from twisted.web.resource import IResource

from ollamaproxy.clocks import Clocks
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.server.browsers import BrowserRules, Rules
from ollamaproxy.server.channel import Channel
from ollamaproxy.server.client_address import ClientAddresses
from ollamaproxy.server.request import Answerer, ProxyRequest
from ollamaproxy.settings import Settings


class ProxySite(server.Site):
    """Serves a resource tree over HTTP/1.1 and records every request."""

    # Do not announce that the factory starts.
    noisy = False
    # Twisted's own default is a wrapper that may change over to HTTP/2.
    protocol = Channel  # type: ignore[assignment]

    def __init__(
        self,
        root: IResource,
        settings: Settings,
        *,
        clocks: Clocks,
        record: Callable[[AccessRecord], None],
    ) -> None:
        """
        Serve a tree.

        Args:
            root: The resource for ``/``; it and all below it are an :class:`Answerer`.
            settings: Say how long things may take and be, and which pages may use the tree.
            clocks: For idle connections and durations.
            record: Called once for each request when it has ended.
        """
        super().__init__(
            root,
            requestFactory=self._make_request,
            timeout=settings.deadlines.idle_s,
            reactor=clocks.scheduler,
            parsePOSTFormSubmission=False,
        )
        self.clocks = clocks
        self._record = record
        self.is_draining = False
        self._channels: set[Channel] = set()
        self._empty: Deferred[None] | None = None
        self.use(root, settings)

    def use(self, root: IResource, settings: Settings) -> None:
        """Answer requests that begin from now on with this tree, by these settings."""
        self.resource = root
        self.deadlines = settings.deadlines
        self.max_body_bytes = settings.limits.max_request_bytes
        self.timeOut = settings.deadlines.idle_s  # Twisted's name
        self._max_connections = settings.limits.max_connections
        self._addresses = ClientAddresses(settings.trusted_proxies)
        self._rules = self.rules_for(settings)

    def rules_for(self, settings: Settings) -> Rules:
        """Return what decides which requests may use the tree."""
        return BrowserRules(settings.origins, settings.host_names)

    def _make_request(self, channel: Channel, queued: object = False) -> ProxyRequest:  # noqa: FBT002 - Twisted's
        """Make a request of a connection, which may be older than what holds now."""
        return ProxyRequest(
            channel,
            queued,
            clocks=self.clocks,
            record=self._record,
            max_body_bytes=self.max_body_bytes,
            browsers=self._rules,
            addresses=self._addresses,
        )

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._channels)

    @property
    def running(self) -> Iterator[ProxyRequest]:
        """The requests that have begun to arrive and have not ended."""
        for channel in self._channels:
            yield from (request for request in channel.requests if not request.has_ended)

    def opened(self, channel: Channel) -> bool:
        """Take note of a new connection; return whether there is room for it."""
        self._channels.add(channel)
        return len(self._channels) <= self._max_connections

    def closed(self, channel: Channel) -> None:
        """Take note that a connection is gone."""
        self._channels.discard(channel)
        if not self._channels and self._empty is not None:
            empty, self._empty = self._empty, None
            empty.callback(None)

    def drain(self) -> "Deferred[None]":
        """
        Answer what is being answered, and nothing new.

        Returns:
            Fires with ``None`` when all connections are gone.
        """
        self.is_draining = True
        for channel in tuple(self._channels):
            channel.drain()
        if not self._channels:
            return succeed(None)
        if self._empty is None:
            self._empty = Deferred()
        return self._empty

    def cut(self) -> int:
        """Tell all clients that are being answered that it ends now; return how many."""
        running = [request for channel in self._channels for request in channel.requests[:1]]
        for request in running:
            request.cut()
        return len(running)

    def abort(self) -> None:
        """Close all connections at once."""
        for channel in tuple(self._channels):
            channel.abort()

    def getResourceFor(self, request: ProxyRequest) -> Answerer:
        """
        Override: serve ``//api/chat``, ``/api/chat/`` and ``/api/./chat`` as ``/api/chat``.

        A real Ollama redirects, and clients turn a redirected POST into a GET.
        """
        request.postpath = clean_segments(request.postpath)
        resource: Answerer = super().getResourceFor(request)
        return resource

    def getContentFile(self, length: int | None) -> BinaryIO:  # noqa: ARG002 - Twisted's
        """Override: keep bodies in memory; Twisted would block on a file from 100,000 bytes on."""
        return BytesIO()

    def acceptableProtocols(self) -> list[bytes]:
        """Override: HTTP/1.1 only, also over TLS; our channel does not guard HTTP/2."""
        return [b"http/1.1"]

    def startFactory(self) -> None:
        """Override: Twisted's own access log, which misses requests, is not used."""

    def stopFactory(self) -> None:
        """Override: see :meth:`startFactory`."""

    def log(self, request: Request) -> None:
        """Override: see :meth:`startFactory`."""


def clean_segments(segments: list[bytes]) -> list[bytes]:
    """Return a path's segments without empty ones and ``.``, with ``..`` carried out."""
    clean: list[bytes] = []
    for segment in segments:
        if segment == b"..":
            del clean[-1:]
        elif segment not in {b"", b"."}:
            clean.append(segment)
    return clean
