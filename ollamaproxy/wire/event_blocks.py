"""Server-sent events that go on as they are, cut only between one and the next."""

from ollamaproxy.errors import UpstreamGarbled


class EventBlocks:
    """
    Holds back an event that has not ended, and passes the others on untouched.

    So whatever is written after a stream that broke off begins a new event.
    Costs two searches a read, whatever the number of events in it.
    """

    def __init__(self, max_event_bytes: int) -> None:
        """
        Begin a stream.

        Args:
            max_event_bytes: Refuse an event that grows beyond this.
        """
        self._max_event_bytes = max_event_bytes
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """
        Add received bytes and return those up to the end of the last whole event.

        Raises:
            UpstreamGarbled: An event exceeds ``max_event_bytes``.
        """
        if self._rest:
            data = self._rest + data
        end = data.rfind(b"\n\n") + 2
        # Not LiteLLM, which has line feeds only.
        end = max(end, data.rfind(b"\r\n\r\n") + 4 if b"\r" in data else 0)
        if end < 4:  # no event is so short
            end = 0
        self._rest = data[end:]
        if len(self._rest) > self._max_event_bytes:
            raise UpstreamGarbled(
                f"the gateway sent an event of more than {self._max_event_bytes} bytes"
            )
        return data[:end]

    def rest(self) -> bytes:
        """Return what has been held back, as a whole event: the stream has ended in order."""
        rest, self._rest = self._rest.strip(b"\r\n"), b""
        return rest + b"\n\n" if rest else b""
