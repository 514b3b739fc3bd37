"""What the status page shows: ``/status.json`` once, ``/events`` as it changes."""

from typing import Any

from ollamaproxy import __version__
from ollamaproxy.admin.audience import Audience
from ollamaproxy.admin.endpoint import AdminEndpoint, send_json
from ollamaproxy.admin.reports import Reports
from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.report import Report
from ollamaproxy.observing.status import status_document
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.wire.json_text import encode


class Status:
    """The document, made of a report."""

    def __init__(self, reports: Reports, clocks: Clocks) -> None:
        """
        Prepare.

        Args:
            reports: Know what there is to show.
            clocks: Of the reports.
        """
        self._reports = reports
        self._clocks = clocks
        #: What all who look know, in a list; an empty one if some may not.
        self._told_models: list[Any] = []

    async def fresh_document(self) -> dict[str, Any]:
        """Return all of it, as it is now."""
        return self._document(await self._reports.fresh())

    def document(self) -> dict[str, Any]:
        """Return all of it, as far as it is known."""
        return self._document(self._reports.latest())

    def _document(self, report: Report) -> dict[str, Any]:
        return status_document(
            report,
            version=__version__,
            now_s=self._clocks.monotonic_s(),
            now_ns=self._clocks.wall_ns(),
        )

    def first_news(self) -> bytes:
        """Return all of it as an event."""
        document = self.document()
        if [document["models"]] != self._told_models:
            self._told_models = []
        return _event(document)

    def news(self) -> bytes:
        """Return it as an event, without the models if those who look know them."""
        document = self.document()
        if [document["models"]] == self._told_models:
            del document["models"]
        else:
            self._told_models = [document["models"]]
        return _event(document)


def _event(document: dict[str, Any]) -> bytes:
    return b"data: %s\n\n" % encode(document).encode("ascii")


class StatusJSON(AdminEndpoint):
    """``GET /status.json``."""

    def __init__(self, status: Status) -> None:
        super().__init__()
        self._status = status

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        send_json(request, 200, await self._status.fresh_document())


class Events(AdminEndpoint):
    """``GET /events``: server-sent events, one a second, each the document."""

    def __init__(self, audience: Audience) -> None:
        super().__init__()
        self._audience = audience

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        if request.method == b"HEAD":
            request.send_whole(200, b"text/event-stream", b"")
        else:
            await self._audience.watch(request)
