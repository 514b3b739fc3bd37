"""
Pulling, and what a proxy cannot do: push, create, copy, delete, and upload.

The gateway's models are its operator's.  A pull of one that exists succeeds, for
clients pull before they use; everything that would change a model is refused
with a sentence that clients show, and never pretended.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from ollamaproxy.callers.gates import Gate
from ollamaproxy.errors import BadRequest, ModelNotFound, NotSupported, ProxyError
from ollamaproxy.resources.exchange import Endpoint, Folder
from ollamaproxy.resources.workings import Workings
from ollamaproxy.server.request import ProxyRequest
from ollamaproxy.wire.management import ChangeRequest, CopyRequest, PullRequest, progress_line
from ollamaproxy.wire.ndjson import error_object

_NDJSON: Final = b"application/x-ndjson"
_JSON: Final = b"application/json"  # without a charset, as Ollama's progress

#: The ollama program knows these very words.
_NO_SUCH_MODEL: Final = "pull model manifest: file does not exist"

_DIGEST: Final = re.compile(rb"sha256[:-][0-9a-fA-F]{64}")


class Pull(Endpoint):
    """``POST /api/pull``: there is nothing to fetch, so it is done, or the model does not exist."""

    methods = (b"POST",)

    def __init__(self, workings: Workings) -> None:
        super().__init__(workings.gate)
        self._realms = workings.realms

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        pull = PullRequest.from_json(request.take_body())
        request.unknown_keys = pull.unknown_keys
        if not pull.name:
            raise BadRequest("invalid model name")
        catalogue = self._realms.of(request.caller).catalogue
        exists = await catalogue.find(pull.name) is not None
        success = progress_line("success")
        failure = error_object(_NO_SUCH_MODEL).encode("ascii")
        if pull.stream:
            last = success if exists else failure + b"\n"
            request.send_whole(200, _NDJSON, progress_line("pulling manifest") + last)
        elif exists:
            request.send_whole(200, _JSON, success.rstrip())
        else:
            request.send_whole(HTTPStatus.INTERNAL_SERVER_ERROR, _JSON, failure)


class Refusal(Endpoint):
    """An endpoint of which the daemon can only say that it does not do that."""

    def __init__(self, gate: Gate, method: bytes, refuse: Callable[[bytes], ProxyError]) -> None:
        """
        Refuse.

        Args:
            gate: Decides who may even ask.
            method: The one that Ollama takes here.
            refuse: Gets the request's body, and returns or raises what the
                client is told.
        """
        super().__init__(gate)
        self.methods = (method,)
        self._refuse = refuse

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        raise self._refuse(request.take_body())


def refuse_push(body: bytes) -> ProxyError:
    """Return the refusal of ``POST /api/push``."""
    _named(ChangeRequest.from_push(body), "model is required")
    return NotSupported("pushing models")


def refuse_create(body: bytes) -> ProxyError:
    """Return the refusal of ``POST /api/create``."""
    _named(ChangeRequest.from_create(body), "invalid model name")
    return NotSupported("creating models")


def refuse_delete(body: bytes) -> ProxyError:
    """Return the refusal of ``DELETE /api/delete``."""
    _named(ChangeRequest.from_delete(body), "model is required")
    return NotSupported("deleting models")


def refuse_copy(body: bytes) -> ProxyError:
    """Return the refusal of ``POST /api/copy``."""
    copy = CopyRequest.from_json(body)
    for role, name in (("source", copy.source), ("destination", copy.destination)):
        if not name:
            raise BadRequest(f'{role} "" is invalid')
    return NotSupported("copying models")


def _named(request: ChangeRequest, otherwise: str) -> None:
    if not request.name:
        raise BadRequest(otherwise)


class Blobs(Folder):
    """``/api/blobs``: the files of which models are made, by their digests."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def getChild(self, path: bytes, request: ProxyRequest) -> Endpoint:  # noqa: ARG002
        """Override: every name is a digest, or should be."""
        return Blob(self._gate, path)


class Blob(Endpoint):
    """``/api/blobs/sha256:…``: there are no such files here, and none are taken."""

    methods = (b"HEAD", b"POST")
    route = "/api/blobs/{digest}"
    # It is gigabytes long, and must not be sent to be refused.
    reads_body = False

    def __init__(self, gate: Gate, digest: bytes) -> None:
        super().__init__(gate)
        self._digest = digest

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        if not _DIGEST.fullmatch(self._digest):
            raise BadRequest("invalid digest format")
        if request.method == b"HEAD":
            raise ModelNotFound(f'blob "{self._digest.decode("ascii")}" not found')
        raise NotSupported("uploading models")
