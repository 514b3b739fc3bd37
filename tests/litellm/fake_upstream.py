"""
The model behind the gateway: an OpenAI-compatible server that fails on request.

The model's name in a request picks what happens; :data:`SCRIPTS` and
:data:`REFUSALS` have a row for each.  Run it as a module with no arguments: it
chooses a port, says ``listening on http://127.0.0.1:PORT`` and serves until it is ended.

Standard library only, and nothing of ollamaproxy's: a mistake in its codecs
should show up here, not be shared.
"""

import json
import re
import struct
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Semaphore
from typing import Any, Final
from urllib.parse import unquote

from tests.litellm.fake_responses import Response, as_chat

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
    "coder": (Say("Hello "), Say("from the coder.")),
    "error-chunk": (Say("one"), Say(" two"), Fail("CUDA out of memory")),
}


def use_tools(request: Request) -> tuple[Step, ...]:
    """
    Call two tools for a question, and tell what they returned once they have: their last lines.

    Of an agent's tools, one that runs commands is called, for each command of
    the question's that is in backquotes and begins with a dot and a slash.
    """
    messages = request["messages"]
    results = [text_of(message).splitlines()[-1] for message in messages if is_result(message)]
    if results:
        return (Say(f"The tools said: {', '.join(results)}."),)
    tools = [tool["function"] for tool in request.get("tools", ())]
    shell = next((tool for tool in tools if tool["name"].lower() in SHELLS), None)
    if shell is None:
        names = [tool["name"] for tool in tools]
        return tuple(Call(f"call_{name}", name, '{"city": "Paris"}') for name in names)
    asked = [text_of(message) for message in messages if message["role"] == "user"]
    commands = re.findall(r"`(\./[^`]+)`", "\n".join(asked))
    return tuple(
        Call(f"call_{number}", shell["name"], json.dumps(arguments_of(shell, command)))
        for number, command in enumerate(commands)
    )


def is_result(message: Mapping[str, Any]) -> bool:
    """Return whether a message is what a tool returned."""
    return bool(message["role"] == "tool")


def text_of(message: Mapping[str, Any]) -> str:
    """Return a message's text, which may be in parts."""
    content = message["content"]
    if isinstance(content, str):
        return content.strip()
    return "\n".join(part["text"] for part in content if part["type"] == "text").strip()


def arguments_of(shell: Mapping[str, Any], command: str) -> dict[str, object]:
    """Return arguments as a tool's schema wants them, so that it runs a command."""
    parameters = shell["parameters"]
    arguments: dict[str, object] = dict.fromkeys(parameters.get("required", ()), "to learn it")
    name = next(name for name in parameters["properties"] if name in {"command", "cmd"})
    is_list = parameters["properties"][name]["type"] == "array"
    arguments[name] = ["sh", "-c", command] if is_list else command
    return arguments


def look(request: Request) -> tuple[Step, ...]:
    """
    Say what kind of picture came with the question, which is the last text that is one.

    Agents and libraries put words of theirs around it, on other lines.
    """
    contents = [message["content"] for message in request["messages"]]
    texts = [content for content in contents if isinstance(content, str)]
    pictures = []
    for part in (part for content in contents if isinstance(content, list) for part in content):
        if part["type"] == "text":
            texts.append(part["text"])
        else:
            pictures.append(part["image_url"]["url"])
    kind = pictures[-1].partition(";base64,")[0]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    whole = [text.strip() for text in texts if text.strip().endswith("?")]
    question = (whole or [line for line in lines if line.endswith("?")])[-1].splitlines()[-1]
    return (Say(f"{question} A {kind.removeprefix('data:')}."),)


def fill_form(request: Request) -> tuple[Step, ...]:
    """Give a number for each property of the schema: that of the answer, or of an agent's tool."""
    if "response_format" in request:
        schema = request["response_format"]["json_schema"]["schema"]
        return (Say(json.dumps(dict.fromkeys(schema["properties"], 4))),)
    if is_result(request["messages"][-1]):
        return (Say("The form is filled."),)
    tools = [tool["function"] for tool in request["tools"]]
    [form] = [tool for tool in tools if tool["name"] == "StructuredOutput"]
    filled = dict.fromkeys(form["parameters"]["properties"], 4)
    return (Call("call_form", form["name"], json.dumps(filled)),)


def fill_gap(request: Request) -> tuple[Step, ...]:
    """Say what stands before and behind the gap."""
    return (Say(f"<{request['prompt']}|"), Say(f"{request['suffix']}>"))


def echo(request: Request) -> tuple[Step, ...]:
    """Say the request itself, as JSON."""
    return (Say(json.dumps(request)),)


#: What depends on the request.
REACTIONS: Final[Mapping[str, Callable[[Request], tuple[Step, ...]]]] = {
    "tools": use_tools,
    "vision": look,
    "structured": fill_form,
    "gap": fill_gap,
    "echo": echo,
}

#: What agents call the tool that runs commands, in lower case.
SHELLS: Final = frozenset({"bash", "exec_command", "shell", "shell_command"})

#: What is refused before anything is sent: status and message.
REFUSALS: Final[Mapping[str, tuple[int, str]]] = {
    "rate-limited": (429, "Rate limit reached for requests"),
}


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
