"""Which admin resource answers which path."""

from collections.abc import Callable

from twisted.web.resource import IResource

from ollamaproxy.admin.audience import Audience
from ollamaproxy.admin.health import Health, Ready
from ollamaproxy.admin.metrics import Metrics, make_registry
from ollamaproxy.admin.page import Page, StatusPage
from ollamaproxy.admin.status import Events, Status, StatusJSON
from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.report import Report


def make_admin_tree(collect: Callable[[], Report], page: Page, clocks: Clocks) -> IResource:
    """
    Return the resource for ``/``.

    Args:
        collect: Returns what there is to tell, of one process or several.
        page: The status page.
        clocks: For the page's news.
    """
    status = Status(collect, clocks)
    audience = Audience(status.first_news, status.news, clocks.scheduler)
    root = StatusPage(page)
    root.putChild(b"healthz", Health())
    root.putChild(b"readyz", Ready(collect))
    root.putChild(b"metrics", Metrics(make_registry(lambda: collect().counts)))
    root.putChild(b"status.json", StatusJSON(status))
    root.putChild(b"events", Events(audience))
    return root
