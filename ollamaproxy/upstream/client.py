"""
treq, made safe for a proxy that speaks for many clients with one key.

Left to itself treq keeps one cookie jar for everybody, follows redirects with
the key in hand, asks for gzip, which delays streams and allows bombs, and keeps
all of a reply that it hands on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse

from ollamaproxy import __version__
from ollamaproxy.errors import UpstreamGarbled
from ollamaproxy.network.gateway_header import GatewayHeader
from ollamaproxy.settings import Secret
from ollamaproxy.upstream.body import discard
from ollamaproxy.upstream.request_bodies import WholeBody

#: The request headers that go out if :class:`Gateway` sets them; anything else stays.
_ALLOWED_HEADERS: Final = (
    b"Accept",
    b"Content-Type",
    # A caller's own key, instead of the daemon's.
    b"Authorization",
    # What of Anthropic's protocol a client speaks; LiteLLM hands them on to Anthropic.
    b"Anthropic-Version",
    b"Anthropic-Beta",
)


class GatewayClient(HTTPClient):
    """
    A client of treq's that sends a request as it is, with the key.

    The headers are built from a list of allowed names: nothing of a client's
    can get through by accident.
    """

    def __init__(
        self,
        agent: IAgent,
        api_key: Secret | None,
        allowed_headers: Sequence[bytes] = (),
        added_headers: Sequence[GatewayHeader] = (),
    ) -> None:
        """
        Send through an agent.

        Args:
            agent: Sends.
            api_key: For requests that bring no key of their own; ``None`` adds none.
            allowed_headers: Names of further headers that may go out.
            added_headers: Go out with every request that has none of that name.
        """
        super().__init__(agent)
        self._gateway_agent = agent
        self._allowed_headers = {name.lower() for name in (*_ALLOWED_HEADERS, *allowed_headers)}
        self._added = Headers()
        for header in added_headers:
            self._added.addRawHeader(header.name, header.value.text)
        if not self._added.hasHeader(b"User-Agent"):
            self._added.addRawHeader(b"User-Agent", b"ollamaproxy/" + __version__.encode("ascii"))
        self._authorization = None if api_key is None else [api_key.as_bearer()]

    def request(  # type: ignore[override]  # fewer kinds of everything
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[bytes, Sequence[bytes]] | None = None,
        data: bytes | IBodyProducer | None = None,
        **_stacklevel: Any,
    ) -> Deferred[IResponse]:
        """
        Override: leave out the layers in which treq does more than that.

        They could be switched off one by one, which costs 60 us a request.

        Args:
            method: In capitals.
            url: Nothing but ASCII.
            headers: What to say besides the key; what is not allowed is left out.
            data: The body.
            _stacklevel: treq's, for warnings.

        Returns:
            Fires with the head of the answer, whose body is to be read; fails
            with UpstreamGarbled if that is compressed, or as the agent does.
        """
        safe = self._added.copy()
        for name, values in (headers or {}).items():
            if name.lower() in self._allowed_headers:
                safe.setRawHeaders(name, values)
        if self._authorization is not None and not safe.hasHeader(b"Authorization"):
            safe.setRawHeaders(b"Authorization", self._authorization)
        body = WholeBody(data) if isinstance(data, bytes) else data
        requesting = self._gateway_agent.request(method.encode(), url.encode(), safe, body)
        return requesting.addCallback(_uncompressed)


def _uncompressed(response: IResponse) -> IResponse:
    """Refuse what nobody asked for: a bomb is a kilobyte long."""
    encodings = response.headers.getRawHeaders(b"Content-Encoding", [])
    if any(encoding.strip().lower() != b"identity" for encoding in encodings):
        discard(response)
        raise UpstreamGarbled("the gateway compressed its reply although it was not asked to")
    return response
