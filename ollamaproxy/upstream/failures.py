"""What Twisted raises, as our errors: the one table of foreign exceptions."""

from collections.abc import Iterator

from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet.defer import CancelledError
from twisted.internet.error import (
    ConnectError,
    ConnectingCancelledError,
    ConnectionRefusedError,  # noqa: A004 - Twisted's, as all of these
    DNSLookupError,
    TimeoutError,  # noqa: A004
)
from twisted.python.failure import Failure
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived

from ollamaproxy.errors import (
    UpstreamError,
    UpstreamGarbled,
    UpstreamTruncated,
    UpstreamUnreachable,
)

#: The first row that fits is taken; earlier rows are subclasses of later ones.
_TABLE: tuple[tuple[type[Exception], type[UpstreamError], str], ...] = (
    (ConnectionRefusedError, UpstreamUnreachable, "cannot reach the gateway: connection refused"),
    (DNSLookupError, UpstreamUnreachable, "cannot reach the gateway: its host name is unknown"),
    (TimeoutError, UpstreamUnreachable, "cannot reach the gateway: no connection in time"),
    (ConnectError, UpstreamUnreachable, "cannot reach the gateway: no connection"),
    (VerificationError, UpstreamUnreachable, "the gateway's certificate is for another host"),
    (
        SSL.Error,
        UpstreamUnreachable,
        "no secure connection to the gateway: is its certificate trusted, and does it speak TLS?",
    ),
    (
        ResponseNeverReceived,
        UpstreamTruncated,
        "the gateway closed the connection without an answer",
    ),
    (ResponseFailed, UpstreamGarbled, "the gateway's answer is not HTTP"),
    (
        RequestTransmissionFailed,
        UpstreamTruncated,
        "the gateway closed the connection before it had the whole request",
    ),
)


def reasons_of(failure: Failure) -> Iterator[Failure]:
    """Yield the failures inside of a failure, innermost first, then itself."""
    for reason in getattr(failure.value, "reasons", ()):
        yield from reasons_of(reason)
    yield failure


def was_cancelled(failure: Failure) -> bool:
    """Whether the failure is nobody's fault: what was under way has been cancelled."""
    # A connection that is being made fails with an error of its own.
    return any(
        reason.check(CancelledError, ConnectingCancelledError) for reason in reasons_of(failure)
    )


def to_upstream_error(failure: Failure) -> UpstreamError:
    """
    Return our error for a failure on the way to the gateway, before its reply's body.

    Raises:
        CancelledError: Somebody cancelled; that is not an error.
        Exception: The failure's own, if the table does not know it: a bug.
    """
    if was_cancelled(failure):
        raise CancelledError from failure.value
    for reason in reasons_of(failure):
        if isinstance(reason.value, UpstreamError):
            return reason.value
        for foreign, ours, message in _TABLE:
            if reason.check(foreign):
                error = ours(message)
                error.__cause__ = failure.value
                return error
    failure.raiseException()
    raise AssertionError  # not reached; raiseException has no type that says so
