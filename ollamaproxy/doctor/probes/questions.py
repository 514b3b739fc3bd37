"""Questions to a server, and whatever it answers."""

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from ollamaproxy.clocks import Clocks
from ollamaproxy.doctor.facts import Answer
from ollamaproxy.errors import UpstreamTimeout
from ollamaproxy.hidden import Hidden, longest_first
from ollamaproxy.settings import Settings
from ollamaproxy.upstream.body import read_whole
from ollamaproxy.upstream.client import GatewayClient
from ollamaproxy.upstream.failures import was_cancelled
from ollamaproxy.upstream.gateway import JSON, media_type, to_upstream_error_raised


class Questions:
    """Asks a server, and takes any answer for one."""

    def __init__(
        self,
        client: GatewayClient,
        base_url: str,
        settings: Settings,
        clocks: Clocks,
        hidden: Iterable[Hidden],
    ) -> None:
        """
        Prepare.

        Args:
            client: Sends, with the key if there is one.
            base_url: The server's.
            settings: How long to wait for an answer, and how long it may be.
            clocks: For the deadlines.
            hidden: Is masked in what comes back.
        """
        self._client = client
        self._base_url = base_url
        self._deadlines = settings.deadlines
        self._wait_s = min(settings.freshness.deadline_s, settings.deadlines.first_byte_s)
        self._max_bytes = settings.limits.max_reply_bytes
        self._clocks = clocks
        self._hidden = longest_first(hidden)

    async def ask(self, path: str) -> Answer:
        """
        Return the answer to ``GET`` of a path, whatever its status.

        Raises:
            UpstreamError: There is none.
        """
        asking = Deferred.fromCoroutine(self._ask(path))
        return await asking.addTimeout(self._wait_s, self._clocks.scheduler, _too_late)

    async def _ask(self, path: str) -> Answer:
        url = self._base_url + path
        headers: dict[bytes | str, list[bytes | str]] = {b"Accept": [JSON]}
        sending = self._client.get(url, headers=headers)
        sending.addErrback(to_upstream_error_raised)
        response = await sending
        body = await read_whole(response, self._clocks, self._deadlines, self._max_bytes)
        location: bytes = response.headers.getRawHeaders(b"Location", [b""])[0]
        return Answer(
            status=response.code,
            media_type=media_type(response).decode("latin-1"),
            body=self._masked(body),
            location=self._masked(location).decode("latin-1") if 300 <= response.code < 400 else "",
        )

    def _masked(self, text: bytes) -> bytes:
        for it in self._hidden:
            text = text.replace(it.text.encode("utf-8"), b"***")
        return text


def _too_late(result: Answer | Failure, wait_s: float) -> Answer | Failure:
    if isinstance(result, Failure) and was_cancelled(result):
        raise UpstreamTimeout(f"no whole answer came within {wait_s:g} seconds")
    return result
