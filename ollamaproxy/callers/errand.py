"""One client's request on its way to the gateway."""

from attrs import define, field

from ollamaproxy.callers.caller import NOBODY, Caller
from ollamaproxy.wire.trace_context import NO_TRACE, TraceContext


@define(eq=False, kw_only=True)
class Errand:
    """
    What goes with all that the gateway is asked for one request, and what came of it.

    Attributes:
        caller: Who asks.
        request_id: The request's; empty if there is no request.
        unique_id: The same, or longer if it may not be the only one of its kind.
        trace: The client's.
        gateway: The base URL of the gateway that answered last; empty if none did.
    """

    caller: Caller = NOBODY
    request_id: str = ""
    unique_id: str = ""
    trace: TraceContext = NO_TRACE
    gateway: str = field(default="", init=False)
    _calls: int = field(default=0, init=False)

    def next_call_id(self) -> str:
        """
        Return an id for the next thing that the gateway is asked.

        Each of them has its own, for one request may make the gateway do
        something several times, and LiteLLM keeps one account for each id.
        """
        self._calls += 1
        return self.unique_id if self._calls == 1 else f"{self.unique_id}.{self._calls}"
