"""
The gateway's models, asked for in the background and remembered.

Clients decide by the list what they offer, so it is always there: while the
gateway is down the last good one is kept, up to an age.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import BadRequest, ModelNotFound, UpstreamError, UpstreamTimeout
from ollamaproxy.models.listing import MAX_NAME, Model, ModelList
from ollamaproxy.models.rules import ModelRules
from ollamaproxy.settings import Freshness
from ollamaproxy.upstream.failures import was_cancelled
from ollamaproxy.wire.model_lists import FactsByName

#: Whatever the age: for a list that must only be there.
ANY_AGE: Final = float("inf")

#: Asks the gateway for all models; fails with an UpstreamError.
Discover = Callable[[], Coroutine[Any, Any, FactsByName]]


class Catalogue:
    """
    Knows the models that one key may use.

    Asks only what it is given to ask with, so that there can be one for every
    key.  However many want to know at once, the gateway is asked once.
    """

    _log = Logger()

    def __init__(
        self,
        discover: Discover,
        rules: ModelRules,
        freshness: Freshness,
        clocks: Clocks,
        *,
        logs: bool = True,
    ) -> None:
        """
        Know nothing yet.

        Args:
            discover: See :data:`Discover`.
            rules: The operator's.
            freshness: For how long what is known is good.
            clocks: For the ages and the deadlines.
            logs: Whether the operator is told what becomes of it.  Not if the
                key is a client's: what is wrong with that one is the client's.
        """
        self._discover = discover
        self._rules = rules
        self._freshness = freshness
        self._clocks = clocks
        self._logs = logs
        self._told: FactsByName | None = None
        self._models: ModelList | None = None
        self._doubts_told: Sequence[str] = ()
        self._loaded_s = 0.0
        self._failure: UpstreamError | None = None
        self._failed_s = 0.0
        self._loading: Deferred[None] | None = None
        self._waiting: list[Deferred[None]] = []
        self._next: IDelayedCall | None = None
        self._stopped = False
        #: What to go by until the gateway has told: the aliases, at least.
        self._without_gateway = ModelList({}, rules)

    def take_over(self, before: "Catalogue") -> None:
        """Know what another one was told of the same models, as long ago as it was."""
        if before._told is not None:  # noqa: SLF001 - one of us
            self._told, self._loaded_s = before._told, before._loaded_s  # noqa: SLF001
            self._models = ModelList(self._told, self._rules)
            self._doubts_told = before._doubts_told  # noqa: SLF001

    # What requests ask.

    async def models(self, max_age_s: float = ANY_AGE) -> ModelList:
        """
        Return the models.

        Does not wait if they are known.

        Args:
            max_age_s: Ask the gateway first, and wait a little for it, if what
                is known is older.

        Raises:
            UpstreamError: They are not known, or for too long; why they could
                not be had.
        """
        if self._usable is None:
            await self._refreshed(self._freshness.deadline_s)
        elif self._age_s > max_age_s:
            await self._refreshed(self._freshness.patience_s)
        elif self._age_s > self._freshness.refresh_s:
            self._refresh()
        models = self._usable
        if models is None:
            raise self._failure or UpstreamTimeout("the gateway has not told its models in time")
        return models

    async def find(self, name: str) -> Model | None:
        """
        Return the model of a name that a client sent, or ``None``: the gateway has none.

        Before it says so it makes sure, for the model may be a new one.

        Raises:
            BadRequest: No model can have such a name.
            UpstreamError: The models are not known.
        """
        _check(name)
        found = (await self.models()).find(name)
        if found is None:
            found = (await self.models(self._freshness.recent_s)).find(name)
        return found

    async def resolve(self, name: str) -> Model:
        """
        Return what to ask the gateway for when a client wants a model to answer.

        Waits only if nothing is known, and goes on without after a while: the
        gateway itself knows best.

        Raises:
            BadRequest: No model can have such a name.
            ModelNotFound: The operator has excluded the model.
        """
        _check(name)
        if self._models is None:
            await self._refreshed(self._freshness.patience_s)
        elif self._age_s > self._freshness.refresh_s:
            self._refresh()
        model = (self._models or self._without_gateway).resolve(name)
        if model is None:
            raise ModelNotFound(f"model '{name}' not found")
        return model

    @property
    def known(self) -> ModelList | None:
        """The models as they were told last, however long ago; ``None`` if never."""
        return self._models

    # The refreshing.

    def look(self) -> None:
        """Ask the gateway now, unless that is under way or has failed just now; does not wait."""
        self._refresh()

    def start(self) -> None:
        """Ask now and from now on, again and again, so that requests need not wait."""
        self._refresh()
        self._next = self._clocks.scheduler.callLater(self._freshness.refresh_s, self.start)

    def stop(self) -> None:
        """Ask no more; who still waits is not kept waiting."""
        self._stopped = True
        if self._next is not None and self._next.active():
            self._next.cancel()
        if self._loading is not None:
            self._loading.cancel()

    @property
    def _age_s(self) -> float:
        return self._clocks.monotonic_s() - self._loaded_s

    @property
    def _usable(self) -> ModelList | None:
        return self._models if self._age_s <= self._freshness.kept_s else None

    async def _refreshed(self, patience_s: float) -> None:
        """Return when the gateway has told, or has not, or it takes longer than ``patience_s``."""
        self._refresh()
        if self._loading is None:
            return
        waiter: Deferred[None] = Deferred()
        self._waiting.append(waiter)
        waiter.addTimeout(patience_s, self._clocks.scheduler, lambda *_result: None)
        try:
            await waiter
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def _refresh(self) -> None:
        """Ask the gateway, unless that is under way or has failed just now."""
        failed_ago_s = self._clocks.monotonic_s() - self._failed_s
        if self._loading is not None or (
            self._failure is not None and failed_ago_s < self._freshness.retry_s
        ):
            return
        self._loading = Deferred.fromCoroutine(self._load())
        self._loading.addBoth(self._loaded)  # which may be now

    async def _load(self) -> None:
        discovering = Deferred.fromCoroutine(self._discover())
        discovering.addTimeout(self._freshness.deadline_s, self._clocks.scheduler, _too_late)
        try:
            told = await discovering
        except UpstreamError as error:
            self._keep_what_is_known(error)
        else:
            self._take(told)

    def _take(self, told: FactsByName) -> None:
        models = ModelList(told, self._rules)
        if self._logs:
            self._tell_changes(models)
        self._told, self._models, self._failure = told, models, None
        self._loaded_s = self._clocks.monotonic_s()

    def _tell_changes(self, models: ModelList) -> None:
        if self._failure is not None:
            self._log.info("the gateway tells its models again")
        for doubt in models.doubts:
            if doubt not in self._doubts_told:
                self._log.warn("{doubt}", doubt=doubt)
        self._doubts_told = models.doubts

    def _keep_what_is_known(self, error: UpstreamError) -> None:
        # What was cut off is no news.
        if self._failure is None and self._logs and not self._stopped:
            reason = f"{error.outcome}, HTTP {error.status}" if error.quotes else error.message
            kept = "there are none yet" if self._models is None else "the known ones are kept"
            self._log.warn(
                "the gateway does not tell its models ({reason}); {kept}", reason=reason, kept=kept
            )
        self._failure, self._failed_s = error, self._clocks.monotonic_s()

    def _loaded(self, result: Failure | None) -> None:
        """Let those go on who wait, whatever came of it."""
        self._loading = None
        if isinstance(result, Failure) and not result.check(CancelledError):
            self._log.failure("The models could not be read for a reason that is a bug", result)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)


def _check(name: str) -> None:
    if len(name) > MAX_NAME:
        raise BadRequest("invalid model name")  # Ollama's words


def _too_late(result: Any, timeout_s: float) -> Any:
    """Tell the deadline from a daemon that stops: both cancel."""
    if isinstance(result, Failure) and was_cancelled(result):
        raise UpstreamTimeout(f"the gateway has not told its models within {timeout_s:g} seconds")
    return result
