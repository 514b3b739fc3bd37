"""The admin pages of a daemon in memory."""

import json
from typing import Any

from attrs import evolve

from ollamaproxy.admin.parts import make_admin_site, make_observation
from ollamaproxy.admin.reports import OwnReports
from ollamaproxy.readiness import Readiness
from ollamaproxy.settings import Settings
from tests.web.case import NetworkCase
from tests.web.network import ClientConnection, Network, Response

#: All that can be asked for.
PATHS = ("/", "/healthz", "/readyz", "/metrics", "/status.json", "/events")


class AdminCase(NetworkCase):
    """A network in memory, and what tells of it."""

    def setUp(self) -> None:
        super().setUp()
        self.readiness = Readiness(lambda: self.network.assembly)
        self.observe(self.network)

    def observe(self, network: Network) -> None:
        self.admin = make_observation(
            network.observer,
            network.site,
            self.readiness,
            assembly=lambda: network.assembly,
            clocks=network.clocks,
        )
        reports = OwnReports(self.admin.readings.collect)
        self.admin_site = make_admin_site(reports, network.settings, network.clocks)

    def with_settings(self, **changes: Any) -> Settings:
        """Start anew, with some settings changed; return them."""
        settings = evolve(self.network.settings, **changes)
        self.network = Network(settings)
        self.observe(self.network)
        return settings

    def connect(self, path: str, headers: str = "", method: str = "GET") -> ClientConnection:
        """Return a client that has asked for something and may still be answered."""
        client = self.network.client(self.admin_site)
        host = "" if "Host:" in headers else "Host: localhost:11435\r\n"
        client.raw(f"{method} {path} HTTP/1.1\r\n{host}{headers}\r\n".encode())
        self.network.flush()
        return client

    def get(self, path: str, headers: str = "", method: str = "GET") -> Response:
        """Return the whole answer."""
        return self.connect(path, headers, method).response(method)

    def status(self) -> Any:
        return json.loads(self.get("/status.json").body)
