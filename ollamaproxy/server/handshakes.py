"""
Clients with which no secure connection came about, each told once with the reason.

Without it they leave no trace: there is no request, and so no access line.
"""

from typing import Final

from OpenSSL import SSL
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol

#: More are not remembered, nor told: whoever likes can come from many addresses.
MAX_TOLD: Final = 300

#: What OpenSSL calls it, and what that means to an operator; the first that fits counts.
_REASONS: Final = (
    ("http request", "it speaks http:// and not https://"),
    ("https proxy request", "it takes this daemon for a proxy, and speaks no TLS"),
    ("wrong version number", "it does not speak TLS"),
    ("unsupported protocol", "it knows no TLS as new as 1.2"),
    ("no shared cipher", "it has no cipher in common with this daemon"),
    ("unknown ca", "it does not know the authority that has signed the daemon's certificate"),
    ("certificate expired", "to it the daemon's certificate has expired"),
    ("certificate", "it does not trust the daemon's certificate"),
)


def reason_of(error: SSL.Error) -> str:
    """Return why a client's handshake failed, in plain words as far as there are any."""
    # A list of (library, function, reason), the first cause in front.
    causes = error.args[0] if error.args and isinstance(error.args[0], list) else []
    told = str(causes[0][-1]) if causes else "no reason given"
    return next((plain for word, plain in _REASONS if word in told), f"OpenSSL says {told!r}")


class FailedHandshakes:
    """Tells of clients' handshakes that failed, of each address once for each reason."""

    _log = Logger()

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def take(self, client: str, error: SSL.Error) -> None:
        """
        Tell of one, if it is new.

        Args:
            client: Its address; empty if it has none.
            error: OpenSSL's.
        """
        reason = reason_of(error)
        if (client, reason) in self._told or len(self._told) >= MAX_TOLD:
            return
        self._told.add((client, reason))
        self._log.info(
            "no secure connection with {client}: {reason}",
            client=client or "a client without an address",
            reason=reason,
        )
        if len(self._told) == MAX_TOLD:
            self._log.info("no more failed handshakes are told: there were too many")


class ServerConnection(SSL.Connection):
    """
    A client's connection, as OpenSSL sees it.

    Twisted calls :meth:`do_handshake` until that is done, and closes without a
    word if it fails; nothing here is in the way of what comes after it.
    """

    def __init__(
        self, context: SSL.Context, protocol: TLSMemoryBIOProtocol, failed: FailedHandshakes
    ) -> None:
        """
        Prepare.

        Args:
            context: See :class:`SSL.Connection`.
            protocol: What moves the bytes; knows the client's address.
            failed: Is told if the handshake fails.
        """
        super().__init__(context, None)
        self._protocol = protocol
        self._failed = failed

    def do_handshake(self) -> None:
        """Override: tell if it fails."""
        try:
            super().do_handshake()
        except SSL.WantReadError:  # it goes on
            raise
        except SSL.Error as error:
            peer = self._protocol.getPeer()
            self._failed.take(getattr(peer, "host", ""), error)
            raise
