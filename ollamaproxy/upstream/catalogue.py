"""What is known of the gateway's models, asked once for many requests."""

from collections.abc import Mapping
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ollamaproxy.clocks import Clocks
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.model_info import UNKNOWN_MODEL, ModelFacts

#: How long facts are good for, in seconds.  Models change with the gateway's configuration.
FRESH_S: Final = 300.0
#: How long to leave a gateway alone that does not tell, in seconds.
RETRY_S: Final = 60.0
#: How long a request may wait for facts, in seconds: it can do without them.
PATIENCE_S: Final = 5.0


class Catalogue:
    """
    Knows the facts of models, as far as the gateway tells.

    A gateway that does not tell is no error: then nothing is known.
    """

    _log = Logger()

    def __init__(self, gateway: Gateway, clocks: Clocks) -> None:
        self._gateway = gateway
        self._clocks = clocks
        self._facts: Mapping[str, ModelFacts] = {}
        self._good_until_s: float | None = None
        self._waiting: list[Deferred[None]] = []

    def known(self, model: str) -> ModelFacts:
        """Return what is known of a model by now; asks nobody."""
        return self._facts.get(model, UNKNOWN_MODEL)

    async def facts(self, model: str) -> ModelFacts:
        """
        Return what the gateway knows of a model, after asking if need be.

        However many ask at once, there is one request.
        """
        if self._good_until_s is None or self._clocks.monotonic_s() >= self._good_until_s:
            await self._refreshed()
        return self.known(model)

    def _refreshed(self) -> Deferred[None]:
        """Return a Deferred that fires with ``None`` when the gateway has told, or has not."""
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        if len(self._waiting) == 1:
            loading = Deferred.fromCoroutine(self._gateway.model_facts())
            loading.addTimeout(PATIENCE_S, self._clocks.scheduler)
            loading.addCallbacks(self._loaded, self._not_loaded)
            loading.addErrback(lambda failure: self._log.failure("", failure=failure))
        return waiter

    def _loaded(self, facts: Mapping[str, ModelFacts]) -> None:
        self._facts = facts
        self._tell(FRESH_S)

    def _not_loaded(self, _failure: Failure) -> None:
        # Plain OpenAI-compatible gateways have no such list, and some keys may
        # not read it.  What is known stays.
        self._tell(RETRY_S)

    def _tell(self, good_for_s: float) -> None:
        self._good_until_s = self._clocks.monotonic_s() + good_for_s
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.called:  # its request was cancelled meanwhile
                waiter.callback(None)
