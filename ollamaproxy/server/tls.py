"""TLS towards the clients, with a certificate that can be read anew."""

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.pem_files import read_certificates, read_for, read_private_key
from ollamaproxy.server.handshakes import FailedHandshakes, ServerConnection
from ollamaproxy.settings.listening import Listening


def read_context(certificate: str, key: str | None) -> SSL.Context:
    """
    Return what a connection is secured with: TLS 1.2 at least, with Twisted's choice of ciphers.

    Args:
        certificate: The path of the certificate and those between it and the root.
        key: The path of its key; ``None`` if that is in the same file.

    Raises:
        InvalidSetting: One is not to be had or not good, or they are no pair.
    """
    own, *between = read_for("tls-certificate", read_certificates, certificate)
    key_setting = "tls-certificate" if key is None else "tls-key"
    # Twisted's types are pyOpenSSL's old ones, which are on their way out.
    parts: dict[str, Any] = {
        "privateKey": read_for(key_setting, read_private_key, key or certificate),
        "certificate": own,
        "extraCertChain": between,
    }
    options = CertificateOptions(**parts)
    try:
        context: SSL.Context = options.getContext()
        context.check_privatekey()
    except SSL.Error as error:
        raise InvalidSetting(
            f"the private key in {key or certificate} is not that of the certificate in "
            f"{certificate}",
            key_setting,
        ) from error
    return context


@implementer(IOpenSSLServerConnectionCreator)
class ServerCertificate:
    """The daemon's own certificate: each new connection gets what is there now."""

    def __init__(self, certificate: str, key: str | None) -> None:
        """
        Read it; see :func:`read_context`.

        Raises:
            InvalidSetting: It is not good.
        """
        self._paths = certificate, key
        self._failed = FailedHandshakes()
        self._context = read_context(*self._paths)

    def reread(self) -> SSL.Context:
        """
        Return what the files hold now, for :meth:`use`.

        Raises:
            InvalidSetting: It is not good.
        """
        return read_context(*self._paths)

    def use(self, context: SSL.Context) -> None:
        """Secure new connections with this; those that there are go on as they are."""
        self._context = context

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Implement IOpenSSLServerConnectionCreator."""
        return ServerConnection(self._context, tlsProtocol, self._failed)

    def secured(self, factory: IProtocolFactory) -> IProtocolFactory:
        """Return a factory whose connections are secured with what is there now."""
        wrapped: IProtocolFactory = TLSMemoryBIOFactory(self, False, factory)
        wrapped.noisy = False  # type: ignore[attr-defined]  # do not announce that it starts
        return wrapped


def read_certificate(listening: Listening) -> ServerCertificate | None:
    """
    Return the daemon's own certificate; ``None`` is no TLS.

    Raises:
        InvalidSetting: It is not to be had, or is bad.
    """
    if listening.certificate is None:
        return None
    return ServerCertificate(listening.certificate, listening.key)
