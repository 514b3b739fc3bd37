"""
What the gateway is told of who asks, for its accounts.

LiteLLM books a request under the end user and the tags that two headers name;
other gateways ignore them.  Both go out with what costs something and not with
questions about models.  LiteLLM takes ``x-litellm-end-user-id`` before the
``user`` of a body, so that a client cannot book under another name.
"""

from collections.abc import Sequence
from typing import Final

from ollamaproxy.callers.caller import Caller

_TAGS: Final = b"x-litellm-tags"


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
        self.names = (*self._tags, *(() if self._end_user is None else (self._end_user,)))

    def headers(self, caller: Caller) -> dict[bytes, list[bytes]]:
        """Return what goes out for a caller; one without a name is not told."""
        if self._end_user is None or not caller.name:
            return self._tags
        return {**self._tags, self._end_user: [caller.name.encode("ascii")]}
