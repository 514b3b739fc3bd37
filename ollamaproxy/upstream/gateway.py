"""The gateway, as the rest of the daemon sees it: what it can be asked."""

from collections.abc import Mapping
from typing import Final, cast

from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import ProxyError, UpstreamGarbled, UpstreamRefused, UpstreamTimeout
from ollamaproxy.settings import KIB, Settings
from ollamaproxy.translate.refusals import is_about_parameters, refusal
from ollamaproxy.upstream.body import discard, read_whole
from ollamaproxy.upstream.client import GatewayURL
from ollamaproxy.upstream.failures import to_upstream_error, was_cancelled
from ollamaproxy.wire.model_info import ModelFacts, decode_model_info
from ollamaproxy.wire.openai import CompletionRequest, ModelEntry, decode_models

#: As much of an error's body as could hold a message.  An HTML page may be longer.
_MAX_ERROR_BYTES: Final = 64 * KIB

_JSON: Final = b"application/json"
_EVENT_STREAM: Final = b"text/event-stream"


class Gateway:
    """
    Asks the gateway.

    Every failure comes out as one of our errors, none with the key in it.
    Cancelling what a method returns closes its connection.
    """

    def __init__(self, client: HTTPClient, settings: Settings, clocks: Clocks) -> None:
        self._client = client
        self._clocks = clocks
        self._deadlines = settings.deadlines
        self._max_reply_bytes = settings.limits.max_reply_bytes
        self._api_key = settings.api_key
        self._is_litellm = False  # until it has shown that it is
        self._chat_url = GatewayURL.of(f"{settings.base_url}/v1/chat/completions")
        self._text_url = GatewayURL.of(f"{settings.base_url}/v1/completions")
        self._facts_url = GatewayURL.of(f"{settings.base_url}/v1/model/info")
        self._models_url = GatewayURL.of(f"{settings.base_url}/v1/models")

    async def open_completion(self, request: CompletionRequest) -> IResponse:
        """
        Send a completion and return the head of its event stream.

        A parameter that the model lacks does not fail it: LiteLLM is told to
        leave such ones out, as soon as it is known to be LiteLLM.

        Raises:
            UpstreamError: There is no event stream to read.
            ModelNotFound: The gateway does not have the model.
        """
        drop_params = self._is_litellm
        try:
            return await self._open(request, drop_params=drop_params)
        except UpstreamRefused as refused:
            if drop_params or not is_about_parameters(refused):
                raise
            self._is_litellm = True  # nobody else words it like this
            return await self._open(request, drop_params=True)

    async def _open(self, request: CompletionRequest, *, drop_params: bool) -> IResponse:
        url = self._chat_url if request.is_chat else self._text_url
        headers = Headers({b"Content-Type": [_JSON], b"Accept": [_EVENT_STREAM]})
        body = request.to_json(drop_params=drop_params)
        response = await self._send("POST", url, headers, body)
        if response.headers.hasHeader(b"x-litellm-version"):
            self._is_litellm = True
        await self._check(response, _EVENT_STREAM, request.model)
        return response

    async def list_models(self) -> tuple[ModelEntry, ...]:
        """
        Return the models that the key may use, in the gateway's order.

        Raises:
            UpstreamError: They could not be had.
        """
        response = await self._send("GET", self._models_url, Headers({b"Accept": [_JSON]}))
        await self._check(response, _JSON)
        return decode_models(await self._read(response, self._max_reply_bytes))

    async def model_facts(self) -> Mapping[str, ModelFacts]:
        """
        Return what LiteLLM knows of its models, by name.

        Raises:
            UpstreamError: It was not told; other gateways do not tell.
        """
        response = await self._send("GET", self._facts_url, Headers({b"Accept": [_JSON]}))
        await self._check(response, _JSON)
        return decode_model_info(await self._read(response, self._max_reply_bytes))

    async def _send(
        self, method: str, url: GatewayURL, headers: Headers, body: bytes | None = None
    ) -> IResponse:
        # A response that treq does not buffer: the body is ours to read.
        sending = cast(
            "Deferred[IResponse]",
            self._client.request(
                method, url, headers=headers, data=body, unbuffered=True, allow_redirects=False
            ),
        )
        sending.addTimeout(self._deadlines.first_byte_s, self._clocks.scheduler, self._too_late)
        sending.addErrback(to_upstream_error_raised)
        return await sending

    @staticmethod
    def _too_late(result: IResponse | Failure, timeout_s: float) -> IResponse | Failure:
        """Tell a deadline from a client that leaves: both cancel."""
        if isinstance(result, Failure) and was_cancelled(result):
            raise UpstreamTimeout(f"the gateway did not answer within {timeout_s:g} seconds")
        return result

    async def _check(self, response: IResponse, expected_type: bytes, model: str = "") -> None:
        """Raise if the reply is not what was asked for; its body is used up then."""
        if response.code != 200:
            body = await self._read_error(response)
            error = self.masked(refusal(response.code, self._without_key(body), model))
            if isinstance(error, UpstreamRefused):
                error.retry_after = _retry_after(response)
            raise error
        types = response.headers.getRawHeaders(b"Content-Type", [b"no Content-Type"])
        media_type = types[0].partition(b";")[0].strip().lower()
        if media_type != expected_type:
            discard(response)
            raise UpstreamGarbled(
                f"the gateway answered with {media_type.decode('latin-1')} "
                f"instead of {expected_type.decode('ascii')}; "
                "is --base-url the address of the gateway's API?"
            )

    def masked(self, error: ProxyError) -> ProxyError:
        """Return the error without the key, should the gateway have repeated it in its text."""
        if self._api_key is not None:
            error.message = self._api_key.masked_in(error.message)
        return error

    def _without_key(self, body: bytes) -> bytes:
        """Take the key out before anything is cut off, for half of it would pass."""
        if self._api_key is None:
            return body
        return body.replace(self._api_key.text.encode("ascii"), b"***")

    async def _read_error(self, response: IResponse) -> bytes:
        """Return the body of an error; a broken one is as good as none, the status counts."""
        try:
            return await self._read(response, _MAX_ERROR_BYTES)
        except ProxyError:
            return b""

    async def _read(self, response: IResponse, max_bytes: int) -> bytes:
        return await read_whole(response, self._clocks, self._deadlines, max_bytes)


def _retry_after(response: IResponse) -> str | None:
    """Return when the gateway, or the provider behind it, wants to be asked again."""
    for name in (b"Retry-After", b"llm_provider-retry-after"):
        for value in response.headers.getRawHeaders(name, []):
            if value.isdigit() and len(value) < 10:
                return str(value.decode("ascii"))
    return None


def to_upstream_error_raised(failure: Failure) -> None:
    """Be an errback that turns what Twisted raised into one of our errors."""
    raise to_upstream_error(failure)
