"""How long things may take."""

from attrs import frozen

from ollamaproxy.settings.limits import KIB


@frozen(kw_only=True)
class Deadlines:
    """
    How long the gateway may keep silent, and clients may take, in seconds, each phase by itself.

    There is none over a whole reply: a long answer that keeps coming is fine.

    Attributes:
        connect_s: Name lookup, TCP and TLS together, for each gateway that is
            tried.  A gateway is near.
        first_byte_s: All until the reply begins, with connecting, as often as
            that takes, and with sending the request.  LiteLLM holds the
            status line back until the model's first token, and a large prompt
            on a busy model takes minutes; the most patient common clients wait
            300 seconds.
        between_bytes_s: Between two pieces of a reply that has begun.
        header_s: From the first byte of a client's request to the end of its
            header.  It is one packet or two.
        body_grace_s: How often it is looked whether enough of a body comes.
        body_bytes_per_s: What is enough.  The slowest mobile networks are faster.
        idle_s: How long a client's connection may wait for its next request.
        write_stall_s: How long a client may read nothing of its reply.
        reading_bytes_per_s: How fast it must read a reply that was written at once.
        linger_s: How long a client that is refused may go on sending, so that
            it hears why.
        queue_s: How long a request may wait for its turn.
        drain_delay_s: How long the daemon goes on as before when it is told to
            stop, but says that it is not ready: load balancers need to see that.
        drain_s: How long replies may go on when the daemon stops.
    """

    connect_s: float = 5.0
    first_byte_s: float = 300.0
    between_bytes_s: float = 60.0
    header_s: float = 10.0
    body_grace_s: float = 10.0
    body_bytes_per_s: float = 1.0 * KIB
    idle_s: float = 60.0
    write_stall_s: float = 30.0
    reading_bytes_per_s: float = 16.0 * KIB
    linger_s: float = 5.0
    queue_s: float = 30.0
    drain_delay_s: float = 0.0
    drain_s: float = 30.0
