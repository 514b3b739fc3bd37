"""The gateway, as the rest of the daemon sees it: what it can be asked."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import frozen
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer, IResponse

from ollamaproxy.callers.caller import Caller
from ollamaproxy.callers.errand import Errand
from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import ProxyError, UpstreamGarbled, UpstreamRefused, UpstreamTimeout
from ollamaproxy.hidden import Hidden, longest_first
from ollamaproxy.settings import KIB, Settings
from ollamaproxy.translate.refusals import WhoseKey, is_about_parameters, refusal
from ollamaproxy.upstream.body import discard, read_whole
from ollamaproxy.upstream.client import GatewayClient
from ollamaproxy.upstream.failures import to_upstream_error, was_cancelled
from ollamaproxy.upstream.identity import Identity
from ollamaproxy.wire.embeddings import EmbeddingReply, EmbeddingRequest, decode_embeddings
from ollamaproxy.wire.openai import CompletionRequest

#: As much of an error's body as could hold a message.  An HTML page may be longer.
_MAX_ERROR_BYTES: Final = 64 * KIB

JSON: Final = b"application/json"
EVENT_STREAM: Final = b"text/event-stream"
TEXT: Final = b"text/plain"


@frozen
class Body:
    """
    What is posted.

    Attributes:
        content: The bytes.
        headers: What must be said of them, and whatever else of the request's
            goes out; only names that are allowed to.
    """

    content: bytes | IBodyProducer
    headers: Mapping[bytes, Sequence[bytes]]


#: Makes a request's body; gets whether LiteLLM shall leave out what the model does not know.
Question = Callable[[bool], Body]


def json_question(
    to_json: Callable[..., bytes], headers: Mapping[bytes, Sequence[bytes]] | None = None
) -> Question:
    """
    Return the question that a JSON body is.

    Args:
        to_json: Makes the body; gets ``drop_params`` by name.
        headers: What else goes out.
    """

    def make(drop_params: bool) -> Body:
        return Body(to_json(drop_params=drop_params), {b"Content-Type": [JSON], **(headers or {})})

    return make


class Gateway:
    """
    Asks the gateway.

    Each time for a caller, with the key that goes with it.  Every failure comes
    out as one of our errors, none with a key in it.  Cancelling what a method
    returns closes its connection.

    Attributes:
        is_litellm: It has shown that it is LiteLLM.
    """

    def __init__(
        self, client: GatewayClient, settings: Settings, clocks: Clocks, identity: Identity
    ) -> None:
        """
        Prepare.

        Args:
            client: Sends; adds the daemon's key to what has none.
            settings: All of them.
            clocks: For the deadlines.
            identity: What the gateway is told of callers.
        """
        self._client = client
        self._identity = identity
        self._clocks = clocks
        self._deadlines = settings.deadlines
        self._max_reply_bytes = settings.limits.max_reply_bytes
        self._hidden = settings.hidden
        self._has_key = settings.api_key is not None
        self._base_url = settings.base_url
        self._base_urls = settings.base_urls
        self.is_litellm = False  # until it has shown that it is
        self._chat_url = f"{settings.base_url}/v1/chat/completions"
        self._text_url = f"{settings.base_url}/v1/completions"
        self._embeddings_url = f"{settings.base_url}/v1/embeddings"

    async def open_completion(
        self, request: CompletionRequest, asked_as: str, errand: Errand
    ) -> IResponse:
        """
        Send a completion and return the head of its event stream.

        Args:
            request: The completion.
            asked_as: The model as the client wrote it, for the client to read.
            errand: For which request.

        Raises:
            UpstreamError: There is no event stream to read.
            ModelNotFound: The gateway does not have the model.
        """
        url = self._chat_url if request.is_chat else self._text_url
        question = json_question(request.to_json)
        return await self._post(url, (EVENT_STREAM,), question, asked_as, errand)

    async def embed(
        self, request: EmbeddingRequest, asked_as: str, errand: Errand
    ) -> EmbeddingReply:
        """
        Return a vector for each text.

        Args:
            request: The texts.
            asked_as: The model as the client wrote it, for the client to read.
            errand: For which request.

        Raises:
            UpstreamError: There are none to be had.
            ModelNotFound: The gateway does not have the model.
        """
        response = await self._post(
            self._embeddings_url, (JSON,), json_question(request.to_json), asked_as, errand
        )
        return decode_embeddings(await self.read(response), len(request.texts))

    async def forward(
        self, path: str, question: Question, asked_as: str, errand: Errand
    ) -> IResponse:
        """
        Send a request to the gateway's route of the same name, and return the head of its answer.

        Args:
            path: The route, with a query if need be; ASCII.
            question: What to send.
            asked_as: The model as the client wrote it, for the client to read.
            errand: For which request.

        Raises:
            UpstreamError: There is no answer to read.
            ModelNotFound: The gateway does not have the model.
        """
        url = self._base_url + path
        return await self._post(url, (JSON, EVENT_STREAM, TEXT), question, asked_as, errand)

    async def read(self, response: IResponse) -> bytes:
        """
        Return the whole body of an answer.

        Raises:
            UpstreamError: It breaks off, or is too long.
        """
        return await self._read(response, self._max_reply_bytes)

    async def get(self, path: str, caller: Caller) -> bytes:
        """
        Return what the gateway has under a path, which must be JSON.

        Args:
            path: With a ``/`` in front, and a query if need be; ASCII.
            caller: Who asks.

        Raises:
            UpstreamError: It was not to be had.
        """
        url = self._base_url + path
        headers = {b"Accept": [JSON], **_authorization(caller)}
        response = await self._send("GET", url, headers)
        await self._check(response, (JSON,), caller)
        return await self.read(response)

    async def _post(
        self,
        url: str,
        accepted: Sequence[bytes],
        question: Question,
        asked_as: str,
        errand: Errand,
    ) -> IResponse:
        """
        Ask the gateway, and return the head of its answer.

        A parameter that the model lacks does not fail it: LiteLLM is told to
        leave such ones out, as soon as it is known to be LiteLLM.
        """
        drop_params = self.is_litellm
        try:
            return await self._post_once(url, accepted, question(drop_params), asked_as, errand)
        except UpstreamRefused as refused:
            if drop_params or not is_about_parameters(refused):
                raise
            self.is_litellm = True  # nobody else words it like this
            return await self._post_once(url, accepted, question(True), asked_as, errand)

    async def _post_once(
        self,
        url: str,
        accepted: Sequence[bytes],
        body: Body,
        asked_as: str,
        errand: Errand,
    ) -> IResponse:
        headers = {
            **body.headers,
            b"Accept": [b", ".join(accepted)],
            **self._identity.headers(errand, is_litellm=self.is_litellm),
            **_authorization(errand.caller),
        }
        response = await self._send("POST", url, headers, body.content)
        if response.headers.hasHeader(b"x-litellm-version"):
            self.is_litellm = True
        errand.gateway = self._who_answered(response)
        await self._check(response, accepted, errand.caller, asked_as)
        return response

    def _who_answered(self, response: IResponse) -> str:
        """Return the base URL of the gateway that answered."""
        if len(self._base_urls) > 1:
            asked = response.request.absoluteURI or b""
            for url in self._base_urls:
                if asked.startswith(url.encode("ascii") + b"/"):
                    return url
        return self._base_url

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[bytes, Sequence[bytes]],
        body: bytes | IBodyProducer | None = None,
    ) -> IResponse:
        sending = self._client.request(method, url, headers=headers, data=body)
        sending.addTimeout(self._deadlines.first_byte_s, self._clocks.scheduler, self._too_late)
        sending.addErrback(to_upstream_error_raised)
        return await sending

    @staticmethod
    def _too_late(result: IResponse | Failure, timeout_s: float) -> IResponse | Failure:
        """Tell a deadline from a client that leaves: both cancel."""
        if isinstance(result, Failure) and was_cancelled(result):
            raise UpstreamTimeout(f"the gateway did not answer within {timeout_s:g} seconds")
        return result

    async def _check(
        self, response: IResponse, accepted: Sequence[bytes], caller: Caller, model: str = ""
    ) -> None:
        """Raise if the reply is not what was asked for; its body is used up then."""
        if response.code != 200:
            body = self._without_keys(await self._read_error(response), caller)
            has_key = self._has_key or caller.gateway_key is not None
            whose = caller.whose if has_key else WhoseKey.NOBODYS
            error = self.masked(refusal(response.code, body, model, whose), caller)
            if isinstance(error, UpstreamRefused):
                error.retry_after = _retry_after(response)
            raise error
        if (answered := media_type(response)) not in accepted:
            discard(response)
            raise UpstreamGarbled(
                f"the gateway answered with {(answered or b'no Content-Type').decode('latin-1')} "
                f"instead of {accepted[0].decode('ascii')}; "
                "is --base-url the address of the gateway's API?"
            )

    def masked(self, error: ProxyError, caller: Caller) -> ProxyError:
        """Return the error without the keys, should the gateway have repeated one in its text."""
        for key in self._keys(caller):
            error.message = key.masked_in(error.message)
        return error

    def _without_keys(self, body: bytes, caller: Caller) -> bytes:
        """Take the keys out before anything is cut off, for half of one would pass."""
        for key in self._keys(caller):
            body = body.replace(key.text.encode("ascii"), b"***")
        return body

    def _keys(self, caller: Caller) -> list[Hidden]:
        """Return what an answer may hold of ours."""
        return longest_first([*self._hidden, caller.gateway_key])

    async def _read_error(self, response: IResponse) -> bytes:
        """Return the body of an error; a broken one is as good as none, the status counts."""
        try:
            return await self._read(response, _MAX_ERROR_BYTES)
        except ProxyError:
            return b""

    async def _read(self, response: IResponse, max_bytes: int) -> bytes:
        return await read_whole(response, self._clocks, self._deadlines, max_bytes)


def _authorization(caller: Caller) -> dict[bytes, Sequence[bytes]]:
    """Return the header with the caller's own key; without one the client adds the daemon's."""
    key = caller.gateway_key
    return {} if key is None else {b"Authorization": [key.as_bearer()]}


def media_type(response: IResponse) -> bytes:
    """Return what an answer's Content-Type says, in lower case and without parameters."""
    content_type: bytes = response.headers.getRawHeaders(b"Content-Type", [b""])[0]
    return content_type.partition(b";")[0].strip().lower()


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
