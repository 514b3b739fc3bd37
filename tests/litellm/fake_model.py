"""
What the model behind the gateway says, by its name: scripts, reactions, and refusals.

Standard library only, and nothing of ollamaproxy's, as for ``fake_upstream``.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final


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
