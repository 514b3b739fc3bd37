"""What the doctor's probes make of odd certificates and of name servers that are silent."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID, ObjectIdentifier
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IResolutionReceiver
from twisted.internet.task import Clock

from ollamaproxy.doctor.probes.certificates import certificate_of
from ollamaproxy.doctor.probes.names import NoAnswer, addresses_of
from tests.case import Case

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def certificate(
    names: dict[ObjectIdentifier, str], alternatives: list[x509.GeneralName] | None
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in names.items()])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON)
        .not_valid_after(NOON + timedelta(days=1))
    )
    if alternatives is not None:
        extension = x509.SubjectAlternativeName(alternatives)
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, SHA256())


class Certificates(Case):
    def test_names(self) -> None:
        """A holder is called by the most telling name there is."""
        both = {NameOID.ORGANIZATION_NAME: "Company", NameOID.COMMON_NAME: "gateway.test"}
        for names, told in (
            (both, "gateway.test"),
            ({NameOID.ORGANIZATION_NAME: "Company"}, "Company"),
            ({NameOID.COUNTRY_NAME: "DE"}, "C=DE"),
            ({}, "nobody"),
        ):
            found = certificate_of(certificate(names, None))
            self.assertEqual((found.subject, found.issuer, found.names), (told, told, ()))

    def test_hosts(self) -> None:
        """The hosts are names and addresses."""
        alternatives = [x509.DNSName("*.test"), x509.IPAddress(ip_address("10.0.0.1"))]
        found = certificate_of(certificate({}, alternatives))
        self.assertEqual(found.names, ("*.test", "10.0.0.1"))

    def test_times(self) -> None:
        """The times are in seconds since 1970."""
        found = certificate_of(certificate({}, None))
        self.assertEqual((found.begins_s, found.ends_s), (1_795_521_600, 1_795_608_000))


class Resolver(Clock):
    """A reactor that looks names up when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.nameResolver = self
        self.receivers: list[IResolutionReceiver] = []

    def resolveHostName(self, receiver: IResolutionReceiver, name: str) -> None:
        receiver.resolutionBegan(self)  # type: ignore[arg-type]  # nobody looks at it
        self.receivers.append(receiver)


class Names(Case):
    def test_each_once(self) -> None:
        """An address is told once, however many kinds of sockets it is for."""
        resolver = Resolver()
        looking = Deferred.fromCoroutine(addresses_of(resolver, "h", 5.0))
        (receiver,) = resolver.receivers
        for kind in ("TCP", "UDP"):
            receiver.addressResolved(IPv4Address(kind, "10.0.0.1", 0))
        receiver.addressResolved(IPv6Address("TCP", "fe80::1", 0))
        self.assertNoResult(looking)
        receiver.resolutionComplete()
        self.assertEqual(self.successResultOf(looking), ["10.0.0.1", "fe80::1"])
        self.assertEqual(resolver.getDelayedCalls(), [])

    def test_silence(self) -> None:
        """Silence is told from a no, and what comes too late is nobody's business."""
        resolver = Resolver()
        looking = Deferred.fromCoroutine(addresses_of(resolver, "h", 5.0))
        resolver.advance(5.0)
        self.failureResultOf(looking, NoAnswer)
        (receiver,) = resolver.receivers
        receiver.resolutionComplete()
