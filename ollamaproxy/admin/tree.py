"""Which admin resource answers which path."""

from twisted.web.resource import IResource

from ollamaproxy.admin.audience import Audience
from ollamaproxy.admin.health import Health, Ready
from ollamaproxy.admin.metrics import Metrics
from ollamaproxy.admin.page import Page, StatusPage
from ollamaproxy.admin.reports import Reports
from ollamaproxy.admin.status import Events, Status, StatusJSON
from ollamaproxy.clocks import Clocks


def make_admin_tree(reports: Reports, page: Page, clocks: Clocks) -> IResource:
    """
    Return the resource for ``/``.

    Args:
        reports: Know what there is to tell, of one process or several.
        page: The status page.
        clocks: For the page's news.
    """
    status = Status(reports, clocks)
    audience = Audience(status.first_news, status.news, clocks.scheduler)
    root = StatusPage(page)
    root.putChild(b"healthz", Health())
    root.putChild(b"readyz", Ready(reports))
    root.putChild(b"metrics", Metrics(reports))
    root.putChild(b"status.json", StatusJSON(status))
    root.putChild(b"events", Events(audience))
    return root
