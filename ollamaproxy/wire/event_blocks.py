"""Server-sent events that go on as they are, cut only between one and the next."""

from typing import Final

from ollamaproxy.errors import UpstreamGarbled

#: What of a blank line may have come with an earlier read: all but its last byte.
_SEAM_BYTES: Final = len(b"\r\n\r\n") - 1


class EventBlocks:
    """
    Holds back an event that has not ended, and passes the others on untouched.

    So whatever is written after a stream that broke off begins a new event.
    Costs two searches a read, whatever the number of events in it, and however
    long an event has become.
    """

    def __init__(self, max_event_bytes: int) -> None:
        """
        Begin a stream.

        Args:
            max_event_bytes: Refuse an event that grows beyond this.
        """
        self._max_event_bytes = max_event_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._seam = b""  # the last bytes of what is held

    def feed(self, data: bytes) -> bytes:
        """
        Add received bytes and return those up to the end of the last whole event.

        Raises:
            UpstreamGarbled: An event exceeds ``max_event_bytes``.
        """
        end = _end_of_last(self._seam + data) - len(self._seam)
        if end <= 0:
            self._hold(data)
            return b""
        events = b"".join((*self._held, data[:end]))
        self._forget()
        self._hold(data[end:])
        return events

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > self._max_event_bytes:
            raise UpstreamGarbled(
                f"the gateway sent an event of more than {self._max_event_bytes} bytes"
            )
        self._seam = (self._seam + data[-_SEAM_BYTES:])[-_SEAM_BYTES:]

    def _forget(self) -> None:
        self._held, self._held_bytes, self._seam = [], 0, b""

    def rest(self) -> bytes:
        """Return what has been held back, as a whole event: the stream has ended in order."""
        rest = b"".join(self._held).strip(b"\r\n")
        self._forget()
        return rest + b"\n\n" if rest else b""


def _end_of_last(data: bytes) -> int:
    """Return where the last blank line ends, or 0 if there is none."""
    line_feeds = data.rfind(b"\n\n")
    # Not LiteLLM, which has line feeds only.
    returns = data.rfind(b"\r\n\r\n") if b"\r" in data else -1
    return max(line_feeds + 2 if line_feeds >= 0 else 0, returns + 4 if returns >= 0 else 0)
