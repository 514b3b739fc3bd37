"""The access record: what there is to say of a request that has ended."""

from attrs import frozen


@frozen(kw_only=True)
class AccessRecord:
    """
    What there is to say of a request that has ended.

    Attributes:
        ended_ns: When it ended, in nanoseconds since 1970.
        client: The client's address without port; ``-`` if it has none.
        method, path, version: The request line as received, the path without
            its query; empty if the line could not be parsed.
        status: The status that was sent; 499 if the client left before any was.
        body_bytes: How many bytes of the reply's body were written.
        duration_s: From the request line's arrival to the end, in seconds.
        outcome: ``done``, ``client_left``, ``parser_refused``, or the outcome
            of the error that ended it.
        caller: The name of the caller's key; empty if it has none.
        model: The model that was asked for, as the client wrote it, so of any
            length; empty if none was.
        prompt_tokens, completion_tokens: As the gateway told; 0 if it did not.
        first_byte_s: From the request line's arrival to the first byte of the
            reply, in seconds; ``None`` if there was none.
        request_id: The client's, or one made here; 1 to 128 of ``[A-Za-z0-9._-]``.
        route: Which of the endpoints answered, such as ``/api/chat`` or
            ``/v1/models/{model}``: one of a known set, or empty if none did.
        user_agent: What the client calls itself, as received; empty if it does not.
        gateway: The base URL of the gateway that answered last; empty if none did.
        trace_id: Of the client's trace, 32 hex digits; empty if there is none.
        unknown_keys: Keys of the request's body that its endpoint does not
            know, as received; those in ``options`` begin with ``options.``.
    """

    ended_ns: int
    client: str
    method: bytes
    path: bytes
    version: bytes
    status: int
    body_bytes: int
    duration_s: float
    outcome: str
    caller: str = ""
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_byte_s: float | None = None
    request_id: str = ""
    route: str = ""
    user_agent: bytes = b""
    gateway: str = ""
    trace_id: str = ""
    unknown_keys: tuple[str, ...] = ()
