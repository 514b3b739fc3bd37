"""Certificates for tests, each signed by itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import Certificate
from zope.interface import implementer


@implementer(IOpenSSLContextFactory)
class GatewayCertificate:
    """
    A certificate for a host name, with its key, signed by itself.

    As a context factory it is what a server needs.

    Attributes:
        public: What a client has to trust.
    """

    def __init__(self, host: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, SHA256())
        )
        self.public: Any = Certificate.loadPEM(self._certificate.public_bytes(Encoding.PEM))

    def write(self, certificate: Path, key: Path) -> None:
        """Write both as PEM, into one file if the paths are the same."""
        pem = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        certificate.write_bytes(self._certificate.public_bytes(Encoding.PEM))
        with key.open("ab") as file:
            file.write(pem)
        key.chmod(0o600)

    def getContext(self) -> SSL.Context:
        """Implement IOpenSSLContextFactory: Twisted's own makes warnings with this pyOpenSSL."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(self._certificate)
        context.use_privatekey(self._key)
        return context


def write_certificate(path: Path, host: str, key: Path | None = None) -> Path:
    """Write a new certificate and its key, which is in the same file if no other is given."""
    GatewayCertificate(host).write(path, key or path)
    return path
