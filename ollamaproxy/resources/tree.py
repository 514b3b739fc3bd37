"""Which resource answers which path."""

from twisted.web.resource import IResource

from ollamaproxy.clocks import Clocks
from ollamaproxy.resources.about import Root, Version
from ollamaproxy.resources.completions import Chat, Generate
from ollamaproxy.resources.exchange import Folder
from ollamaproxy.resources.models import Tags
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.upstream.gateway import Gateway


def make_tree(gateway: Gateway, settings: Settings, clocks: Clocks) -> IResource:
    """
    Return the resource for ``/``.

    Args:
        gateway: Answers what the daemon cannot by itself.
        settings: The version to report, deadlines and limits.
        clocks: For the replies' statistics and the deadlines.
    """
    catalogue = Catalogue(gateway, clocks)
    api = Folder()
    api.putChild(b"version", Version(settings.version))
    api.putChild(b"tags", Tags(gateway))
    api.putChild(b"chat", Chat(gateway, catalogue, settings, clocks))
    api.putChild(b"generate", Generate(gateway, catalogue, settings, clocks))
    root = Root()
    root.putChild(b"api", api)
    return root
