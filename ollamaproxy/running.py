"""
The models in use, as ``/api/ps`` shows them.

The gateway's models are always loaded; what is kept here is what Ollama would
show: a model from its first request on until nobody has used it for its
``keep_alive``.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def using(self, model: Model, keep_alive_s: float) -> Iterator[None]:
        """
        Use a model for the time of a block; one that fails does not keep it.

        Args:
            model: Which.
            keep_alive_s: How long to keep it after the use; negative is for
                ever, 0 not at all.
        """
        use = self._uses.get(model.name)
        if use is None:
            self._make_room()
            use = self._uses[model.name] = _Use(model)
        use.model = model
        use.requests += 1
        use.keep_alive_s = keep_alive_s
        use.unloaded = False
        try:
            yield
            if not use.unloaded:
                use.until_s = self._after(keep_alive_s)
        finally:
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
