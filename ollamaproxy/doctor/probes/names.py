"""What a host's name leads to, as the connections ask for it."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHostResolution, IResolutionReceiver
from zope.interface import implementer


class NoAnswer(Exception):
    """No name server said yes or no in time."""


@implementer(IResolutionReceiver)
class _Addresses:
    def __init__(self) -> None:
        self._found: dict[str, None] = {}
        self.complete: Deferred[list[str]] = Deferred()

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Implement IResolutionReceiver."""

    def addressResolved(self, address: IAddress) -> None:
        """Implement IResolutionReceiver: there is one for each kind of socket."""
        self._found[address.host] = None  # type: ignore[attr-defined]  # IPv4 or IPv6

    def resolutionComplete(self) -> None:
        """Implement IResolutionReceiver."""
        if not self.complete.called:  # it is, if this comes too late
            self.complete.callback(list(self._found))


async def addresses_of(reactor: Any, host: str, wait_s: float) -> list[str]:
    """
    Return the addresses of a host, or itself if it is one; none if it is unknown.

    Args:
        reactor: Provides IReactorTime and IReactorPluggableNameResolver.
        host: Its name.
        wait_s: How long to wait.

    Raises:
        NoAnswer: It took longer.
    """
    receiver = _Addresses()
    reactor.nameResolver.resolveHostName(receiver, host)

    def too_late(_result: object, _seconds: float) -> list[str]:
        raise NoAnswer

    return await receiver.complete.addTimeout(wait_s, reactor, too_late)
