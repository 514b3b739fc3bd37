"""
The headers by which a request is found again: ``X-Request-ID`` and W3C's trace context.

What is not well formed is dropped and never repaired: it would lead nowhere.

Source: https://www.w3.org/TR/trace-context/
"""

import re
from collections.abc import Sequence
from typing import Final

from attrs import frozen

_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")

#: Version 00: the trace, the span in it, and flags.
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

#: One vendor's part of a tracestate: a key, which may name a tenant, and a value
#: without commas and equals signs that does not end in a blank.
_MEMBER: Final = re.compile(
    rb"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    rb"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_MAX_MEMBERS: Final = 32
#: As much as everybody must be able to pass on.
_MAX_STATE_BYTES: Final = 512


def parse_request_id(values: Sequence[bytes]) -> str | None:
    """Return a request's id; ``None`` if there is not exactly one, or it is not well formed."""
    if len(values) != 1 or not _REQUEST_ID.fullmatch(values[0]):
        return None
    return values[0].decode("ascii")


@frozen
class TraceContext:
    """
    Where a request belongs in a trace.

    Attributes:
        traceparent: The header as received; empty if there is no trace.
        tracestate: What vendors want passed on; empty if there is nothing.
    """

    traceparent: bytes = b""
    tracestate: bytes = b""

    @classmethod
    def from_headers(
        cls, traceparents: Sequence[bytes], tracestates: Sequence[bytes]
    ) -> "TraceContext":
        """
        Return what the headers tell, as far as they are well formed.

        Args:
            traceparents: The values of all such headers, as received.
            tracestates: Those of the other one, which may come in parts.
        """
        if len(traceparents) != 1 or not _TRACEPARENT.fullmatch(traceparents[0]):
            return NO_TRACE
        return cls(traceparents[0], _state(tracestates))

    @property
    def trace_id(self) -> str:
        """The trace's id, 32 hex digits; empty if there is no trace."""
        return self.traceparent[3:35].decode("ascii")


def _state(values: Sequence[bytes]) -> bytes:
    """Return the parts in one, without what is empty; nothing if there is too much or a fault."""
    members = [member.strip(b" \t") for value in values for member in value.split(b",")]
    members = [member for member in members if member]
    keys = {member.partition(b"=")[0] for member in members}
    state = b",".join(members)
    if len(members) > _MAX_MEMBERS or len(state) > _MAX_STATE_BYTES or len(keys) < len(members):
        return b""
    return state if all(map(_MEMBER.fullmatch, members)) else b""


#: A request without a trace.
NO_TRACE: Final = TraceContext()
