"""The way to a gateway: its name, its port, its certificate."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ollamaproxy.doctor.facts import Certificate, Connection, Trouble
from ollamaproxy.doctor.findings import Finding

NAME: Final = "name"
CONNECTION: Final = "connection"
CERTIFICATE: Final = "certificate"

#: A certificate that ends earlier is worth a word.  Let's Encrypt's last 90
#: days and are renewed after 60.
SOON_S: Final = 14 * 24 * 60 * 60

_IN_THE_WAY: Final = (
    "A firewall may be in the way, or a VPN be switched off; or the port in --base-url is wrong."
)


def name_finding(host: str, addresses: Sequence[str], lookup_s: float | None) -> Finding:
    """
    Say whether a name leads to an address.

    Args:
        host: The gateway's.
        addresses: What it leads to; itself, should it be an address.
        lookup_s: How long was waited in vain; ``None`` if there was an answer.
    """
    if addresses == [host]:
        return Finding.ok(NAME, f"{host} is an address, there is nothing to look up")
    if addresses:
        return Finding.ok(NAME, f"{host} is {', '.join(addresses)}")
    if lookup_s is not None:
        return Finding.failed(
            NAME,
            f"no name server told within {lookup_s:g} seconds what {host} is",
            "Check this machine's network and its name servers (/etc/resolv.conf).",
        )
    return Finding.failed(
        NAME,
        f"the host name {host} is unknown",
        "Check the spelling in --base-url; a name of your company's may need its network or VPN.",
    )


def connection_finding(connection: Connection) -> Finding:
    """Say whether a port can be connected to."""
    where = f"port {connection.port} of {connection.host}"
    if connection.trouble is None:
        return Finding.ok(CONNECTION, f"{where} answers after {_time(connection.took_s)}")
    if connection.trouble is Trouble.REFUSED:
        return Finding.failed(
            CONNECTION,
            f"nothing listens on {where}: connection refused",
            "Start the gateway, or correct the port in --base-url.",
        )
    if connection.trouble is Trouble.SILENT:
        return Finding.failed(CONNECTION, f"{where} does not answer", _IN_THE_WAY)
    if connection.trouble is Trouble.IN_WORDS:
        return Finding.failed(CONNECTION, f"{where}: {connection.words}", _IN_THE_WAY)
    words = f": {connection.words}" if connection.words else ""
    return Finding.failed(
        CONNECTION,
        f"{where} cannot be reached{words}",
        "Check this machine's network, its VPN, and the address in --base-url.",
    )


def certificate_finding(handshake: Connection, now_s: float) -> Finding:
    """
    Say whether the connection is secure.

    Args:
        handshake: With what the server showed, however it was found.
        now_s: Seconds since 1970.
    """
    shown = handshake.certificate
    if handshake.trouble is None and shown is not None:
        return _good(shown, now_s)
    if shown is None:
        words = f": {handshake.words}" if handshake.words else ""
        return Finding.failed(
            CERTIFICATE,
            f"port {handshake.port} of {handshake.host} makes no secure connection{words}",
            "If the gateway has no https there, write http:// in --base-url; else correct the"
            " port.",
        )
    if handshake.trouble is Trouble.OTHER_HOST:
        names = ", ".join(shown.names) or "no host at all"
        return Finding.failed(
            CERTIFICATE,
            f"the certificate is for {names}, and not for {handshake.host}",
            "Write in --base-url a name that the certificate has.",
        )
    return _bad(shown, now_s)


def _good(shown: Certificate, now_s: float) -> Finding:
    ends = _day(shown.ends_s)
    if shown.ends_s - now_s > SOON_S:
        return Finding.ok(CERTIFICATE, f"trusted, issued by {shown.issuer}, good until {ends}")
    return Finding.warning(
        CERTIFICATE,
        f"trusted, issued by {shown.issuer}, but it ends on {ends}",
        "Ask whoever runs the gateway to renew it before then.",
    )


def _bad(shown: Certificate, now_s: float) -> Finding:
    if shown.ends_s <= now_s:
        return Finding.failed(
            CERTIFICATE,
            f"the certificate ended on {_day(shown.ends_s)}",
            "Whoever runs the gateway has to renew it, unless this machine's clock is wrong.",
        )
    if shown.begins_s > now_s:
        return Finding.failed(
            CERTIFICATE,
            f"the certificate is good only from {_day(shown.begins_s)} on",
            "Set this machine's clock.",
        )
    if shown.issuer == shown.subject:
        return Finding.failed(
            CERTIFICATE,
            f"the certificate is not trusted: {shown.subject} vouches for itself",
            f"If you trust it, {_HOW_TO_TRUST}",
        )
    return Finding.failed(
        CERTIFICATE,
        f"the certificate is not trusted: this machine does not know its issuer, {shown.issuer}",
        f"Get that issuer's certificate from your IT department, and {_HOW_TO_TRUST}",
    )


_HOW_TO_TRUST: Final = (
    "add it to this machine's certificates, or name its PEM file in the environment variable"
    " SSL_CERT_FILE."
)


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} seconds"


def _day(moment_s: int) -> str:
    return datetime.fromtimestamp(moment_s, UTC).date().isoformat()
