"""The clocks that the daemon is given; nothing else in it asks for the time."""

import time
from collections.abc import Callable

from attrs import frozen
from twisted.internet.interfaces import IReactorTime


@frozen(kw_only=True)
class Clocks:
    """
    Three clocks for three purposes.

    Attributes:
        scheduler: Calls things later.  A reactor's ``seconds()`` is the
            calendar, which may be set back, so durations do not use it.
        monotonic_s: Seconds since some moment, for durations.
        wall_ns: Nanoseconds since 1970, for timestamps.
    """

    scheduler: IReactorTime
    monotonic_s: Callable[[], float] = time.monotonic
    wall_ns: Callable[[], int] = time.time_ns
