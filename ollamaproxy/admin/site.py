"""What serves the admin pages: the clients' guarded site, with narrower limits."""

from typing import Final

from attrs import evolve
from twisted.web.resource import IResource

from ollamaproxy.admin.page import Page, reply_headers
from ollamaproxy.admin.visitors import AdminRules
from ollamaproxy.clocks import Clocks
from ollamaproxy.server.browsers import HostNames, Rules
from ollamaproxy.server.site import ProxySite
from ollamaproxy.settings import Settings

#: Nobody has anything to tell here.
_MAX_REQUEST_BYTES: Final = 0
#: Probes, a monitoring system and those who look at the page.
_MAX_CONNECTIONS: Final = 128


class AdminSite(ProxySite):
    """Serves the admin tree; its requests are not recorded, for probes come every second."""

    def __init__(self, root: IResource, page: Page, settings: Settings, clocks: Clocks) -> None:
        """
        Serve a tree.

        Args:
            root: The resource for ``/``.
            page: Of which browsers are told what it may do.
            settings: Say how long things may take, and what the daemon's names are.
            clocks: For idle connections.
        """
        self._headers = reply_headers(page)
        super().__init__(root, _narrowed(settings), clocks=clocks, record=lambda _record: None)

    def rules_for(self, settings: Settings) -> Rules:
        """Override: stricter rules, and headers for every reply."""
        return AdminRules(HostNames(settings.host_names), self._headers)

    def follow(self, settings: Settings) -> None:
        """Answer from now on by these settings."""
        self.use(self.resource, _narrowed(settings))


def _narrowed(settings: Settings) -> Settings:
    limits = evolve(
        settings.limits, max_request_bytes=_MAX_REQUEST_BYTES, max_connections=_MAX_CONNECTIONS
    )
    return evolve(settings, limits=limits)
