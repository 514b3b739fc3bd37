"""How late the event loop is: what makes all streams stutter at once."""

from ollamaproxy.clocks import Clocks
from ollamaproxy.observing.counts import Histogram
from ollamaproxy.observing.families import LAGS_S, Snapshot
from ollamaproxy.server.alarm import Alarm

_EVERY_S = 0.5


class LagMeter:
    """Has itself called twice a second, and looks how late it is."""

    def __init__(self, clocks: Clocks) -> None:
        """
        Prepare.

        Args:
            clocks: The scheduler is what is measured, by the monotonic one.
        """
        self._clocks = clocks
        self._alarm = Alarm(clocks.scheduler)
        self._lags = Histogram(LAGS_S)

    def start(self) -> None:
        """Begin."""
        due_s = self._clocks.monotonic_s() + _EVERY_S
        self._alarm.set(_EVERY_S, lambda: self._look(due_s))

    def _look(self, due_s: float) -> None:
        self._alarm.clear()
        self._lags.add(max(0.0, self._clocks.monotonic_s() - due_s))
        self.start()

    def stop(self) -> None:
        """End."""
        self._alarm.clear()

    def counts(self) -> Snapshot:
        """Return the values of the one family that this is."""
        return {"reactor_lag_seconds": [((), self._lags.sample())]}
