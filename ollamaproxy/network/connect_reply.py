"""What a proxy answers when it is asked for a tunnel (RFC 9110 section 9.3.6)."""

import re
from typing import Final

#: More than any proxy has to say in a head.
MAX_HEAD_BYTES: Final = 16 * 1024

_BEGINNING: Final = b"HTTP/1."
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: (.*))?")
#: Of a reason, which the proxy words as it likes.
_MAX_REASON: Final = 100


class NoTunnelReply(Exception):
    """What came is no answer of an HTTP proxy; the text says in what way."""


class TunnelRefused(Exception):
    """
    The proxy does not make the tunnel.

    Attributes:
        status: What it says instead.
        reason: In its own words, of printable ASCII; may be empty.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".rstrip())
        self.status = status
        self.reason = reason


class ConnectReply:
    """Takes in the answer, piece by piece."""

    def __init__(self) -> None:
        self._received = b""
        self._left_bytes = MAX_HEAD_BYTES

    def feed(self, data: bytes) -> bytes | None:
        """
        Add what was received.

        Returns:
            ``None`` until there is a tunnel; then the bytes that came out of it
            already, and nothing must be fed any more.

        Raises:
            NoTunnelReply: It is not HTTP, or longer than ``MAX_HEAD_BYTES``.
            TunnelRefused: It is no 2xx.
        """
        self._received += data
        while True:
            if not self._received.startswith(_BEGINNING[: len(self._received)]):
                raise NoTunnelReply("what it answers is not HTTP")
            head, blank, rest = self._received.partition(b"\r\n\r\n")
            if len(head) > self._left_bytes:
                raise NoTunnelReply("its answer does not come to an end")
            if not blank:
                return None
            status, reason = _status(head)
            if status >= 300:
                raise TunnelRefused(status, reason)
            if status >= 200:
                return rest
            # It has only begun (RFC 9110 section 15.2).
            self._received = rest
            self._left_bytes -= len(head)


def _status(head: bytes) -> tuple[int, str]:
    line = _STATUS_LINE.fullmatch(head.partition(b"\r\n")[0])
    if line is None:
        raise NoTunnelReply("what it answers is not HTTP")
    reason = (line[2] or b"").decode("ascii", "replace")
    printable = "".join(letter if " " <= letter <= "~" else "?" for letter in reason)
    return int(line[1]), printable[:_MAX_REASON].strip()
