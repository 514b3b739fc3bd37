"""What is at the daemon's own address."""

import errno
import socket
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory, Protocol

from ollamaproxy.doctor.diagnoses.address import listener_of
from ollamaproxy.doctor.facts import Answer, Found, Listener
from ollamaproxy.doctor.probes.questions import Questions
from ollamaproxy.errors import UpstreamError
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
        self._host = listening.host
        self._port = listening.port
        self._reactor = reactor
        self._questions_to = questions_to

    @property
    def machine(self) -> str:
        """Implement LocalProbes."""
        return socket.gethostname()

    async def look(self, url: str) -> Found:
        """Implement LocalProbes; takes the address for a moment, to see whether that can be."""
        try:
            port = self._reactor.listenTCP(
                self._port, Factory.forProtocol(Protocol), interface=self._host
            )
        except CannotListenError as error:
            if getattr(error.socketError, "errno", None) == errno.EADDRINUSE:
                return Found(await self._who(url))
            words = getattr(error.socketError, "strerror", None) or str(error.socketError)
            return Found(Listener.NOTHING, words)
        except (TypeError, UnicodeError):  # Python's, of a name that is none
            return Found(Listener.NOTHING, f"{self._host!r} is no address and no host name")
        await maybeDeferred(port.stopListening)
        return Found(Listener.NOTHING)

    async def _who(self, url: str) -> Listener:
        questions = self._questions_to(url)
        root = await _answer(questions, "/")
        return listener_of(root, await _answer(questions, "/api/tags"))


async def _answer(questions: Questions, path: str) -> Answer | None:
    try:
        return await questions.ask(path)
    except UpstreamError:
        return None
