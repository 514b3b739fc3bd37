"""A header that the operator has sent to the gateway with every request."""

import re
from typing import Final

from attrs import frozen

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.hidden import Hidden

#: RFC 9110 section 5.6.2.
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
#: Visible ASCII, with blanks and tabs inside; the RFC's further bytes have no meaning (5.5).
_VALUE: Final = re.compile(r"[!-~]([ \t!-~]*[!-~])?")

#: What one connection is told of itself (RFC 9110 section 7.6.1), and what the
#: daemon has to say about each request by itself.
_OURS: Final = frozenset(
    {
        *("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-connection", "proxy-authorization", "proxy-authenticate"),
        *("host", "content-length", "content-type", "content-encoding", "expect"),
        *("accept", "accept-encoding"),
    }
)


@frozen
class GatewayHeader:
    """
    A header.

    Attributes:
        name: As it is sent.
        value: It may be a key.
    """

    name: str
    value: Hidden


def parse_gateway_header(text: str) -> GatewayHeader:
    """
    Return the header that ``NAME: VALUE`` is.

    Raises:
        InvalidSetting: It is none, or none that an operator can set.  The text
            holds nothing of the value.
    """
    name, colon, value = map(str.strip, text.partition(":"))
    if not colon or not _NAME.fullmatch(name):
        raise InvalidSetting("this is no header, which would look like 'X-Tenant: blue'")
    if name.lower() == "authorization":
        raise InvalidSetting("the header Authorization is made of --api-key; give that")
    if name.lower() in _OURS:
        raise InvalidSetting(f"the header {name} is the daemon's own to set")
    if not _VALUE.fullmatch(value):
        raise InvalidSetting(
            f"the header {name} has no value, or one with a character that is not printable ASCII"
        )
    return GatewayHeader(name, Hidden(value))


def masked_header(text: str) -> str:
    """Return what may be shown of a header: the name."""
    return f"{text.partition(':')[0].strip()}: ***" if ":" in text else "***"
