"""What is at the daemon's own address."""

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol

from ollamaproxy.doctor.diagnoses.address import listener_of
from ollamaproxy.doctor.facts import Answer, Found, Listener
from ollamaproxy.doctor.probes.questions import Questions
from ollamaproxy.errors import CannotListen, UpstreamError
from ollamaproxy.server.listeners import Listeners
from ollamaproxy.settings import Listening


class Here:
    """Implements LocalProbes."""

    def __init__(
        self, listening: Listening, reactor: Any, questions_to: Callable[[str], Questions]
    ) -> None:
        """
        Prepare.

        Args:
            listening: Where the daemon is to listen: host and port.
            reactor: Provides IReactorTCP.
            questions_to: Makes what asks the server of a base URL, without a key.
        """
        self._listeners = Listeners(reactor, listening, Factory.forProtocol(Protocol))
        self._questions_to = questions_to

    @property
    def machine(self) -> str:
        """Implement LocalProbes."""
        return socket.gethostname()

    async def look(self, url: str) -> Found:
        """Implement LocalProbes; takes the address for a moment, to see whether that can be."""
        try:
            self._listeners.open()
        except CannotListen as error:
            if _is_in_use(error.__cause__):
                return Found(await self._who(url))
            return Found(Listener.NOTHING, str(error))
        await self._listeners.close()
        return Found(Listener.NOTHING)

    async def _who(self, url: str) -> Listener:
        questions = self._questions_to(url)
        root = await _answer(questions, "/")
        return listener_of(root, await _answer(questions, "/api/tags"))


def _is_in_use(error: BaseException | None) -> bool:
    if not isinstance(error, CannotListenError):
        return False
    return getattr(error.socketError, "errno", None) == errno.EADDRINUSE


async def _answer(questions: Questions, path: str) -> Answer | None:
    try:
        return await questions.ask(path)
    except UpstreamError:
        return None
