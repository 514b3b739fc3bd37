"""For process supervisors and load balancers: ``/healthz`` and ``/readyz``."""

from ollamaproxy.admin.endpoint import AdminEndpoint, send_json
from ollamaproxy.admin.reports import Reports
from ollamaproxy.server.request import ProxyRequest


class Health(AdminEndpoint):
    """``GET /healthz``: the daemon is alive, or this would not be answered; nobody is asked."""

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, b"text/plain; charset=utf-8", b"ok\n")


class Ready(AdminEndpoint):
    """``GET /readyz``: whether to send requests here; 503 says no, and the body why."""

    def __init__(self, reports: Reports) -> None:
        """
        Tell.

        Args:
            reports: Know the state of things.
        """
        super().__init__()
        self._reports = reports

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        report = await self._reports.fresh()
        gateways = [
            {name: gateway[name] for name in ("base_url", "is_up", "faults")}
            for gateway in report.gateways
        ]
        is_ready = report.obstacle is None
        told = {"ready": is_ready, "reason": report.obstacle, "gateways": gateways}
        send_json(request, 200 if is_ready else 503, told)
