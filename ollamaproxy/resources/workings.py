"""What endpoints need that know of models."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import frozen

from ollamaproxy.admission import Admission
from ollamaproxy.callers.gates import Gate
from ollamaproxy.clocks import Clocks
from ollamaproxy.models.listing import Model
from ollamaproxy.realms import Realm, Realms
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.gateway import Gateway


@frozen(kw_only=True)
class Workings:
    """
    What the endpoints that know of models share.

    Attributes:
        gate: Decides who may call.
        gateway: Does the work.
        realms: Know its models, each for one key, and which of them are in use.
        admission: How many of them may have the gateway work at a time.
        settings: All of them.
        clocks: All of them.
    """

    gate: Gate
    gateway: Gateway
    realms: Realms
    admission: Admission
    settings: Settings
    clocks: Clocks

    @asynccontextmanager
    async def using(self, realm: Realm, model: Model, keep_alive_s: float) -> AsyncIterator[None]:
        """
        Have the gateway work with a model for the time of a block, when it is one's turn.

        Raises:
            Overloaded: There are too many others.
        """
        async with self.admission.place():
            with realm.running.using(model, keep_alive_s):
                yield
