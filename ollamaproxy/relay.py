"""The join between the two sides: a gateway's body, through a pipeline, to a client."""

from collections.abc import Callable
from typing import Protocol

from twisted.web.iweb import IResponse

from ollamaproxy.callers.caller import Caller
from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import ProxyError, UpstreamError
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.settings import Deadlines
from ollamaproxy.upstream.body import BodyReader
from ollamaproxy.wire.usage import Usage


class Pipeline(Protocol):
    """The way of a reply from the gateway's bytes to the client's."""

    @property
    def content_type(self) -> bytes:
        """Of the client's reply."""

    @property
    def done(self) -> bool:
        """Whether the reply is complete and nothing more will come out."""

    @property
    def failure(self) -> UpstreamError | None:
        """Why the reply cannot go on, if it cannot."""

    def feed(self, data: bytes, now_s: float) -> bytes:
        """Take bytes of the gateway and return what they add to the client's reply."""

    def end(self, now_s: float) -> bytes:
        """Take note that the gateway's body ended in order; return what is left to send."""

    def usage(self) -> Usage:
        """Return what the reply cost, as far as it was told."""


class Relay:
    """
    Moves one reply: what the gateway sends is converted and written as it comes.

    One write for each turn of the reactor in which something came.
    """

    # Each open stream has one; with those of its other parts 0.9 KiB less.
    __slots__ = (
        "_clocks",
        "_mask",
        "_pipeline",
        "_reader",
        "_request",
    )

    def __init__(
        self,
        pipeline: Pipeline,
        request: ProxyRequest,
        mask: Callable[[ProxyError, Caller], ProxyError],
        clocks: Clocks,
        deadlines: Deadlines,
    ) -> None:
        """
        Prepare.

        Args:
            pipeline: Converts.
            request: The client's; its connection paces the gateway.
            mask: Takes the keys out of an error's text.
            clocks: For the pipeline's times and the deadlines.
            deadlines: How long the gateway may keep silent.
        """
        self._pipeline = pipeline
        self._request = request
        self._mask = mask
        self._clocks = clocks
        self._reader = BodyReader(self._receive, clocks, deadlines)

    async def run(self, response: IResponse) -> None:
        """
        Move the reply; return when the client has been sent all of it.

        Cancelling closes the gateway's connection.

        Raises:
            UpstreamError: The reply broke off; what had come has been written.
        """
        # The client's connection now pauses, resumes and stops the gateway's.
        self._request.registerProducer(self._reader, True)
        try:
            await self._reader.read(response)
            self._send(self._pipeline.end(self._clocks.monotonic_s()))
        finally:
            self._request.usage = self._pipeline.usage()
            # A connection that is gone has no producer any more.
            if not self._request.client_left:
                self._request.unregisterProducer()

    def _receive(self, data: bytes) -> None:
        self._send(self._pipeline.feed(data, self._clocks.monotonic_s()))
        if self._pipeline.done:
            self._reader.complete()

    def _send(self, out: bytes) -> None:
        if out:
            if not self._request.startedWriting:
                self._begin(out)
            self._request.write(out, is_last=self._pipeline.done)
        if self._pipeline.failure is not None:
            raise self._mask(self._pipeline.failure, self._request.caller)

    def _begin(self, first: bytes) -> None:
        """Set the reply's head, just before its first bytes."""
        self._request.begin(self._pipeline.content_type)
        if self._pipeline.done:
            # All there will ever be: an object, or a stream that came in one read.
            self._request.setHeader(b"Content-Length", b"%d" % len(first))
