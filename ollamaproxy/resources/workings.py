"""What endpoints need that have a model work."""

from attrs import frozen

from ollamaproxy.clocks import Clocks
from ollamaproxy.running import RunningModels
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.catalogue import Catalogue
from ollamaproxy.upstream.gateway import Gateway


@frozen(kw_only=True)
class Workings:
    """
    What the endpoints that have the gateway work share.

    Attributes:
        gateway: Does the work.
        catalogue: Knows its models.
        running: Is told which of them are in use.
        settings: All of them.
        clocks: All of them.
    """

    gateway: Gateway
    catalogue: Catalogue
    running: RunningModels
    settings: Settings
    clocks: Clocks
