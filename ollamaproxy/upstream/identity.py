"""
What the gateway is told of who asks, for its accounts, and of the request, to find it again.

LiteLLM books a request under the end user and the tags that two headers name;
other gateways ignore them.  Both go out with what costs something and not with
questions about models.  LiteLLM takes ``x-litellm-end-user-id`` before the
``user`` of a body, so that a client cannot book under another name.

``X-Request-ID`` and the trace go to every gateway.  LiteLLM also gets its own
``x-litellm-call-id``, under which its logs and its accounts have the request:
one for each time that it is asked, because it books two under one id as one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from ollamaproxy.callers.errand import Errand

_TAGS: Final = b"x-litellm-tags"

#: What goes out of a request's own, whatever the operator has decided.
REQUEST_HEADERS: Final = (b"X-Request-ID", b"X-LiteLLM-Call-ID", b"Traceparent", b"Tracestate")


class Identity:
    """
    Makes the headers.

    Attributes:
        names: Of all that there may be.
    """

    def __init__(self, end_user_header: str | None, tags: Sequence[str]) -> None:
        """
        Decide what is told.

        Args:
            end_user_header: Gets the caller's name; ``None`` does not tell it.
            tags: The operator's, each a word without commas.
        """
        self._end_user = None if end_user_header is None else end_user_header.encode("ascii")
        self._tags = {_TAGS: [",".join(tags).encode("ascii")]} if tags else {}
        end_user = () if self._end_user is None else (self._end_user,)
        self.names = (*REQUEST_HEADERS, *self._tags, *end_user)

    def headers(self, errand: Errand, *, is_litellm: bool) -> Mapping[bytes, Sequence[bytes]]:
        """
        Return what goes out with one thing that the gateway is asked.

        Args:
            errand: For which request, and for whom; a caller without a name is
                not told.
            is_litellm: Whether the gateway is known to be LiteLLM.
        """
        names = REQUEST_HEADERS
        values = (
            errand.request_id.encode("ascii"),
            errand.next_call_id().encode("ascii") if is_litellm else b"",
            errand.trace.traceparent,
            errand.trace.tracestate,
        )
        told = {name: [value] for name, value in zip(names, values, strict=True) if value}
        told.update(self._tags)
        if self._end_user is not None and errand.caller.name:
            told[self._end_user] = [errand.caller.name.encode("ascii")]
        return told
