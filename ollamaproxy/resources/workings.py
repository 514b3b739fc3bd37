"""What endpoints need that know of models."""

from attrs import frozen

from ollamaproxy.admission import Admission
from ollamaproxy.callers.gates import Gate
from ollamaproxy.clocks import Clocks
from ollamaproxy.models.listing import Model
from ollamaproxy.realms import Realm, Realms
from ollamaproxy.running import Using
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

    def using(self, realm: Realm, model: Model, keep_alive_s: float) -> "AtWork":
        """
        Have the gateway work with a model for the time of a block, when it is one's turn.

        Entering it raises Overloaded if there are too many others.
        """
        return AtWork(self.admission, realm.running.using(model, keep_alive_s))


class AtWork:
    """The time in which the gateway works; see :class:`~ollamaproxy.running.Using`."""

    __slots__ = ("_admission", "_using")

    def __init__(self, admission: Admission, using: Using) -> None:
        self._admission = admission
        self._using = using

    async def __aenter__(self) -> None:
        await self._admission.enter()
        self._using.__enter__()

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        try:
            self._using.__exit__(kind, *error)
        finally:
            self._admission.leave()
