"""
The key in a request's headers.

=============================  ====================================================
``Authorization: Bearer KEY``  most clients
``Authorization: Basic …``     ``user:KEY`` or ``KEY:``, from a URL with a user in it
``x-api-key: KEY``             Anthropic's clients
=============================  ====================================================
"""

import base64
from collections.abc import Sequence

from ollamaproxy.errors import CallerRefused, InvalidSetting
from ollamaproxy.settings.secret import Secret


def presented_key(authorization: Sequence[bytes], x_api_key: Sequence[bytes]) -> Secret | None:
    """
    Return the key that a client shows, or ``None`` if it shows none.

    ``Authorization`` counts before ``x-api-key``, as for LiteLLM.  A Bearer
    without a key is none: clients without a key set send that.

    Args:
        authorization: The values of all such headers, as received.
        x_api_key: Those of the other one.

    Raises:
        CallerRefused: What is there cannot be a key, or is not one key.
    """
    return _key_in(_only(authorization)) or _secret(_only(x_api_key))


def _only(values: Sequence[bytes]) -> bytes:
    """Return the one value; of two, something in front of the daemon may have checked the other."""
    different = {value.strip() for value in values}
    if len(different) > 1:
        raise CallerRefused("the request has more than one API key in headers of the same name")
    return next(iter(different), b"")


def _key_in(authorization: bytes) -> Secret | None:
    scheme, _blank, rest = authorization.partition(b" ")
    if scheme.lower() == b"bearer":
        return _secret(rest.strip())
    if scheme.lower() == b"basic":
        return _secret(_password(rest.strip()))
    return None  # nothing that holds a key; there may be one in the other header


def _password(encoded: bytes) -> bytes:
    """Return the password, or the user if there is no password (RFC 7617)."""
    try:
        decoded = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise _malformed() from None
    user, colon, password = decoded.partition(b":")
    if not colon:
        raise _malformed()
    return password or user


def _secret(word: bytes) -> Secret | None:
    if not word:
        return None
    try:
        return Secret(word.decode("ascii"))
    except (UnicodeDecodeError, InvalidSetting):
        # Not "from": what could not be decoded is in the cause's text.
        raise _malformed() from None


def _malformed() -> CallerRefused:
    return CallerRefused(
        "the request's API key is malformed: it must be one word of printable ASCII characters"
    )
