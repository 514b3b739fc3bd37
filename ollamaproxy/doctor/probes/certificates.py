"""What is written in a certificate."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from ollamaproxy.doctor.facts import Certificate


def certificate_of(certificate: x509.Certificate) -> Certificate:
    """Return what counts of a certificate, which may be anybody's."""
    return Certificate(
        subject=_short_name(certificate.subject),
        issuer=_short_name(certificate.issuer),
        names=_names(certificate),
        begins_s=int(certificate.not_valid_before_utc.timestamp()),
        ends_s=int(certificate.not_valid_after_utc.timestamp()),
    )


def _short_name(name: x509.Name) -> str:
    """Return the most telling part of a name; whole, if it has no such part."""
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in name.get_attributes_for_oid(oid):
            return str(attribute.value)
    return name.rfc4514_string() or "nobody"


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return ()  # there are none, or none that can be read
    names = extension.value
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return (*names.get_values_for_type(x509.DNSName), *addresses)
