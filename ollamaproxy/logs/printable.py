r"""
Text of clients' making, so that it cannot break or forge a line, nor colour a terminal.

Whatever is not printable ASCII, quotes and backslashes are written as ``\xNN``.
"""

import re
from typing import Final

_NOT_PRINTABLE: Final = re.compile(rb"[^ !#-\[\]-~]")


def printable(text: bytes) -> str:
    """Return bytes as printable ASCII."""
    return _NOT_PRINTABLE.sub(_escaped, text).decode("ascii")


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"\\x%02x" % ord(match[0])


def shortened(text: bytes | str, length: int) -> str:
    """
    Return a text as printable ASCII, with ``...`` in place of what is too long.

    Args:
        text: Any.
        length: How many bytes of it are told at most.
    """
    # No character is less than a byte long, so no more of a text is looked at.
    raw = text if isinstance(text, bytes) else text[: length + 1].encode("utf-8", "replace")
    return printable(raw) if len(raw) <= length else printable(raw[:length]) + "..."
