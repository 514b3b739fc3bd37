"""How a request's outcome is counted: whose doing it was, and why."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from ollamaproxy.errors import ProxyError, UpstreamError
from ollamaproxy.observing.names import OTHER

#: Reasons for which the parser refuses, by the status that it answers with.
_PARSER_REASONS: Final = {
    400: "malformed_request",
    405: "malformed_request",
    408: "too_slow",
    413: "body_too_long",
    431: "header_too_long",
    501: "not_supported",
    503: "too_busy",
}


class Fate(Enum):
    """What became of a request."""

    ANSWERED = "answered"
    CLIENT_LEFT = "client_left"
    UPSTREAM = "upstream"  #: it failed at the gateway, or on the way to it
    REJECTED = "rejected"  #: the daemon itself answered with an error


def _family(root: type[ProxyError]) -> Iterator[type[ProxyError]]:
    yield root
    for branch in root.__subclasses__():
        yield from _family(branch)


_UPSTREAM: Final = frozenset(error.outcome for error in _family(UpstreamError))

_BEFORE_REPLY: Final = "before_reply"
_DURING_REPLY: Final = "during_reply"

#: What resources and errors call it when the daemon itself refuses.
_REJECTED: Final = frozenset(
    {
        *(error.outcome for error in _family(ProxyError) if hasattr(error, "outcome")),
        *("foreign_page", "not_found", "method_not_allowed"),
    }
    - _UPSTREAM
)


#: All that there are for each fate.
REASONS: Final[Mapping[Fate, frozenset[str]]] = {
    Fate.ANSWERED: frozenset(),
    Fate.CLIENT_LEFT: frozenset({_BEFORE_REPLY, _DURING_REPLY}),
    Fate.UPSTREAM: _UPSTREAM,
    Fate.REJECTED: _REJECTED | frozenset(_PARSER_REASONS.values()) | {OTHER},
}


def judge(outcome: str, status: int, *, has_begun: bool) -> tuple[Fate, str]:
    """
    Return what became of a request, and in one constant word why.

    Args:
        outcome: Of its access record.
        status: That was sent.
        has_begun: Whether its reply had.

    Returns:
        The fate and, for a client that left, ``before_reply`` or
        ``during_reply``; for what the daemon or the gateway did, the reason;
        for an answer an empty word.
    """
    if outcome in {"done", "preflight"}:
        return Fate.ANSWERED, ""
    if outcome == "client_left":
        return Fate.CLIENT_LEFT, _DURING_REPLY if has_begun else _BEFORE_REPLY
    if outcome in _UPSTREAM:
        return Fate.UPSTREAM, outcome
    if outcome == "parser_refused":
        return Fate.REJECTED, _PARSER_REASONS.get(status, OTHER)
    return Fate.REJECTED, outcome if outcome in _REJECTED else OTHER
