"""All that can be found out about one gateway."""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.facts import Answer, Connection, FirstToken
from ollamaproxy.doctor.probes.connections import Connections
from ollamaproxy.doctor.probes.names import addresses_of
from ollamaproxy.doctor.probes.questions import Questions
from ollamaproxy.doctor.probes.token import first_token
from ollamaproxy.errors import UpstreamTimeout
from ollamaproxy.models.listing import Model
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.discovery import Discovery
from ollamaproxy.upstream.failures import was_cancelled
from ollamaproxy.upstream.gateway import Gateway
from ollamaproxy.wire.model_lists import FactsByName


class GatewayProbes:
    """Implements the protocol of that name, see :mod:`ollamaproxy.doctor.interfaces`."""

    def __init__(
        self,
        base_url: str,
        settings: Settings,
        reactor: Any,
        clocks: Clocks,
        *,
        connections: Connections,
        questions: Questions,
        gateway: Gateway,
    ) -> None:
        """
        Prepare.

        Args:
            base_url: Its address.
            settings: The daemon's, for this gateway alone.
            reactor: Looks names up.
            clocks: For the deadlines.
            connections: Tries them.
            questions: Asks, and takes any answer.
            gateway: Asks as the daemon does.
        """
        self.base_url = base_url
        self.is_secure = base_url.startswith("https:")
        self._settings = settings
        self._reactor = reactor
        self._clocks = clocks
        self._connections = connections
        self._questions = questions
        self._gateway = gateway

    @property
    def host(self) -> str:
        """Implement GatewayProbes."""
        return self._connections.host

    @property
    def proxy(self) -> str:
        """Implement GatewayProbes."""
        return self._connections.proxy

    async def addresses(self) -> Sequence[str]:
        """Implement GatewayProbes."""
        return await addresses_of(self._reactor, self.host, self._settings.deadlines.connect_s)

    async def plain_connection(self) -> Connection:
        """Implement GatewayProbes."""
        return await self._connections.plain()

    async def secure_connection(self) -> Connection:
        """Implement GatewayProbes."""
        return await self._connections.secure()

    async def speaks_tls(self) -> bool:
        """Implement GatewayProbes."""
        return await self._connections.speaks_tls()

    async def ask(self, path: str) -> Answer:
        """Implement GatewayProbes."""
        return await self._questions.ask(path)

    async def models(self) -> FactsByName:
        """Implement GatewayProbes."""
        wait_s = self._settings.freshness.deadline_s
        discovering = Deferred.fromCoroutine(Discovery(self._gateway).models())
        return await discovering.addTimeout(wait_s, self._clocks.scheduler, _too_late)

    async def first_token(self, model: Model) -> FirstToken:
        """Implement GatewayProbes."""
        return await first_token(self._gateway, model, self._settings, self._clocks)


def _too_late(result: Any, wait_s: float) -> Any:
    if isinstance(result, Failure) and was_cancelled(result):
        raise UpstreamTimeout(f"the gateway has not told its models within {wait_s:g} seconds")
    return result
