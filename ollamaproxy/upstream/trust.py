"""Whose certificates are good on the way to the gateway, and which one is the daemon's own."""

from typing import Any

from attrs import evolve, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from OpenSSL import crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.web.client import HostnameCachingHTTPSPolicy
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.pem_files import read_certificates, read_for, read_private_key
from ollamaproxy.settings import Network


@frozen(repr=False)
class ClientCertificate:
    """
    What the daemon shows to a gateway that wants to know who calls.

    Attributes:
        certificate: The daemon's own.
        chain: Those between it and its root.
        key: Its private key.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes


@frozen(kw_only=True)
class GatewayTrust:
    """
    What TLS on the way to the gateway goes by.

    Attributes:
        roots: What :func:`trustRootFromCertificates` returns; ``None`` is what
            the platform trusts, or ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` say.
        client: Shown to a gateway that asks.
    """

    roots: Any = None
    client: ClientCertificate | None = None

    def without_client_certificate(self) -> "GatewayTrust":
        """Return the same for whoever stands between: it is not the gateway."""
        return evolve(self, client=None)

    def policy(self) -> IPolicyForHTTPS:
        """Return what Twisted calls that."""
        # A creator costs 0.2 ms and its first connection reads all of the
        # platform's authorities, and Agent makes one for every request.
        return HostnameCachingHTTPSPolicy(_Policy(self))


@implementer(IPolicyForHTTPS)
class _Policy:
    def __init__(self, trust: GatewayTrust) -> None:
        self._trust = trust

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:  # noqa: ARG002
        """Implement IPolicyForHTTPS."""
        own = {}
        if (client := self._trust.client) is not None:
            own = {
                "certificate": client.certificate,
                "extraCertChain": list(client.chain),
                "privateKey": client.key,
            }
        return optionsForClientTLS(
            hostname.decode("ascii"), trustRoot=self._trust.roots, extraCertificateOptions=own
        )


def read_trust(network: Network) -> GatewayTrust:
    """
    Return what the operator's files say.

    Raises:
        InvalidSetting: One is not to be had, or does not hold what it should;
            the text names it.
    """
    return GatewayTrust(
        roots=None if network.ca_file is None else _read_roots(network.ca_file),
        client=None
        if network.client_certificate is None
        else _read_client(network.client_certificate, network.client_key),
    )


def _read_roots(path: str) -> Any:
    return trustRootFromCertificates(
        [
            Certificate(crypto.X509.from_cryptography(it))
            for it in read_for("ca-file", read_certificates, path)
        ]
    )


def _read_client(path: str, key_path: str | None) -> ClientCertificate:
    certificates = read_for("client-certificate", read_certificates, path)
    certificate, *chain = certificates
    setting = "client-certificate" if key_path is None else "client-key"
    key_path = key_path or path
    key = read_for(setting, read_private_key, key_path)
    if certificate.public_key() != key.public_key():
        raise InvalidSetting(
            f"the private key in {key_path} is not that of the certificate in {path}", setting
        )
    return ClientCertificate(certificate, tuple(chain), key)
