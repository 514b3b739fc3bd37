"""
The table of what is counted and measured.

Names, units and labels are in the terms of Prometheus, whose readers they are
for.  No label has values that a client can make up.

Source: https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from attrs import frozen

#: Of all families' names.
PREFIX: Final = "ollamaproxy_"

#: Upper ends of a duration's classes, in seconds: a model's first token takes a
#: tenth of a second to minutes, and what needs no model some milliseconds.
DURATIONS_S: Final = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0),
)

#: Upper ends of the classes of delays that should not be there at all, in seconds.
LAGS_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

#: A family's values by its labels' values, in the order of the labels.  A value
#: is a number; a histogram's is ``[counts, sum]``, with a count for each class
#: and one more for what is beyond the last, not cumulated.
Samples = Sequence[tuple[Sequence[str], Any]]

#: The values of all families, by their names without prefix.  JSON makes lists
#: of its tuples, and that is as good.
Snapshot = Mapping[str, Samples]


class Kind(Enum):
    """How a family's values behave, and how those of several processes make one."""

    COUNTER = "counter"  #: only grows; they are added
    HISTOGRAM = "histogram"  #: a counter for each class; they are added
    LEVEL = "level"  #: goes up and down, and each process has its own; they are added
    WORST = "worst"  #: 1 is well, 0 is not; if one says 0, that counts
    FACT = "fact"  #: the same in all of them


@frozen(kw_only=True)
class Family:
    """
    One thing that is counted or measured.

    Attributes:
        name: Without prefix, and without the ``_total`` of counters.
        kind: How it behaves.
        meaning: One line for the person who reads the metrics.
        labels: What its values are told apart by.
        classes: A histogram's, by their upper ends.
    """

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    classes: tuple[float, ...] = ()


FAMILIES: Final = (
    Family(
        name="requests",
        kind=Kind.COUNTER,
        meaning="Requests that have ended; 499 is a client that left before its answer.",
        labels=("route", "method", "code"),
    ),
    Family(
        name="requests_in_flight",
        kind=Kind.LEVEL,
        meaning="Requests that have begun to arrive and have not ended.",
    ),
    Family(
        name="requests_at_gateway",
        kind=Kind.LEVEL,
        meaning="Requests that the gateway is at work on.",
    ),
    Family(
        name="requests_waiting",
        kind=Kind.LEVEL,
        meaning="Requests that wait for their turn at the gateway.",
    ),
    Family(
        name="connections",
        kind=Kind.LEVEL,
        meaning="Connections of clients that are open.",
    ),
    Family(
        name="time_to_first_byte_seconds",
        kind=Kind.HISTOGRAM,
        meaning="From a request's arrival to the first byte of its reply.",
        labels=("route",),
        classes=DURATIONS_S,
    ),
    Family(
        name="request_duration_seconds",
        kind=Kind.HISTOGRAM,
        meaning="From a request's arrival to its end.",
        labels=("route",),
        classes=DURATIONS_S,
    ),
    Family(
        name="tokens",
        kind=Kind.COUNTER,
        meaning="Tokens as the gateway counts them; kind is prompt or completion.",
        labels=("kind", "model"),
    ),
    Family(
        name="client_disconnects",
        kind=Kind.COUNTER,
        meaning="Clients that left before their reply, or during it.",
        labels=("phase",),
    ),
    Family(
        name="upstream_errors",
        kind=Kind.COUNTER,
        meaning="Requests that failed at the gateway or on the way to it.",
        labels=("kind",),
    ),
    Family(
        name="rejected",
        kind=Kind.COUNTER,
        meaning="Requests that the daemon itself answered with an error.",
        labels=("reason",),
    ),
    Family(
        name="retries",
        kind=Kind.COUNTER,
        meaning="Requests sent once more, because the gateway had closed an idle connection.",
    ),
    Family(
        name="failovers",
        kind=Kind.COUNTER,
        meaning="Requests that went on to another gateway.",
    ),
    Family(
        name="gateway_faults",
        kind=Kind.COUNTER,
        meaning="How often a gateway could not be reached or gave no answer.",
        labels=("gateway",),
    ),
    Family(
        name="gateway_up",
        kind=Kind.WORST,
        meaning="1 if the last that was heard of a gateway was an answer.",
        labels=("gateway",),
    ),
    Family(
        name="gateway_connections",
        kind=Kind.COUNTER,
        meaning="Connections that requests to the gateway went out on, new or kept from before.",
        labels=("state",),
    ),
    Family(
        name="reactor_lag_seconds",
        kind=Kind.HISTOGRAM,
        meaning="How late the event loop was, looked at twice a second.",
        classes=LAGS_S,
    ),
    Family(
        name="ready",
        kind=Kind.WORST,
        meaning="1 if the daemon wants to be sent requests, as /readyz says.",
    ),
    Family(
        name="build_info",
        kind=Kind.FACT,
        meaning="Always 1; the versions are in its labels.",
        labels=("version", "python", "twisted"),
    ),
)

#: The same by their names.
BY_NAME: Final = {family.name: family for family in FAMILIES}
