"""A request that has ended, in the words under which it is counted and shown."""

from attrs import frozen

from ollamaproxy.observing.outcomes import Fate


@frozen(kw_only=True)
class EndedRequest:
    """
    What is counted and shown of a request.

    Attributes:
        ended_ns: When it ended, in nanoseconds since 1970.
        client: The client's address without port.
        caller: The name of the caller's key; empty if it has none.
        route: One of the routes that there are, or ``other``.
        method: One of HTTP's, or ``other``.
        path: As the client wrote it, cut to a readable length.
        model: The same; empty if none was asked for.
        model_name: The listed name of that model, or ``other``.
        status: That was sent, or 499.
        fate: What became of it.
        reason: Why, in one constant word; see :func:`outcomes.judge`.
        first_byte_s: From its arrival to its reply's first byte, in seconds;
            ``None`` if there was none.
        duration_s: From its arrival to its end, in seconds.
        prompt_tokens, completion_tokens: As the gateway told; 0 if it did not.
    """

    ended_ns: int
    client: str
    caller: str
    route: str
    method: str
    path: str
    model: str
    model_name: str
    status: int
    fate: Fate
    reason: str
    first_byte_s: float | None
    duration_s: float
    prompt_tokens: int
    completion_tokens: int

    @property
    def is_model_s(self) -> bool:
        """Whether the reply is a model's, and its first byte a measure of that model."""
        return bool(self.model) and self.status < 400
