"""What Twisted raises, as our errors: the one table of foreign exceptions."""

from collections.abc import Iterator
from typing import Final

from OpenSSL import SSL
from OpenSSL.crypto import X509StoreContextError
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
    (ConnectionRefusedError, UpstreamUnreachable, "cannot reach {peer}: connection refused"),
    (DNSLookupError, UpstreamUnreachable, "cannot reach {peer}: its host name is unknown"),
    (TimeoutError, UpstreamUnreachable, "cannot reach {peer}: no connection in time"),
    (ConnectError, UpstreamUnreachable, "cannot reach {peer}: no connection"),
    (VerificationError, UpstreamUnreachable, "{peer}'s certificate is for another host"),
    (SSL.Error, UpstreamUnreachable, "no secure connection to {peer}: does it speak TLS?"),
    (
        ResponseNeverReceived,
        UpstreamTruncated,
        "{peer} closed the connection without an answer",
    ),
    (ResponseFailed, UpstreamGarbled, "{peer}'s answer is not HTTP"),
    (
        RequestTransmissionFailed,
        UpstreamTruncated,
        "{peer} closed the connection before it had the whole request",
    ),
)

#: Whom the errors are about, unless there is somebody in between.
GATEWAY: Final = "the gateway"

#: What a server may have against our certificate, or against none; in OpenSSL's words.
_ABOUT_OUR_CERTIFICATE: Final = ("certificate", "unknown ca", "handshake failure")

#: OpenSSL's numbers for certificates that no authority could make good, and our words.
_OUT_OF_DATE: Final = {9: "is not valid yet", 10: "has expired"}


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


def untrusted(error: X509StoreContextError, peer: str = GATEWAY) -> UpstreamUnreachable:
    """
    Return our error for a certificate that is not good.

    Args:
        error: What OpenSSL has against it.
        peer: Whose it is.
    """
    number, depth, reason = error.errors
    if number in _OUT_OF_DATE:
        which = "certificate" if depth == 0 else "certificate's authority"
        return UpstreamUnreachable(f"{peer}'s {which} {_OUT_OF_DATE[number]}")
    return UpstreamUnreachable(
        f"{peer}'s certificate is not trusted: {reason}; "
        "name your company's certificate authority with --ca-file"
    )


def to_upstream_error(failure: Failure, peer: str = GATEWAY) -> UpstreamError:
    """
    Return our error for a failure on the way to the gateway, before its reply's body.

    Args:
        failure: What Twisted has to say.
        peer: Who is at the other end, for people.

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
                error = ours(_alert(reason, peer) or message.format(peer=peer))
                error.__cause__ = failure.value
                return error
    failure.raiseException()
    raise AssertionError  # not reached; raiseException has no type that says so


def _alert(failure: Failure, peer: str) -> str | None:
    """Return the words for a peer that ended TLS and said why; ``None`` if it is none."""
    if not failure.check(SSL.Error):
        return None
    _told, alert, why = str(failure.value).partition(" alert ")
    if not alert:
        return None
    why = why.rstrip("')]")
    told = f"no secure connection to {peer}: it says '{why}'"
    # Nobody but the gateway would be shown one.
    if peer == GATEWAY and any(word in why for word in _ABOUT_OUR_CERTIFICATE):
        told += "; if it asks for a client certificate, name one with --client-certificate"
    return told
