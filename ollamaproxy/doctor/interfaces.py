"""What the examination asks: the probes, or in tests what stands in for them."""

from collections.abc import Sequence
from typing import Protocol

from ollamaproxy.doctor.facts import Answer, Connection, FirstToken, Found
from ollamaproxy.models.listing import Model
from ollamaproxy.wire.model_lists import FactsByName


class GatewayProbes(Protocol):
    """All that can be found out about one gateway."""

    @property
    def base_url(self) -> str:
        """Its address."""

    @property
    def is_secure(self) -> bool:
        """Whether it is asked with TLS."""

    @property
    def host(self) -> str:
        """Its name, or its address if it was given as one."""

    @property
    def proxy(self) -> str:
        """The name of the proxy through which it is reached; empty if through none."""

    async def addresses(self) -> Sequence[str]:
        """
        Return what the host's name leads to; none if it is unknown.

        Raises:
            NoAnswer: No name server said anything in time.
        """

    async def plain_connection(self) -> Connection:
        """Return what becomes of a connection without TLS, which every port makes."""

    async def secure_connection(self) -> Connection:
        """Return what becomes of one with TLS."""

    async def speaks_tls(self) -> bool:
        """Whether the port makes connections with TLS, be its certificate good or not."""

    async def ask(self, path: str) -> Answer:
        """
        Return the answer to ``GET`` of a path, whatever its status.

        Raises:
            UpstreamError: There is none.
        """

    async def models(self) -> FactsByName:
        """
        Return what the gateway tells of its models.

        Raises:
            UpstreamError: It does not.
        """

    async def first_token(self, model: Model) -> FirstToken:
        """
        Return how a model begins its answer.

        Raises:
            ProxyError: It does not answer.
        """


class LocalProbes(Protocol):
    """What can be found out about this machine."""

    @property
    def machine(self) -> str:
        """What it calls itself."""

    async def look(self, url: str) -> Found:
        """
        Return what is at the daemon's address.

        Args:
            url: Where a client finds what is there.
        """
