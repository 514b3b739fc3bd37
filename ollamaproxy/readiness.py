"""Whether the daemon wants to be sent requests, for a load balancer that asks."""

from collections.abc import Callable

from ollamaproxy.assembly import Assembly


class Readiness:
    """
    Says no when the daemon is about to stop, and if so wished while no gateway is up.

    The gateways are not asked for it: what requests have found counts.  And only
    if wished, for one gateway that falters must not take all replicas out.
    """

    def __init__(self, assembly: Callable[[], Assembly]) -> None:
        """
        Be ready.

        Args:
            assembly: Returns the parts that answer now.
        """
        self._assembly = assembly
        self._stops = False

    def withdraw(self) -> None:
        """Say no from now on: the daemon is about to stop."""
        self._stops = True

    @property
    def lacks_gateway(self) -> bool:
        """Whether no gateway is up although one is needed."""
        assembly = self._assembly()
        return assembly.settings.ready_needs_gateway and not any(
            gateway.is_up for gateway in assembly.failover.gateways
        )

    def obstacle(self) -> str | None:
        """Return in a few words why not; ``None`` if the daemon is ready."""
        if self._stops:
            return "the daemon is about to stop"
        return "no gateway is up" if self.lacks_gateway else None
