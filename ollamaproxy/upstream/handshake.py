"""The TLS handshake as a part of connecting, and what is wrong with a certificate."""

from typing import Any, cast

from OpenSSL import SSL
from OpenSSL.crypto import X509StoreContext, X509StoreContextError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ollamaproxy.errors import UpstreamUnreachable
from ollamaproxy.upstream.failures import GATEWAY, untrusted


@implementer(IStreamClientEndpoint)
class HandshakeEndpoint:
    """
    Has connected when the TLS handshake is done, and not when it begins.

    So it is within the deadline for connecting, and a bad certificate is found
    before a request is under way.
    """

    def __init__(self, tls_endpoint: IStreamClientEndpoint, peer: str = GATEWAY) -> None:
        """
        Wrap.

        Args:
            tls_endpoint: Connects, and begins with TLS.
            peer: Whom it connects to, for people.
        """
        self._endpoint = tls_endpoint
        self._peer = peer

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Implement :class:`IStreamClientEndpoint`.

        The Deferred fires with the protocol, or fails as the wrapped endpoint
        does, with what was wrong with TLS, or with UpstreamUnreachable if the
        certificate is not good or the other end closed the connection.
        """

        def secured(handshake: IProtocol) -> Deferred[IProtocol]:
            return cast("_Handshake", handshake).secured

        factory = _HandshakeFactory(protocolFactory, self._peer)
        return self._endpoint.connect(factory).addCallback(secured)


class _HandshakeFactory(Factory[Protocol]):
    noisy = False

    def __init__(self, wrapped: IProtocolFactory, peer: str) -> None:
        self._wrapped = wrapped
        self._peer = peer

    def buildProtocol(self, addr: Any) -> "_Handshake | None":
        protocol = self._wrapped.buildProtocol(addr)
        return None if protocol is None else _Handshake(protocol, self._peer)


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """
    Stands in for a protocol until the handshake is done, then hands all on to it.

    Attributes:
        secured: Fires with the protocol.  Cancelling it closes the connection.
    """

    transport: Any  # TLSMemoryBIOProtocol, which is more than an ITransport

    def __init__(self, wrapped: IProtocol, peer: str) -> None:
        self._wrapped = wrapped
        self._peer = peer
        self._is_secured = False
        self.secured: Deferred[IProtocol] = Deferred(self._give_up)

    def handshakeCompleted(self) -> None:
        """Implement IHandshakeListener: the certificate has been found good."""
        self._is_secured = True
        self._wrapped.makeConnection(self.transport)
        self.secured.callback(self._wrapped)

    def dataReceived(self, data: bytes) -> None:
        """Implement Protocol."""
        self._wrapped.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Implement Protocol."""
        if self._is_secured:
            self._wrapped.connectionLost(reason)
        elif self.secured.called:
            pass  # given up
        elif reason.check(ConnectionDone, ConnectionLost):
            error = UpstreamUnreachable(
                f"no secure connection to {self._peer}: it closed the connection"
            )
            self.secured.errback(error)
        elif (wrong := _what_is_wrong(reason, self.transport.getHandle())) is not None:
            self.secured.errback(untrusted(wrong, self._peer))
        else:
            self.secured.errback(reason)

    def _give_up(self, secured: Deferred[IProtocol]) -> None:
        secured.errback(CancelledError())
        self.transport.abortConnection()


def _what_is_wrong(reason: Failure, connection: SSL.Connection) -> X509StoreContextError | None:
    """
    Return what OpenSSL has against a certificate that it has refused.

    Of the handshake it only says that it did, so it is asked once more.
    """
    if not reason.check(SSL.Error) or "certificate verify failed" not in str(reason.value):
        return None
    chain = connection.get_peer_cert_chain()
    store = connection.get_context().get_cert_store()
    if not chain or store is None:
        return None
    try:
        X509StoreContext(store, chain[0], chain[1:]).verify_certificate()
    except X509StoreContextError as error:
        return error
    return None
