"""Who may call: one gate for each way of deciding it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.callers.credentials import presented_key
from ollamaproxy.callers.key_lines import KeyEntry
from ollamaproxy.errors import CallerRefused
from ollamaproxy.settings.secret import Secret
from ollamaproxy.translate.refusals import WhoseKey

_HOW = 'send it as "Authorization: Bearer KEY" or "x-api-key: KEY"'


class Gate(Protocol):
    """Decides who may call."""

    def admit(self, authorization: Sequence[bytes], x_api_key: Sequence[bytes]) -> Caller:
        """
        Return who calls.

        Args:
            authorization: The values of all such headers, as received.
            x_api_key: Those of the other one.

        Raises:
            CallerRefused: It must not.
        """


class OpenGate:
    """Everybody; whatever a client says of itself means nothing, for clients make up keys."""

    def admit(
        self,
        authorization: Sequence[bytes],  # noqa: ARG002 - a Gate's
        x_api_key: Sequence[bytes],  # noqa: ARG002 - a Gate's
    ) -> Caller:
        """Implement :class:`Gate`."""
        return NOBODY


class KeysGate:
    """Whoever has a key that is known here."""

    def __init__(self, find: Callable[[Secret], KeyEntry | None]) -> None:
        """
        Ask for keys.

        Args:
            find: Returns what is known of a key, or ``None``, in constant time.
        """
        self._find = find

    def admit(self, authorization: Sequence[bytes], x_api_key: Sequence[bytes]) -> Caller:
        """Implement :class:`Gate`."""
        key = presented_key(authorization, x_api_key)
        if key is None:
            raise CallerRefused(f"an API key is required here: {_HOW}")
        entry = self._find(key)
        if entry is None:
            raise CallerRefused("the API key is not known here")
        if entry.gateway_key is None:
            return Caller(name=entry.name)
        return Caller(name=entry.name, gateway_key=entry.gateway_key, whose=WhoseKey.KEYS_FILES)


class PassthroughGate:
    """Whoever has a key; whether it is good is for the gateway to say."""

    def __init__(self, *, without_key: bool) -> None:
        """
        Ask for keys.

        Args:
            without_key: Whether who has none is let in, with the daemon's.
        """
        self._without_key = without_key

    def admit(self, authorization: Sequence[bytes], x_api_key: Sequence[bytes]) -> Caller:
        """Implement :class:`Gate`."""
        key = presented_key(authorization, x_api_key)
        if key is not None:
            return Caller(gateway_key=key, whose=WhoseKey.CALLERS)
        if not self._without_key:
            raise CallerRefused(f"the gateway's API key is required here: {_HOW}")
        return NOBODY
