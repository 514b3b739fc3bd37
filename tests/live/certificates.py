"""Certificates for tests, for either end of a connection."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.ssl import Certificate
from zope.interface import implementer


@implementer(IOpenSSLContextFactory)
class GatewayCertificate:
    """
    A certificate for some names, with its key, signed by itself or by another one.

    As a context factory it is what a server needs.

    Attributes:
        public: What a client has to trust.
        certificate_pem, key_pem: What is in the files of those who have it.
    """

    def __init__(
        self,
        *names: str,
        issuer: "GatewayCertificate | None" = None,
        valid_days: tuple[int, int] = (-1, 1),
        is_authority: bool = False,
        wanted_from_clients: "GatewayCertificate | None" = None,
    ) -> None:
        """
        Make it.

        Args:
            names: Host names, or IPv4 addresses.
            issuer: Signs it.
            valid_days: From when until when, counted from now.
            is_authority: It may sign others; so may one that is signed by itself.
            wanted_from_clients: A server with this certificate lets in only
                who has one that this one has signed.
        """
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        self._wanted = wanted_from_clients
        now = datetime.now(UTC)
        alternatives: list[x509.GeneralName] = [
            x509.IPAddress(ip_address(name))
            if name.replace(".", "").isdigit()
            else x509.DNSName(name)
            for name in names
        ]
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name((issuer or self)._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=valid_days[0]))
            .not_valid_after(now + timedelta(days=valid_days[1]))
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(
                x509.BasicConstraints(ca=is_authority or issuer is None, path_length=None),
                critical=True,
            )
            .sign((issuer or self)._key, SHA256())
        )
        self.certificate_pem = self._certificate.public_bytes(Encoding.PEM)
        self.key_pem = self._key_pem(NoEncryption())
        self.public: Any = Certificate.loadPEM(self.certificate_pem)

    def encrypted_key_pem(self, encoding: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
        """Return the key as one that asks for a password."""
        return self._key_pem(BestAvailableEncryption(b"secret"), encoding)

    def _key_pem(
        self,
        encryption: KeySerializationEncryption,
        encoding: PrivateFormat = PrivateFormat.PKCS8,
    ) -> bytes:
        return self._key.private_bytes(Encoding.PEM, encoding, encryption)

    def write(self, certificate: Path, key: Path) -> None:
        """Write both as PEM, into one file if the paths are the same."""
        certificate.write_bytes(self.certificate_pem)
        with key.open("ab") as file:
            file.write(self.key_pem)
        key.chmod(0o600)

    def for_threads(self) -> ssl.SSLContext:
        """Return the same as :meth:`getContext`, for the standard library's sockets."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with NamedTemporaryFile() as file:  # it takes nothing else
            file.write(self.certificate_pem + self.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def getContext(self) -> SSL.Context:
        """Implement IOpenSSLContextFactory: Twisted's own makes warnings with this pyOpenSSL."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate(self._certificate)
        context.use_privatekey(self._key)
        if self._wanted is not None:
            store = context.get_cert_store()
            assert store is not None
            store.add_cert(self._wanted.public.original)
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
        return context

    def server_context(self, folder: Path) -> ssl.SSLContext:
        """
        Return what a server on plain sockets needs.

        What a client has to trust is in the folder's ``gateway.pem`` from now on.
        """
        certificate, key = folder / "gateway.pem", folder / "gateway-key.pem"
        self.write(certificate, key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


def write_certificate(path: Path, host: str, key: Path | None = None) -> Path:
    """Write a new certificate and its key, which is in the same file if no other is given."""
    GatewayCertificate(host).write(path, key or path)
    return path
