"""
The life of a request: one beginning, exactly one ending.

Errors are raised anywhere and answered here, nowhere else.
"""

from abc import abstractmethod
from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from ollamaproxy.callers.gates import Gate
from ollamaproxy.errors import (
    CallerRefused,
    CutShort,
    InternalError,
    Overloaded,
    ProxyError,
    UpstreamError,
    UpstreamRefused,
)
from ollamaproxy.server.request import JSON, ProxyRequest
from ollamaproxy.wire.error_forms import ErrorForm, OllamaErrors

#: Go's net/http writes its plain answers without a charset.
_PLAIN_TEXT = b"text/plain"

_WITHOUT_BODY = frozenset({b"GET", b"HEAD"})


class NotFound(Resource):
    """What Ollama says of a path that it does not know, whatever the method."""

    isLeaf = True

    def wants_body(self, request: ProxyRequest) -> bool:  # noqa: ARG002 - an Answerer's
        """Implement Answerer."""
        return False

    def render(self, request: ProxyRequest) -> int:
        """Implement IResource."""
        request.outcome = "not_found"
        request.send_whole(404, _PLAIN_TEXT, b"404 page not found")
        return NOT_DONE_YET


class Folder(Resource):
    """A part of a path that is no endpoint itself, such as ``/api``."""

    def getChild(self, path: bytes, request: ProxyRequest) -> Resource:  # noqa: ARG002
        """Override: Twisted would answer in HTML."""
        return NotFound()

    def wants_body(self, request: ProxyRequest) -> bool:  # noqa: ARG002 - an Answerer's
        """Implement Answerer: nothing is served here."""
        return False

    def render(self, request: ProxyRequest) -> int:
        """Implement IResource."""
        return NotFound().render(request)


class Endpoint(Folder):
    """
    An endpoint: answers its methods by :meth:`respond`, and every error that comes out of it.

    Attributes:
        methods: What it answers, in the order of Ollama's ``Allow`` header.
        errors: How it puts errors.
        route: Its path, for records; the tree tells it.
        reads_body: Whether an answer can depend on the request's body.  Those to
            GET and HEAD never do.
    """

    _log = Logger()
    methods: Sequence[bytes]
    errors: ErrorForm = OllamaErrors()
    route = ""
    reads_body = True

    def __init__(self, gate: Gate) -> None:
        """
        Answer those who may call.

        Args:
            gate: Decides who may.
        """
        super().__init__()
        self._gate = gate

    @abstractmethod
    async def respond(self, request: ProxyRequest) -> None:
        """
        Answer a request.

        It is cancelled when the client leaves.

        Args:
            request: Has one of ``methods``, and a caller who may call; for
                HEAD, a body is left out by itself.

        Raises:
            ProxyError: To be answered for it: with its status if nothing has
                been written, else as the last line of the stream.
        """

    def wants_body(self, request: ProxyRequest) -> bool:
        """Implement Answerer: a body is of no use where the request is refused without it."""
        if request.method not in self.methods or request.method in _WITHOUT_BODY:
            return False
        return self.reads_body and self._admits(request)

    def _admits(self, request: ProxyRequest) -> bool:
        try:
            self._admit(request)
        except CallerRefused:
            return False
        return True

    def _admit(self, request: ProxyRequest) -> None:
        """Let a request know its caller; raise CallerRefused if it must not call."""
        if not request.is_admitted:
            headers = request.requestHeaders
            request.caller = self._gate.admit(
                headers.getRawHeaders(b"Authorization", []), headers.getRawHeaders(b"x-api-key", [])
            )
            request.is_admitted = True

    def render(self, request: ProxyRequest) -> int:
        """Implement IResource: run :meth:`respond` from its beginning to its one ending."""
        request.route = self.route
        if request.method not in self.methods:
            request.outcome = "method_not_allowed"
            request.setHeader(b"Allow", b", ".join(self.methods))
            request.send_whole(405, _PLAIN_TEXT, b"405 method not allowed")
            return NOT_DONE_YET
        responding = Deferred.fromCoroutine(self._admit_and_respond(request))
        # Before a producer is registered, nothing else tells that the client has left.
        request.notifyFinish().addErrback(lambda _reason: responding.cancel())
        request.on_cut(responding.cancel)
        responding.addErrback(self._answer_failure, request)
        return NOT_DONE_YET

    async def _admit_and_respond(self, request: ProxyRequest) -> None:
        self._admit(request)  # the first time only if there was no body to decide on
        await self.respond(request)

    def _answer_failure(self, failure: Failure, request: ProxyRequest) -> None:
        if request.client_left:
            # There is nobody to answer.  What came of the cancellation is no
            # news, anything else is a bug.
            if not failure.check(CancelledError, UpstreamError):
                self._log.failure("A request failed after its client had left", failure=failure)
            return
        error = failure.value
        if isinstance(error, CancelledError):
            error = CutShort()  # for nothing else is cancelled while the client is there
        if not isinstance(error, ProxyError):
            self._log.failure("A request failed for a reason that is a bug", failure=failure)
            error = InternalError()
        request.outcome = error.outcome
        # With these the gateway has refused the client's own key, which is no
        # business of the operator's; other 401s and 403s of it are 502 here.
        if isinstance(error, UpstreamError) and error.status not in {401, 403}:
            self._note(error, request)
        if request.startedWriting:
            # The status is spent, but clients know such a last line or event.
            request.write(self.errors.in_stream(error, request.request_id), is_last=True)
            request.finish()
            return
        if isinstance(error, (UpstreamRefused, Overloaded)) and error.retry_after is not None:
            request.setHeader(b"Retry-After", error.retry_after.encode("ascii"))
        if error.asks_for_key:
            request.setHeader(b"WWW-Authenticate", b"Bearer")  # RFC 9110 section 11.6.1
        # Ollama leaves the charset out when the error comes from the model's side.
        content_type = b"application/json" if isinstance(error, UpstreamError) else JSON
        request.send_whole(error.status, content_type, self.errors.body(error, request.request_id))

    def _note(self, error: UpstreamError, request: ProxyRequest) -> None:
        """Tell the operator what failed, but in no words that could be a prompt's or a reply's."""
        reason = f"{error.outcome}, HTTP {error.status}" if error.quotes else error.message
        path = request.path.decode("ascii", "replace")
        request_id = request.request_id
        self._log.warn("{path}: {reason} ({id})", path=path, reason=reason, id=request_id)
