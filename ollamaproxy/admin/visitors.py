"""
Who may read the admin pages: whoever reaches them, but no page of somebody else's.

By DNS rebinding a foreign page's own name can be made to lead here, and then the
browser lets it read all there is.  Over plain HTTP such a request has no mark of
a browser's at all, so here every Host counts, and not only a browser's.  Pure.
"""

from collections.abc import Mapping
from typing import Final

from ollamaproxy.server.browsers import Answered, HeaderList, HostNames, Passed

_UNKNOWN_HOST: Final = (
    b"This server does not know itself by the name in the request's Host header. "
    b"Use its address, or name it with --host-name.\n"
)
_FOREIGN_PAGE: Final = b"Pages of other sites must not use this server.\n"

#: What the browser says of a request that only its user has caused.
_OWN_SITES: Final = frozenset({"none", "same-origin"})


class AdminRules:
    """Decides on requests, and what headers all replies have."""

    def __init__(self, host_names: HostNames, headers: HeaderList) -> None:
        """
        Know one's own names.

        Args:
            host_names: Those.
            headers: For every reply.
        """
        self._host_names = host_names
        self._headers = headers

    def decide(self, method: bytes, headers: Mapping[str, str]) -> Passed | Answered:  # noqa: ARG002
        """Return what becomes of a request, as :meth:`BrowserRules.decide` does."""
        host = headers.get("host")
        if host is None:
            # HTTP/1.0, which some load balancers' checks speak and no browser does.
            return Passed(self._headers)
        if not self._host_names.has(host):
            return Answered(403, self._headers, _UNKNOWN_HOST)
        if headers.get("origin", f"http://{host}") not in {f"http://{host}", f"https://{host}"}:
            return Answered(403, self._headers, _FOREIGN_PAGE)
        # A link on somebody's page may lead here; that page cannot read where it leads.
        is_link = (
            headers.get("sec-fetch-mode") == "navigate"
            and headers.get("sec-fetch-dest") == "document"
        )
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES and not is_link:
            return Answered(403, self._headers, _FOREIGN_PAGE)
        return Passed(self._headers)
