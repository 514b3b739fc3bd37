"""
The model behind the gateway: an OpenAI-compatible server that fails on request.

The model's name in a request picks what happens; :data:`SCRIPTS` and
:data:`REFUSALS` have a row for each.  Run it with no arguments: it chooses a
port, says ``listening on http://127.0.0.1:PORT`` and serves until it is ended.

Standard library only, and nothing of ollamaproxy's: a mistake in its codecs
should show up here, not be shared.
"""

import json
import struct
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Semaphore
from typing import Any, Final
from urllib.parse import unquote

#: How long a stream waits to be released, in seconds, before it is given up.
PATIENCE_S: Final = 30.0

#: In characters, of which each is a token to ``vectors``.
LONGEST_TEXT: Final = 50

USAGE: Final = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass
class Say:
    """Send a piece of the answer."""

    text: str


@dataclass
class Think:
    """Send a piece of the thoughts before the answer."""

    text: str


@dataclass
class Wait:
    """Send nothing until ``POST /release/PROMPT``, where PROMPT is the request's last message."""


@dataclass
class Fail:
    """Report an error where the next piece should be, and end the stream in order."""

    message: str


@dataclass
class Cut:
    """Close the connection in the middle of the body."""


@dataclass
class Call:
    """Call a tool, in fragments."""

    id: str
    name: str
    arguments: str


Step = Say | Think | Wait | Fail | Cut | Call

Request = Mapping[str, Any]

#: What is sent, step by step.  A script that runs to its end is followed by
#: finish_reason "stop" and the usage.
SCRIPTS: Final[Mapping[str, tuple[Step, ...]]] = {
    "plain": (Say("Hello"), Say(" world"), Say("! \u00e9\U0001f600")),
    "paced": (Say("one"), Wait(), Say(" two"), Wait(), Say(" three"), Wait()),
    "reasoning": (Think("Let me "), Think("think."), Say("Answer"), Say(": 4.")),
    # Without the wait LiteLLM would see the cut first, and forget what came before it.
    "cut": (Say("one"), Say(" two"), Wait(), Cut()),
    "error-chunk": (Say("one"), Say(" two"), Fail("CUDA out of memory")),
}


def use_tools(request: Request) -> tuple[Step, ...]:
    """Call two tools for a question, and tell what they returned once they have."""
    results = [m["content"] for m in request["messages"] if m["role"] == "tool"]
    if results:
        return (Say(f"The tools said: {', '.join(results)}."),)
    names = [tool["function"]["name"] for tool in request.get("tools", ())]
    return tuple(Call(f"call_{name}", name, '{"city": "Paris"}') for name in names)


def look(request: Request) -> tuple[Step, ...]:
    """Say what kind of picture came with the question."""
    contents = [message["content"] for message in request["messages"]]
    # Some clients send the picture in a message before the question.
    parts = [part for content in contents if isinstance(content, list) for part in content]
    picture = next(part for part in parts if part["type"] == "image_url")
    kind = picture["image_url"]["url"].partition(";base64,")[0].removeprefix("data:")
    question = contents[-1]
    if isinstance(question, list):
        question = next(part["text"] for part in question if part["type"] == "text")
    return (Say(f"{question} A {kind}."),)


def fill_form(request: Request) -> tuple[Step, ...]:
    """Give a number for each property of the schema that was asked for."""
    form = request["response_format"]["json_schema"]
    return (Say(json.dumps(dict.fromkeys(form["schema"]["properties"], 4))),)


def fill_gap(request: Request) -> tuple[Step, ...]:
    """Say what stands before and behind the gap."""
    return (Say(f"<{request['prompt']}|"), Say(f"{request['suffix']}>"))


#: What depends on the request.
REACTIONS: Final[Mapping[str, Callable[[Request], tuple[Step, ...]]]] = {
    "tools": use_tools,
    "vision": look,
    "structured": fill_form,
    "gap": fill_gap,
}

#: What is refused before anything is sent: status and message.
REFUSALS: Final[Mapping[str, tuple[int, str]]] = {
    "rate-limited": (429, "Rate limit reached for requests"),
}


class Upstream(ThreadingHTTPServer):
    """The server; its requests are answered in threads."""

    daemon_threads = True

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
        """Answer in OpenAI's newer protocol: one message of one text."""
        text = "Hello from the coder."
        part = {"type": "output_text", "text": text, "annotations": []}
        item = {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [part],
        }
        begun: dict[str, Any] = {
            "id": "resp_1",
            "object": "response",
            "created_at": 1700000000,
            "status": "in_progress",
            "model": request["model"],
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "temperature": 1.0,
            "top_p": 1.0,
        }
        usage = {
            "input_tokens": 11,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 18,
        }
        ended = {**begun, "status": "completed", "output": [item], "usage": usage}
        if not request.get("stream"):
            self._send_object(200, ended)
            return
        where = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        empty = {**item, "status": "in_progress", "content": []}
        events: tuple[tuple[str, dict[str, Any]], ...] = (
            ("response.created", {"response": begun}),
            ("response.in_progress", {"response": begun}),
            ("response.output_item.added", {"output_index": 0, "item": empty}),
            ("response.content_part.added", {**where, "part": {**part, "text": ""}}),
            ("response.output_text.delta", {**where, "delta": text[:6], "logprobs": []}),
            ("response.output_text.delta", {**where, "delta": text[6:], "logprobs": []}),
            ("response.output_text.done", {**where, "text": text, "logprobs": []}),
            ("response.content_part.done", {**where, "part": part}),
            ("response.output_item.done", {"output_index": 0, "item": item}),
            ("response.completed", {"response": ended}),
        )
        self._begin_stream()
        for number, (kind, event) in enumerate(events):
            self._send_event({"type": kind, "sequence_number": number, **event})
        self._send_chunk(b"")

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


def fault_in(messages: Iterable[Mapping[str, Any]]) -> str | None:
    """Return what a strict backend has against a conversation; ``None`` if nothing."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                return "a tool's message must answer a call before it"
            waiting.remove(message["tool_call_id"])
        elif waiting:
            return f"tool calls without results: {waiting}"
        waiting += [call["id"] for call in message.get("tool_calls") or ()]
    return f"tool calls without results: {waiting}" if waiting else None


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
