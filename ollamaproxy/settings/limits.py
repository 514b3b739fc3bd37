"""How much may accumulate."""

from typing import Final

from attrs import frozen

KIB: Final = 1024
MIB: Final = 1024 * KIB


@frozen(kw_only=True)
class Limits:
    """
    How much may accumulate in memory, so that no peer can exhaust it.

    Attributes:
        max_request_bytes: The body of a client's request.  Pictures come in
            base64 and several at a time.
        max_event_bytes: One server-sent event of the gateway.  Long tool
            arguments arrive in one piece from some models; megabytes are not
            text any more.
        max_reply_bytes: A whole reply, gathered for a client that does not
            stream, and the body of an error or a model list.
        max_connections: Of clients at a time.  Each costs some 20 KiB.
        max_in_flight: Requests that are being answered by the gateway at a
            time.  More would only wait there.
        max_waiting: Requests that wait for their turn.  Ollama's own number.
        max_idle_connections: Connections to the gateway kept for the next
            request.  Twisted's default of 2 makes a burst pay for new ones.
    """

    max_request_bytes: int = 32 * MIB
    max_event_bytes: int = 8 * MIB
    max_reply_bytes: int = 64 * MIB
    max_idle_connections: int = 128
    max_connections: int = 2048
    max_in_flight: int = 512
    max_waiting: int = 512
