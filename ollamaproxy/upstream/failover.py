"""
Several gateways, in the operator's order: the next is asked when one cannot be.

All above this speaks of the first one only.  A request goes on to the next
gateway as long as nothing of an answer has come: it could not connect (unknown
host, refused, no connection in time, TLS), or the connection closed without an
answer.  An answer is an answer, errors included: they are the model's or the
request's, and the same elsewhere.

One kind of error is not the gateway's own: 502 or 503 that is no JSON is a load
balancer's word that there is no gateway behind it.  It counts as a fault, a
request that only reads goes on, and a POST does not, because a gateway may have
begun with it.

Silence is not a fault: models may take their time.  So 504, which is a load
balancer's deadline, does not count, and neither does ours.
"""

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.client import RequestTransmissionFailed, ResponseFailed, ResponseNeverReceived
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from ollamaproxy.errors import UpstreamError
from ollamaproxy.upstream.body import discard
from ollamaproxy.upstream.failures import to_upstream_error
from ollamaproxy.upstream.retry import SAFE_METHODS

#: What load balancers say if nothing is behind them.
_NOBODY_THERE: Final = frozenset({502, 503})


@define(eq=False)
class GatewayState:
    """
    One of the gateways, and how it has been.

    Attributes:
        base_url: Its address.
        is_up: The last that was heard of it was an answer, or nothing was yet.
        tried_last_until_s: While it is not up: until when, on the monotonic
            clock, the others are asked first.
        faults: How often it failed.
        changed_s: When it last went down or came back, on the monotonic clock;
            ``None`` if it was always up.
    """

    base_url: str
    is_up: bool = True
    tried_last_until_s: float = 0.0
    faults: int = 0
    changed_s: float | None = None
    prefix: bytes = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.prefix = self.base_url.encode("ascii")


@implementer(IAgent)
class FailoverAgent:
    """
    Sends each request to the first gateway that is well, and on to the next.

    A gateway that failed is tried last for some time.  When the time is over,
    one request finds out how it is, while the others still go elsewhere.  A
    request fails only when it has failed at every gateway, with the last
    one's failure.

    Attributes:
        gateways: All of them, in the operator's order.
        failovers: How often a request went on to another one.
    """

    _log = Logger()

    def __init__(
        self,
        agent: IAgent,
        base_urls: Sequence[str],
        *,
        cooldown_s: float,
        monotonic_s: Callable[[], float],
        retries_posts: bool,
    ) -> None:
        """
        Wrap.

        Args:
            agent: Sends requests.
            base_urls: Of the gateways, at least one; none is the beginning of
                what requests ask the first one for by accident.
            cooldown_s: For how long a gateway that failed is tried last.
            monotonic_s: Seconds since some moment.
            retries_posts: A POST whose connection closed without an answer
                goes on to the next gateway; if not, only one that could not
                connect does.
        """
        self._agent = agent
        self._cooldown_s = cooldown_s
        self._monotonic_s = monotonic_s
        self._retries_posts = retries_posts
        self.gateways = tuple(GatewayState(url) for url in base_urls)
        self.failovers = 0
        # Of a single one the catalogue tells, and every request that fails.
        self._tells = len(self.gateways) > 1

    def take_over(self, before: "FailoverAgent") -> None:
        """Know of gateways what another one knows of those with the same address."""
        known = {gateway.base_url: gateway for gateway in before.gateways}
        self.gateways = tuple(known.get(it.base_url, it) for it in self.gateways)
        self.failovers = before.failovers

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """
        Implement :class:`IAgent`; the body's ``startProducing`` may be called several times.

        Args:
            method: As usual.
            uri: Below the first gateway's base URL.
            headers: Without Host.
            bodyProducer: As usual.
        """
        prefix = self.gateways[0].prefix
        if not uri.startswith(prefix):
            raise ValueError("a request for none of the gateways")
        path = uri[len(prefix) :]
        if len(self.gateways) == 1:  # the coroutine costs 10 us
            return self._ask(self.gateways[0], method, path, headers, bodyProducer)
        return Deferred.fromCoroutine(self._ask_in_order(method, path, headers, bodyProducer))

    async def _ask_in_order(
        self,
        method: bytes,
        path: bytes,
        headers: Headers | None,
        body: IBodyProducer | None,
    ) -> IResponse:
        *others, last = self._in_order()
        for gateway in others:
            try:
                response = await self._ask(gateway, method, path, headers, body)
            except Exception:
                if not self._may_go_on(method, Failure()):
                    raise
            else:
                if method not in SAFE_METHODS or not _is_load_balancer_s(response):
                    return response
                discard(response)
            self.failovers += 1
        return await self._ask(last, method, path, headers, body)

    def _in_order(self) -> list[GatewayState]:
        """Return all gateways, the one to ask first in front."""
        now_s = self._monotonic_s()
        first = [it for it in self.gateways if it.is_up or it.tried_last_until_s <= now_s]
        last = [it for it in self.gateways if it not in first]
        if first and not first[0].is_up:
            # This request finds out; the next ones need not wait for what it finds.
            first[0].tried_last_until_s = now_s + self._cooldown_s
        return first + sorted(last, key=lambda it: it.tried_last_until_s)

    def _ask(
        self,
        gateway: GatewayState,
        method: bytes,
        path: bytes,
        headers: Headers | None,
        body: IBodyProducer | None,
    ) -> Deferred[IResponse]:
        """Ask one gateway, and note how it was."""
        asking = self._agent.request(method, gateway.prefix + path, headers, body)
        return asking.addCallbacks(
            self._note_answer, self._note_failure, callbackArgs=(gateway,), errbackArgs=(gateway,)
        )

    def _note_failure(self, failure: Failure, gateway: GatewayState) -> Failure:
        fault = _fault(failure)
        if fault is not None:
            self._note_fault(gateway, fault.message)
        return failure

    def _note_answer(self, response: IResponse, gateway: GatewayState) -> IResponse:
        if _is_load_balancer_s(response):
            self._note_fault(gateway, f"HTTP {response.code} from a load balancer in front of it")
        elif not gateway.is_up:
            gateway.is_up, gateway.changed_s = True, self._monotonic_s()
            if self._tells:
                self._log.info("the gateway {gateway} is back", gateway=gateway.base_url)
        return response

    def _note_fault(self, gateway: GatewayState, reason: str) -> None:
        gateway.faults += 1
        gateway.tried_last_until_s = self._monotonic_s() + self._cooldown_s
        if gateway.is_up:
            gateway.is_up, gateway.changed_s = False, self._monotonic_s()
            if self._tells:
                self._log.warn(
                    "the gateway {gateway} is down: {reason}",
                    gateway=gateway.base_url,
                    reason=reason,
                )

    def _may_go_on(self, method: bytes, failure: Failure) -> bool:
        """Whether a request that failed may be sent to another gateway."""
        if failure.check(ResponseNeverReceived):
            may_repeat = self._retries_posts or method in SAFE_METHODS
            return may_repeat and _fault(failure) is not None
        if failure.check(ResponseFailed, RequestTransmissionFailed):
            return False  # an answer has begun, or may have
        return _fault(failure) is not None


def _fault(failure: Failure) -> UpstreamError | None:
    """Return our error for a failure that is the gateway's; ``None`` if somebody else's."""
    try:
        return to_upstream_error(failure)
    except Exception:  # noqa: BLE001 - cancelled, or a bug of ours; whoever asked gets to see it
        return None


def _is_load_balancer_s(response: IResponse) -> bool:
    """Whether the answer is of something in front of a gateway that is not there."""
    if response.code not in _NOBODY_THERE:
        return False
    content_types = response.headers.getRawHeaders(b"Content-Type", [b""])
    return b"json" not in content_types[0].lower()
