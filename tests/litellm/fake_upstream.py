"""
The model behind the gateway: an OpenAI-compatible server that fails on request.

The model's name in a request picks what happens; ``fake_model`` has a row for
each.  Run it as a module with no arguments: it
chooses a port, says ``listening on http://127.0.0.1:PORT`` and serves until it is ended.

Standard library only, and nothing of ollamaproxy's: a mistake in its codecs
should show up here, not be shared.
"""

import json
import struct
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Semaphore
from typing import Any, Final
from urllib.parse import unquote

from tests.litellm.fake_model import (
    REACTIONS,
    REFUSALS,
    SCRIPTS,
    Call,
    Cut,
    Fail,
    Request,
    Say,
    Step,
    Think,
    Wait,
    fault_in,
)
from tests.litellm.fake_responses import Response, as_chat

#: How long a stream waits to be released, in seconds, before it is given up.
PATIENCE_S: Final = 30.0

#: In characters, of which each is a token to ``vectors``.
LONGEST_TEXT: Final = 50

USAGE: Final = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


class Upstream(ThreadingHTTPServer):
    """The server; its requests are answered in threads."""

    daemon_threads = True
    request_queue_size = 128  # a client may ask for thirty answers at once

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self._releases: defaultdict[str, Semaphore] = defaultdict(lambda: Semaphore(0))
        self._lock = Lock()

    def release_of(self, prompt: str) -> Semaphore:
        """Return what the answer to a prompt waits for."""
        with self._lock:
            return self._releases[prompt]


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Upstream

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - not ours to name
        """Override: be silent."""

    def do_GET(self) -> None:
        """List no models; LiteLLM may ask when it starts."""
        self._send_object(200, {"object": "list", "data": []})

    def do_POST(self) -> None:
        """Complete a chat, or release an answer that waits."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/release/"):
            self.server.release_of(unquote(self.path.removeprefix("/release/"))).release()
            self._send_object(200, {})
        elif self.path in {"/v1/chat/completions", "/v1/completions"}:
            self._complete(json.loads(body))
        elif self.path == "/v1/audio/transcriptions":
            # The boundary stands around the file, and the file is a line of its own.
            told = [line for line in body.split(b"\r\n") if line.startswith(b"RIFF")]
            self._send_object(200, {"text": f"{len(told[0])} bytes of sound"})
        elif self.path == "/v1/responses":
            self._respond(json.loads(body))
        elif self.path == "/v1/embeddings":
            self._embed(json.loads(body))
        else:
            self._send_error(404, f"no route {self.path}")

    def _complete(self, request: Mapping[str, Any]) -> None:
        model = request["model"]
        if model in REFUSALS:
            self._send_error(*REFUSALS[model])
        elif model not in SCRIPTS and model not in REACTIONS:
            self._send_error(404, f"The model `{model}` does not exist")
        else:
            fault = fault_in(request.get("messages", ()))
            if fault is not None:
                self._send_error(400, fault)
                return
            steps = SCRIPTS.get(model) or REACTIONS[model](request)
            failures = [step.message for step in steps if isinstance(step, Fail)]
            if request.get("stream"):
                self._stream(request, steps)
            elif failures:
                self._send_error(500, failures[0])
            else:
                self._send_object(200, whole(request, steps))

    def _respond(self, request: Request) -> None:
        """Answer in OpenAI's newer protocol."""
        model = request["model"]
        if model not in SCRIPTS and model not in REACTIONS:
            self._send_error(404, f"The model `{model}` does not exist")
            return
        chat = as_chat(request)
        fault = fault_in(chat["messages"])
        if fault is not None:
            self._send_error(400, fault)
            return
        steps = SCRIPTS.get(model) or REACTIONS[model](chat)
        failures = [step.message for step in steps if isinstance(step, Fail)]
        events = list(events_of(model, steps))
        if request.get("stream"):
            self._begin_stream()
            for event in events:
                self._send_event(event)
            self._send_chunk(b"")
        elif failures:
            self._send_error(500, failures[0])
        else:
            self._send_object(200, events[-1]["response"])

    def _embed(self, request: Request) -> None:
        """Make a vector of a text's length, a 3 and a 4; refuse texts that are too long."""
        if any(len(text) > LONGEST_TEXT for text in request["input"]):
            message = f"This model's maximum context length is {LONGEST_TEXT} tokens."
            self._send_error(400, message)
            return
        vectors: list[Any] = [[float(len(text)), 3.0, 4.0] for text in request["input"]]
        if request["model"] == "vectors-in-base64":
            vectors = [b64encode(struct.pack("<3f", *vector)).decode() for vector in vectors]
        entries = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        reply = {"object": "list", "model": request["model"], "data": entries, "usage": USAGE}
        self._send_object(200, reply)

    def _stream(self, request: Request, steps: tuple[Step, ...]) -> None:
        model = request["model"]
        prompt = request["messages"][-1]["content"] if "messages" in request else ""
        self._begin_stream()
        self._send_event(piece(model, {"role": "assistant", "content": ""}))
        calls = 0
        for step in steps:
            match step:
                case Say(text):
                    self._send_text(request, text)
                case Call():
                    self._send_call(model, step, calls)
                    calls += 1
                case Think(text):
                    self._send_event(piece(model, {"reasoning_content": text}))
                case Fail(message):
                    self._send_event({"error": {"message": message, "type": "made_up"}})
                    break
                case Wait():
                    if not self.server.release_of(prompt).acquire(timeout=PATIENCE_S):
                        self.close_connection = True
                        return
                case Cut():
                    # Closed in order, not aborted, so that what was sent does arrive.
                    self.close_connection = True
                    return
        else:
            reason = "tool_calls" if calls else "stop"
            self._send_event(piece(model, {}, finish_reason=reason))
            self._send_event(envelope(model) | {"choices": [], "usage": USAGE})
        self._send_chunk(b"data: [DONE]\n\n")
        self._send_chunk(b"")

    def _begin_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _send_text(self, request: Request, text: str) -> None:
        model = request["model"]
        if "prompt" in request:
            choice = {"index": 0, "text": text}
            self._send_event(envelope(model) | {"choices": [choice]})
        else:
            self._send_event(piece(model, {"content": text}))

    def _send_call(self, model: str, call: Call, index: int) -> None:
        function = {"name": call.name, "arguments": ""}
        begin = {"id": call.id, "type": "function", "index": index, "function": function}
        self._send_event(piece(model, {"tool_calls": [begin]}))
        for part in (call.arguments[:5], call.arguments[5:]):
            more = {"index": index, "function": {"arguments": part}}
            self._send_event(piece(model, {"tool_calls": [more]}))

    def _send_event(self, value: Mapping[str, object]) -> None:
        self._send_chunk(b"data: %b\n\n" % json.dumps(value).encode())

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _send_error(self, status: int, message: str) -> None:
        self._send_object(status, {"error": {"message": message, "type": "made_up", "code": None}})

    def _send_object(self, status: int, value: Mapping[str, object]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def whole(request: Request, steps: Sequence[Step]) -> dict[str, object]:
    """
    Return an answer in one piece.

    Only clients of ``/v1`` ask for one: the daemon has everything else streamed.
    """
    said = [step.text for step in steps if isinstance(step, Say)]
    choice: dict[str, object] = {"index": 0, "finish_reason": "stop"}
    if "prompt" in request:
        choice["text"] = "".join(said)
    else:
        message: dict[str, object] = {"role": "assistant", "content": "".join(said)}
        if thoughts := [step.text for step in steps if isinstance(step, Think)]:
            message["reasoning_content"] = "".join(thoughts)
        if calls := [step for step in steps if isinstance(step, Call)]:
            choice["finish_reason"] = "tool_calls"
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in calls
            ]
        choice["message"] = message
    kind = "text_completion" if "prompt" in request else "chat.completion"
    return envelope(request["model"]) | {"object": kind, "choices": [choice], "usage": USAGE}


def events_of(model: str, steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
    """Yield the events of a response, in which nothing waits or is cut."""
    response = Response(model)
    yield from response.begin()
    if thoughts := [step.text for step in steps if isinstance(step, Think)]:
        yield from response.think("".join(thoughts))
    for step in steps:
        match step:
            case Say(text):
                yield from response.say(text)
            case Call(call_id, name, arguments):
                yield from response.call(call_id, name, arguments)
            case Fail(message):
                yield from response.fail(message)
                return
    yield from response.end()


def piece(
    model: str, delta: Mapping[str, object], finish_reason: str | None = None
) -> dict[str, object]:
    """Return an event with a piece of the answer."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return envelope(model) | {"choices": [choice]}


def envelope(model: str) -> dict[str, object]:
    """Return what every event of an answer begins with."""
    return {
        "id": "chatcmpl-made-up",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": model,
    }


if __name__ == "__main__":
    with Upstream() as upstream:
        print(f"listening on http://127.0.0.1:{upstream.server_port}", flush=True)  # noqa: T201
        upstream.serve_forever()
