"""The factory of client connections."""

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import BinaryIO

from twisted.web import server
from twisted.web.http import Request
from twisted.web.resource import IResource

from ollamaproxy.access_log import AccessRecord
from ollamaproxy.clocks import Clocks
from ollamaproxy.server.channel import Channel
from ollamaproxy.server.request import ProxyRequest


class ProxySite(server.Site):
    """Serves a resource tree over HTTP/1.1 and records every request."""

    # Do not announce that the factory starts.
    noisy = False
    # Twisted's own default is a wrapper that may change over to HTTP/2.
    protocol = Channel  # type: ignore[assignment]

    def __init__(
        self,
        root: IResource,
        *,
        clocks: Clocks,
        record: Callable[[AccessRecord], None],
        max_body_bytes: int,
    ) -> None:
        """
        Serve a tree.

        Args:
            root: The resource for ``/``.
            clocks: For idle connections and durations.
            record: Called once for each request when it has ended.
            max_body_bytes: A request with a longer body is refused.
        """
        super().__init__(
            root,
            requestFactory=partial(
                ProxyRequest, clocks=clocks, record=record, max_body_bytes=max_body_bytes
            ),
            reactor=clocks.scheduler,
            parsePOSTFormSubmission=False,
        )
        self.max_body_bytes = max_body_bytes

    def getResourceFor(self, request: ProxyRequest) -> IResource:
        """
        Override: serve ``//api/chat``, ``/api/chat/`` and ``/api/./chat`` as ``/api/chat``.

        A real Ollama redirects, and clients turn a redirected POST into a GET.
        """
        request.postpath = clean_segments(request.postpath)
        resource: IResource = super().getResourceFor(request)
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
