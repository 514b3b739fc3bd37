"""What a client needs of an answer's body: the form of a stream, and what is in it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tests.clients.rules.heads import Need, exact_type, media_type, status
from tests.clients.rules.values import Rule, sentence
from tests.clients.rules.wire import Answer
from tests.clients.scenarios import equal, true


def ascii_only() -> Need:
    """No byte above 127."""

    def check(answer: Answer) -> None:
        true(answer.body.isascii(), "there is more than ASCII", answer.body)

    return Need("ASCII only", check)


def clean_lines() -> Need:
    """A newline behind every line, and no empty ones."""

    def check(answer: Answer) -> None:
        *lines, rest = answer.body.split(b"\n")
        equal(rest, b"", "what is behind the last newline")
        true(lines and all(map(bytes.strip, lines)), "there is an empty line", answer.body)

    return Need("each line ends in a newline, and none is empty", check)


def whole_writes() -> Need:
    """Each chunk is whole lines: some clients parse what they read without waiting for more."""

    def check(answer: Answer) -> None:
        true(len(answer.chunks) > 1, "it came in one piece", answer.chunks)
        true(all(one.endswith(b"\n") for one in answer.chunks), "a line is parted", answer.chunks)

    return Need("each line is in one write", check)


def ends_when_done() -> Need:
    """The one line with ``done: true`` is the last."""

    def check(answer: Answer) -> None:
        done = [line.get("done") for line in answer.lines()]
        equal(done, [False] * (len(done) - 1) + [True], "done, line by line")

    return Need("``done`` is true in the last line and false before", check)


def breaks_off(message: str) -> Need:
    """The last line is an error, and no line is done."""

    def check(answer: Answer) -> None:
        *lines, last = answer.lines()
        true(lines, "nothing came before", last)
        equal(list(last), ["error"], "the keys of the last line")
        true(message in last["error"], f"not {message}", last)
        true(not any(line["done"] for line in lines), "a line is done", lines)

    return Need(f"the last line is ``error`` alone, with ``{message}``; no line is done", check)


def thoughts_first() -> Need:
    """Lines with ``thinking`` have no text, and come before those that have some."""

    def check(answer: Answer) -> None:
        parts = [line["message"] for line in answer.lines()]
        thinks = [bool(part.get("thinking")) for part in parts]
        true(any(thinks), "no thoughts", parts)
        equal(thinks, sorted(thinks, reverse=True), "which lines think")
        both = [part for part in parts if part.get("thinking") and part["content"]]
        equal(both, [], "text beside thoughts")

    return Need("lines with ``thinking`` come first, with ``content`` empty", check)


def says(wanted: str, path: Sequence[str] = ("message", "content")) -> Need:
    """The text of all lines, put together; none of it comes with the last."""

    def check(answer: Answer) -> None:
        equal("".join(_texts(answer.lines(), path)), wanted, "the text")
        equal(_texts(answer.lines(), path)[-1], "", "the text of the last line")

    said = json.dumps(wanted, ensure_ascii=False)[1:-1].replace('\\"', '"')
    return Need(f"the text is ``{said}``, whole before the last line", check)


def _texts(lines: Sequence[Any], path: Sequence[str]) -> list[str]:
    texts = []
    for line in lines:
        value = line
        for key in path:
            value = value[key]
        texts.append(value)
    return texts


def reply(*rules: Rule) -> Need:
    """A body of JSON, and what holds of it."""
    return _need("", rules, lambda answer: [json.loads(answer.body)])


def every_line(*rules: Rule) -> Need:
    """What holds of each line of a stream."""
    return _need("in every line ", rules, Answer.lines)


def last_line(*rules: Rule) -> Need:
    """What holds of the last one."""
    return _need("in the last line ", rules, lambda answer: answer.lines()[-1:])


def call_line(*rules: Rule) -> Need:
    """What holds of the one line with tool calls; it is not the last."""

    def pick(answer: Answer) -> list[Any]:
        *lines, last = answer.lines()
        true("tool_calls" not in last["message"], "the last line has calls", last)
        calling = [line for line in lines if "tool_calls" in line["message"]]
        equal(len(calling), 1, "lines with calls")
        return calling

    return _need("all calls are in one line before the last, in which ", rules, pick)


def every_event(*rules: Rule) -> Need:
    """What holds of each event of a stream of events."""
    return _need("in every event ", rules, Answer.events)


def first_call_event(*rules: Rule) -> Need:
    """What holds of the first event with a tool call."""

    def pick(answer: Answer) -> list[Any]:
        told = [one for one in answer.events() if one["choices"]]
        return [one for one in told if one["choices"][0]["delta"].get("tool_calls")][:1]

    return _need("in the first event with a call ", rules, pick)


def last_event(*rules: Rule) -> Need:
    """What holds of the last one."""
    return _need("in the last event ", rules, lambda answer: answer.events()[-1:])


def end_mark() -> Need:
    """What OpenAI's streams end in."""

    def check(answer: Answer) -> None:
        true(answer.body.endswith(b"data: [DONE]\n\n"), "no end mark", answer.body)

    return Need("the stream ends in ``[DONE]``", check)


def event_types(*wanted: str) -> Need:
    """The ``type`` of the events begins and ends with these, and has all of them in order."""

    def check(answer: Answer) -> None:
        told = [one["type"] for one in answer.events()]
        equal([one for one in told if one in wanted], list(wanted), "the types of events")
        equal((told[0], told[-1]), (wanted[0], wanted[-1]), "the first and the last")

    return Need(f"events {', '.join(f'``{one}``' for one in wanted)}", check)


def reaches_model(*rules: Rule) -> Need:
    """What holds of the request that came to the model, which ``echo`` says back."""

    def pick(answer: Answer) -> list[Any]:
        if answer.headers["content-type"].startswith("text/event-stream"):
            told = [one["choices"][0]["delta"] for one in answer.events() if one["choices"]]
            texts = [one.get("content") or "" for one in told]
        else:
            texts = [line["message"]["content"] for line in answer.lines()]
        return [json.loads("".join(texts))]

    return _need("of what reaches the model: ", rules, pick)


def refuses(number: int, message: str) -> Sequence[Need]:
    """A status and one text, in JSON, before anything else."""
    return (status(number), media_type("application/json"), reply(_error_with(message)))


def _error_with(message: str) -> Rule:
    def check(value: Any) -> None:
        true(isinstance(value.get("error"), str), "error is no string", value)
        true(message in value["error"], f"not {message}", value)

    return Rule(f"``error`` is a string with ``{message}``", check)


def _need(where: str, rules: Sequence[Rule], pick: Callable[[Answer], Sequence[Any]]) -> Need:
    def check(answer: Answer) -> None:
        values = pick(answer)
        true(values, f"there is nothing to look at {where}", answer.body)
        for value in values:
            for rule in rules:
                rule.check(value)

    return Need(where + sentence(rules), check)


def _all(says: str, *needs: Need) -> Sequence[Need]:
    """Return several needs as one, under a name of its own."""

    def check(answer: Answer) -> None:
        for need in needs:
            need.check(answer)

    return (Need(says, check),)


#: What is meant by the names below, for the page.
FORMS: Final[Mapping[str, Sequence[Need]]] = {
    "plain JSON": (status(200), media_type("application/json")),
    "a stream of lines": (
        *(status(200), exact_type("application/x-ndjson")),
        *(clean_lines(), ends_when_done()),
    ),
    "a stream of events": (status(200), media_type("text/event-stream"), end_mark()),
}

JSON, LINES, EVENTS = (_all(name, *needs) for name, needs in FORMS.items())
