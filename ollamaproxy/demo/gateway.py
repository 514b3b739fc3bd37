"""
The demonstration gateway over HTTP, in the form that a LiteLLM gateway uses.

=========================== ==================================================
``GET  /models``             the two models, with mode and limits
``POST /chat/completions``   one body, or a stream of events
``POST /embeddings``         vectors as floats or base64
``GET  /health/liveliness``  ``"I'm alive!"``, also as ``/health/liveness``
=========================== ==================================================

Every path exists with and without ``/v1`` in front.  Any API key or none is
accepted.  Errors have LiteLLM's usual envelope, ``{"error": {"message",
"type", "param", "code"}}``, also for unknown paths and methods: there LiteLLM
has another one (``{"detail": ...}``) with no place for an explanation.

Wire form measured on LiteLLM 1.106.2: compact JSON with nulls left out of
streams, one event to a write, no ``Server`` header.
"""

import json
from collections.abc import Callable
from itertools import count
from typing import Final, NoReturn

from twisted.internet.interfaces import IReactorTime
from twisted.web import http
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from ollamaproxy.demo.chat import answer_chat, delivery_of
from ollamaproxy.demo.completions import Completion, PacedEvents, to_json
from ollamaproxy.demo.embeddings import answer_embeddings, base64_of
from ollamaproxy.demo.parameters import EMBEDDING_MODEL, MODEL_LIST, RequestRefused

#: Fast enough not to bore, slow enough to be seen arriving word by word.
DEFAULT_WORD_INTERVAL_S: Final = 0.03

#: Path characters that the answer to an unknown path repeats.
_PATH_ECHO_LIMIT = 100


def make_demonstration_site(
    clock: IReactorTime, word_interval_s: float = DEFAULT_WORD_INTERVAL_S
) -> Site:
    """
    Return a web site that is the demonstration gateway, to be listened on by the caller.

    It checks no key and limits no body, so it belongs on a loopback address.
    It logs no requests, and between requests only an idle connection keeps a
    timer (60 s, Twisted's default) on the clock.

    Args:
        clock: The reactor; it paces streams and gives the ``created`` time,
            in seconds since the epoch, which is what a reactor counts.
        word_interval_s: Seconds between two events of a stream, 0 or more;
            each word is one.  The first event and undivided answers come at once.
    """
    completion_number = count(1)

    def begin_completion() -> Completion:
        return Completion(
            completion_id=f"chatcmpl-demonstration-{next(completion_number)}",
            created=int(clock.seconds()),
        )

    root = _Paths()
    versioned = _Paths()
    root.putChild(b"v1", versioned)
    for parent in (root, versioned):
        chat, health = _Paths(), _Paths()
        parent.putChild(b"models", _Constant(MODEL_LIST))
        parent.putChild(b"chat", chat)
        chat.putChild(b"completions", _Chat(clock, word_interval_s, begin_completion))
        parent.putChild(b"embeddings", _Embeddings())
        parent.putChild(b"health", health)
        for name in (b"liveliness", b"liveness"):
            health.putChild(name, _Constant("I'm alive!"))
    return _QuietSite(root, reactor=clock, parsePOSTFormSubmission=False)


class _QuietSite(Site):
    """A site that writes nothing of its own, so that the proxy's log stays the only one."""

    noisy = False  # no "Starting factory" line; the listening port still logs its own

    def startFactory(self) -> None:
        """HTTPFactory: would open the access log and tick every second to date it."""

    def log(self, request: http.Request) -> None:
        """HTTPFactory: would write an access log line, on standard output under twistd."""


class _Paths(Resource):
    """A path that answers nothing itself but may lead to some that do."""

    #: The only method that it takes; ``None`` for any.
    method: bytes | None = None

    def getChild(self, path: bytes, request: Request) -> Resource:  # noqa: ARG002
        """Resource: the child for a path segment that nobody has put here."""
        return _Paths()

    def render(self, request: Request) -> bytes | int:
        """IResource: the one place where refusals are answered, so that none becomes a 500."""
        request.responseHeaders.removeHeader(b"server")
        try:
            self._check_method(request)
            return self.answer(request)
        except RequestRefused as refusal:
            request.setResponseCode(refusal.status)
            envelope = {
                "message": refusal.message,
                "type": "invalid_request_error",
                "param": refusal.param,
                "code": str(refusal.status),  # a string in LiteLLM
            }
            body = _json_body(request, {"error": envelope})
            # Twisted would discard a body here too, with a line in the log.
            return b"" if request.method == b"HEAD" else body

    def answer(self, request: Request) -> bytes | int:
        """
        Answer a request whose method fits, as ``render`` would; there is nothing here.

        Raises:
            RequestRefused: It cannot be answered; nothing has been written.
        """
        path = request.path[:_PATH_ECHO_LIMIT].decode("utf-8", "replace")
        raise RequestRefused(
            f"Not Found: {path}.  This is the demonstration gateway of ollamaproxy; it has"
            " /v1/models, /v1/chat/completions, /v1/embeddings and /health/liveliness",
            status=404,
        )

    def _check_method(self, request: Request) -> None:
        if self.method is not None and request.method != self.method:
            request.setHeader(b"allow", self.method)
            raise RequestRefused(
                f"Method Not Allowed: this path takes {self.method.decode()} only", status=405
            )


class _Constant(_Paths):
    """Answers GET with the same JSON value every time."""

    method = b"GET"

    def __init__(self, value: object) -> None:
        super().__init__()
        self._value = value

    def answer(self, request: Request) -> bytes | int:
        """See :meth:`_Paths.answer`."""
        return _json_body(request, self._value)


class _Chat(_Paths):
    """Answers chat requests, paced if streamed."""

    method = b"POST"

    def __init__(
        self,
        clock: IReactorTime,
        word_interval_s: float,
        begin_completion: "Callable[[], Completion]",
    ) -> None:
        super().__init__()
        self._clock = clock
        self._word_interval_s = word_interval_s
        self._begin_completion = begin_completion

    def answer(self, request: Request) -> bytes | int:
        """See :meth:`_Paths.answer`."""
        asked = _read_object(request)
        delivery = delivery_of(asked)
        answer = answer_chat(asked)
        completion = self._begin_completion()
        if not delivery.stream:
            return _json_body(request, completion.body(answer))
        request.setHeader(b"content-type", b"text/event-stream; charset=utf-8")
        request.setHeader(b"cache-control", b"no-cache")
        request.setHeader(b"x-accel-buffering", b"no")
        events = completion.events(answer, include_usage=delivery.include_usage)
        PacedEvents(request, self._clock, self._word_interval_s, events).begin()
        return NOT_DONE_YET


class _Embeddings(_Paths):
    """Answers embedding requests."""

    method = b"POST"

    def answer(self, request: Request) -> bytes | int:
        """See :meth:`_Paths.answer`."""
        answer = answer_embeddings(_read_object(request))
        entries = [
            {
                "embedding": base64_of(vector) if answer.as_base64 else vector,
                "index": index,
                "object": "embedding",
            }
            for index, vector in enumerate(answer.vectors)
        ]
        usage = {
            "completion_tokens": 0,
            "prompt_tokens": answer.prompt_tokens,
            "total_tokens": answer.prompt_tokens,
            "completion_tokens_details": None,
            "prompt_tokens_details": None,
        }
        return _json_body(
            request,
            {"model": EMBEDDING_MODEL, "data": entries, "object": "list", "usage": usage},
        )


def _read_object(request: Request) -> dict[str, object]:
    """
    Return the JSON object in a request's body, whatever its content type says.

    Raises:
        RequestRefused: It is not UTF-8, not JSON, or not an object.
    """
    body = request.content.read()  # type: ignore[union-attr]  # None only before the body is there
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise RequestRefused("Invalid JSON payload: nested too deeply") from error
    except ValueError as error:
        raise RequestRefused(f"Invalid JSON payload: {error}") from error
    if not isinstance(value, dict):
        raise RequestRefused("Invalid JSON payload: the body must be a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are not JSON (RFC 8259 section 6), though Python reads them."""
    raise ValueError(f"{name} is not JSON")


def _json_body(request: Request, value: object) -> bytes:
    """Return a whole response body, and name its type in the header."""
    request.setHeader(b"content-type", b"application/json")
    return to_json(value)
