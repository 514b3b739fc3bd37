"""
The models in use, as ``/api/ps`` shows them.

The gateway's models are always loaded; what is kept here is what Ollama would
show: a model from its first request on until nobody has used it for its
``keep_alive``.
"""

import math
from typing import Final

from attrs import define

from ollamaproxy.clocks import Clocks
from ollamaproxy.models.listing import Model
from ollamaproxy.translate.model_details import RunningModel
from ollamaproxy.translate.stopwatch import NS_PER_S

#: More are not remembered: names behind a wildcard are without number.
MAX_MODELS: Final = 256

#: What Ollama means by for ever: the longest duration that Go has, about 292 years.
_FOR_EVER_S: Final = (2**63 - 1) / NS_PER_S


@define
class _Use:
    model: Model
    requests: int = 0
    until_s: float = -math.inf
    keep_alive_s: float = 0.0
    unloaded: bool = False


class RunningModels:
    """Which models are in use, and for how long after that they are kept."""

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._uses: dict[str, _Use] = {}

    def using(self, model: Model, keep_alive_s: float) -> "Using":
        """
        Use a model for the time of a block; one that fails does not keep it.

        Args:
            model: Which.
            keep_alive_s: How long to keep it after the use; negative is for
                ever, 0 not at all.
        """
        return Using(self, model, keep_alive_s)

    def begin(self, model: Model, keep_alive_s: float) -> _Use:
        """Take note that a model is used."""
        use = self._uses.get(model.name)
        if use is None:
            self._make_room()
            use = self._uses[model.name] = _Use(model)
        use.model = model
        use.requests += 1
        use.keep_alive_s = keep_alive_s
        use.unloaded = False
        return use

    def end(self, use: _Use, keep_alive_s: float | None) -> None:
        """Take note that it is not any more; ``None`` keeps it no longer for this use."""
        if keep_alive_s is not None and not use.unloaded:
            use.until_s = self._after(keep_alive_s)
        use.requests -= 1

    def load(self, model: Model, keep_alive_s: float) -> None:
        """Keep a model without using it."""
        with self.using(model, keep_alive_s):
            pass

    def unload(self, model: Model) -> None:
        """Keep a model no longer than its requests last."""
        use = self._uses.get(model.name)
        if use is not None:
            use.until_s, use.keep_alive_s, use.unloaded = -math.inf, 0.0, True

    def now(self) -> list[RunningModel]:
        """Return the models in use, and what is kept, the longest first, as Ollama does."""
        self._forget()
        calendar_ns, now_s = self._clocks.wall_ns(), self._clocks.monotonic_s()
        ends = [
            (max(use.until_s, self._after(use.keep_alive_s)) if use.requests else use.until_s, use)
            for use in self._uses.values()
        ]
        ends.sort(key=lambda end: end[0], reverse=True)
        return [
            RunningModel(use.model, calendar_ns + round((until_s - now_s) * NS_PER_S))
            for until_s, use in ends
        ]

    def _after(self, keep_alive_s: float) -> float:
        kept_s = _FOR_EVER_S if keep_alive_s < 0 else min(keep_alive_s, _FOR_EVER_S)
        return self._clocks.monotonic_s() + kept_s

    def _forget(self) -> None:
        now_s = self._clocks.monotonic_s()
        self._uses = {
            name: use for name, use in self._uses.items() if use.requests or use.until_s > now_s
        }

    def _make_room(self) -> None:
        """Forget what is over, and if need be what would be the first to be."""
        self._forget()
        while len(self._uses) >= MAX_MODELS:
            idle = [name for name, use in self._uses.items() if not use.requests]
            if not idle:
                return
            del self._uses[min(idle, key=lambda name: self._uses[name].until_s)]


class Using:
    """The time of a use; a class, for a generator takes three times as much memory."""

    __slots__ = ("_keep_alive_s", "_model", "_running", "_use")

    def __init__(self, running: RunningModels, model: Model, keep_alive_s: float) -> None:
        self._running = running
        self._model = model
        self._keep_alive_s = keep_alive_s

    def __enter__(self) -> None:
        self._use = self._running.begin(self._model, self._keep_alive_s)

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._running.end(self._use, self._keep_alive_s if kind is None else None)
