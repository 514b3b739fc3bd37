"""A client's request, from its first line to its access record."""

import random
import re
from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol
from urllib.parse import unquote_to_bytes

from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http import datetimeToString

from ollamaproxy.callers.caller import NOBODY
from ollamaproxy.callers.errand import Errand
from ollamaproxy.clocks import Clocks
from ollamaproxy.errors import InternalError
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.server.browsers import Answered, HeaderList, Passed, Rules
from ollamaproxy.server.client_address import ClientAddresses
from ollamaproxy.server.framed_request import FramedRequest
from ollamaproxy.wire.error_forms import form_for
from ollamaproxy.wire.trace_context import TraceContext, parse_request_id
from ollamaproxy.wire.usage import Usage

#: nginx's and Ollama's status for a client that left before it was answered.
CLIENT_LEFT = 499

JSON = b"application/json; charset=utf-8"

#: What an absolute target has in front of its path (RFC 9112 section 3.2.2).
_AUTHORITY = re.compile(rb"^https?://[^/]*(?=/)", re.IGNORECASE)

#: ``(method, path without query, version)``, each as received.
RequestLine = tuple[bytes, bytes, bytes]


#: As much of what a client calls itself as is kept.
_MAX_USER_AGENT_BYTES = 512


def random_request_id() -> str:
    """Return an id for a request that brings none, in Anthropic's form."""
    return f"req_{random.getrandbits(96):024x}"


class Answerer(Protocol):
    """A resource that is the last one on a request's path."""

    def wants_body(self, request: "ProxyRequest") -> bool:
        """
        Return whether the answer to a request depends on its body.

        If not, the body is not even read.

        Args:
            request: One of which only the head has come.
        """

    def render(self, request: "ProxyRequest") -> int:
        """Implement IResource: answer a request, sooner or later."""


class ProxyRequest(FramedRequest):
    """
    One request and the one record of its end.

    Attributes:
        arrived_s: When its first line came, on the monotonic clock, in seconds.
        arrived_ns: The same on the calendar, in nanoseconds since 1970.
        outcome: What the access record will say of it.
        caller: Who it comes from, once that is known.
        is_admitted: That is known.
        model: The model that is asked for, for the record.
        usage: What the reply cost, for the record.
        route: Which endpoint answers, for the record.
        unknown_keys: What the endpoint does not know of the body, for the record.
    """

    # See FramedRequest.
    __slots__ = (
        "_addresses",
        "_answerer",
        "_browsers",
        "_canceller",
        "_clocks",
        "_errand",
        "_first_byte_s",
        "_max_body_bytes",
        "_record",
        "_request_id",
        "_trace_context",
        "_unique_id",
        "_verdict",
        "arrived_ns",
        "arrived_s",
        "caller",
        "is_admitted",
        "model",
        "outcome",
        "request_line",
        "route",
        "unknown_keys",
        "usage",
    )

    content: BinaryIO
    postpath: list[bytes]

    def __init__(
        self,
        channel: http.HTTPChannel,
        queued: object = False,  # noqa: FBT002 - twisted.web.http hands it over like this
        *,
        clocks: Clocks,
        record: Callable[[AccessRecord], None],
        max_body_bytes: int,
        browsers: Rules,
        addresses: ClientAddresses,
    ) -> None:
        """
        Begin when the first line has arrived.

        Args:
            channel: The connection.
            queued: Twisted's; no longer used.
            clocks: For the duration.
            record: Called exactly once, when the request has ended.
            max_body_bytes: A longer body is refused.
            browsers: Which pages may use what there is.
            addresses: Tells where the request comes from.
        """
        # Whatever Content-Type a client gives its JSON, a form is never parsed.
        super().__init__(channel, queued, parsePOSTFormSubmission=False)
        self._clocks = clocks
        self._max_body_bytes = max_body_bytes
        self._browsers = browsers
        self._addresses = addresses
        self._request_id = ""
        self._unique_id = ""
        self._trace_context: TraceContext | None = None
        self._errand: Errand | None = None
        self._canceller: Callable[[], None] | None = None
        self._record: Callable[[AccessRecord], None] | None = record
        self.arrived_s = clocks.monotonic_s()
        self.arrived_ns = clocks.wall_ns()
        self.request_line: RequestLine = (b"", b"", b"")
        self.outcome = "done"
        self.caller = NOBODY
        self.is_admitted = False
        self.model = ""
        self.usage = Usage()
        self.route = ""
        self.unknown_keys: tuple[str, ...] = ()
        self._verdict: Passed | Answered = Passed()
        self._answerer: Answerer | None = None
        self._first_byte_s: float | None = None

    @property
    def request_id(self) -> str:
        """The client's id of the request; if it has none that will do, one that is made here."""
        if not self._request_id:
            self._choose_ids()
        return self._request_id

    def _choose_ids(self) -> None:
        given = parse_request_id(self._values(b"X-Request-ID"))
        self._request_id = given or random_request_id()
        # A client may give the same id to as many requests as it likes.
        more = "" if given is None else f".{random.getrandbits(32):08x}"
        self._unique_id = self._request_id + more

    @property
    def errand(self) -> Errand:
        """What goes with all that the gateway is asked for this request."""
        if self._errand is None:
            self._errand = Errand(
                caller=self.caller,
                request_id=self.request_id,
                unique_id=self._unique_id,
                trace=self._trace,
            )
        return self._errand

    @property
    def _trace(self) -> TraceContext:
        if self._trace_context is None:
            self._trace_context = TraceContext.from_headers(
                self._values(b"traceparent"), self._values(b"tracestate")
            )
        return self._trace_context

    def head_received(self) -> None:
        """Decide whether a page in a browser may make this request, of which the head has come."""
        headers = {
            name.lower().decode("latin-1"): b", ".join(values).decode("latin-1")
            for name, values in self.requestHeaders.getAllRawHeaders()
        }
        self._verdict = self._browsers.decide(self.request_line[0], headers)
        for name, value in self._verdict.headers:
            self.responseHeaders.addRawHeader(name, value)

    @property
    def page_headers(self) -> HeaderList:
        """What must be in every answer, for the page that has asked to read it."""
        return self._verdict.headers

    @property
    def is_answered_for_its_page(self) -> bool:
        """Whether the request gets no further: it is a foreign page's, or a preflight."""
        return isinstance(self._verdict, Answered)

    def wants_body(self) -> bool:
        """Return whether the body must be read, now that the head has come."""
        if self.is_answered_for_its_page:
            return False
        try:
            return self._find_answerer().wants_body(self)
        except Exception:  # noqa: BLE001 - process() will meet it again, and answer it
            return True

    def _find_answerer(self) -> Answerer:
        if self._answerer is None:
            self.method, target, _version = self.request_line
            self.prepath = []
            path = _AUTHORITY.sub(b"", target.partition(b"?")[0])
            # A target that is neither a path nor a URL leads nowhere, and not to "/".
            segments = path.split(b"/")[1:] if path.startswith(b"/") else [path]
            self.postpath = [unquote_to_bytes(segment) for segment in segments]
            site = self.channel.site  # Site puts itself there
            self._answerer = site.getResourceFor(self)
        return self._answerer

    def process(self) -> None:
        """
        Let the addressed resource answer; overrides twisted.web.server.Request.

        Unlike there, no Server header is set (Ollama has none) and a path of
        ``*`` is not special.
        """
        self.setHeader(b"Date", datetimeToString())
        self.setHeader(b"X-Request-ID", self.request_id.encode("ascii"))
        if isinstance(self._verdict, Answered):
            self._answer_for_page(self._verdict)
            return
        try:
            self._find_answerer().render(self)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            self.processingFailed(Failure())

    def _answer_for_page(self, answer: Answered) -> None:
        self.outcome = "foreign_page" if answer.status == 403 else "preflight"
        self.setResponseCode(answer.status)
        if answer.status != 204:
            self.setHeader(b"Content-Length", b"%d" % len(answer.message))
        if answer.message:
            self.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
            self.write(answer.message)
        self.finish()

    @property
    def client_host(self) -> str:
        """The client's address without port; ``-`` if it has none, as a unix socket's peer."""
        peer = getattr(self.client, "host", None)
        return self._addresses.client_of(peer, self._values(b"X-Forwarded-For"))

    @property
    def has_ended(self) -> bool:
        """Whether it has been recorded, and nothing more will come of it."""
        return self._record is None

    def on_cut(self, canceller: Callable[[], None]) -> None:
        """Have something called when the daemon cannot wait for the reply any longer."""
        self._canceller = canceller

    def cut(self) -> None:
        """End the reply now: the client is told that the daemon stops."""
        canceller, self._canceller = self._canceller, None
        if canceller is not None:
            canceller()

    def processingFailed(self, reason: Failure) -> Failure:
        """Override: answer a bug of ours in JSON, and log it; nothing has been written yet."""
        self._log.failure("A request failed for a reason that is a bug", failure=reason)
        error = InternalError()
        self.outcome = error.outcome
        form = form_for(self.path)
        self.send_whole(error.status, JSON, form.body(error, self.request_id))
        return reason

    def handleContentChunk(self, data: bytes) -> None:
        """Override: a body in chunks does not say how long it is before it has come."""
        if self.content.tell() + len(data) <= self._max_body_bytes:
            self.channel.chunk_received(len(data))
            super().handleContentChunk(data)
        else:
            self.channel.refuse_body()

    def take_body(self) -> bytes:
        """Return the body, which is kept here no longer: it may be megabytes, and a reply long."""
        body = self.content.read()
        self.content.close()
        return body

    def begin(self, content_type: bytes) -> None:
        """Override: take note of when."""
        super().begin(content_type)
        self._first_byte_s = self._clocks.monotonic_s() - self.arrived_s

    def finish(self) -> None:
        """Override: record the request first, for the next one may run inside of this call."""
        self._end(self.code, self.sentLength)
        super().finish()

    def connectionLost(self, reason: Failure) -> None:
        """Override: the client left, or the connection broke."""
        self.client_left = True
        status = self.code if self.startedWriting else CLIENT_LEFT
        self._end(status, self.sentLength, "client_left")
        super().connectionLost(reason)

    def refused(self, status: int, body_bytes: int) -> None:
        """Note that the parser refused the request and has answered it."""
        self._end(status, body_bytes, "parser_refused")

    def _end(self, status: int, body_bytes: int, outcome: str | None = None) -> None:
        """Record the request, unless it has been: a connection also ends after a reply."""
        if self._record is None:
            return
        record, self._record = self._record, None
        method, path, version = self.request_line
        record(
            AccessRecord(
                ended_ns=self._clocks.wall_ns(),
                client=self.client_host,
                method=method,
                path=path.partition(b"?")[0],
                version=version,
                status=status,
                body_bytes=body_bytes,
                duration_s=self._clocks.monotonic_s() - self.arrived_s,
                outcome=outcome or self.outcome,
                caller=self.caller.name,
                model=self.model,
                prompt_tokens=self.usage.prompt_tokens,
                completion_tokens=self.usage.completion_tokens,
                first_byte_s=self._first_byte_s,
                request_id=self.request_id,
                route=self.route,
                user_agent=(self.getHeader(b"User-Agent") or b"")[:_MAX_USER_AGENT_BYTES],
                gateway="" if self._errand is None else self._errand.gateway,
                trace_id=self._trace.trace_id,
                unknown_keys=self.unknown_keys,
            )
        )

    def _values(self, name: bytes) -> Sequence[bytes]:
        """Return the values of all headers of a name."""
        values: Sequence[bytes] = self.requestHeaders.getRawHeaders(name, ())
        return values
