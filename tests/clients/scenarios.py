"""
What every client is asked to do, and what must come of it.

A client's program reports what it *saw*, a JSON object; each scenario says
which keys that has, and judges them.  The models are those of
``tests/litellm``, under names that :data:`MODELS` gives them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

#: What a program saw: a JSON object.
Sight = Mapping[str, Any]

#: Names for clients, and what tests/litellm/config.yaml calls the model.
MODELS: Final[Mapping[str, str]] = {
    "chat-model": "fake/plain",
    "known-model": "mock-known",
    "tool-model": "fake/tools",
    "form-model": "fake/structured",
    "vision-model": "fake/vision",
    "thinking-model": "fake/reasoning",
    "gap-model": "fake/gap",
    "vector-model": "vectors",
    "breaking-model": "fake/error-chunk",
}

#: What LiteLLM does not know of them.
MODEL_INFO: Final = ("vision-model=vision", "thinking-model=thinking", "gap-model=insert")

#: What ``chat-model`` says, in three pieces: more than ASCII, and more than 16 bits.
GREETING: Final = "Hello world! \u00e9\U0001f600"

#: A red dot.
PNG: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADU"
    "lEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)

SCHEMA: Final = {
    "type": "object",
    "properties": {"length": {"type": "integer"}, "width": {"type": "integer"}},
    "required": ["length", "width"],
    "additionalProperties": False,
}

#: What is called at once, each with ``{"city": "Paris"}``, and what it returns then.
TOOLS: Final[Mapping[str, str]] = {"weather": "rain in Paris", "clock": "noon in Paris"}

Judge = Callable[[Sight], None]


@frozen(kw_only=True)
class Scenario:
    """
    Something that people do with clients.

    Attributes:
        name: A word, for programs and results.
        title: Over a column of the page.
        what: What the client does, after its name, as the end of a sentence.
        asked: What the program is told: ``model`` and what else it needs.
        judge: Looks at what the program saw; raises AssertionError.
    """

    name: str
    title: str
    what: str
    asked: Mapping[str, Any]
    judge: Judge


def equal(seen: object, wanted: object, what: str) -> None:
    """Raise AssertionError, with both, unless they are equal."""
    if seen != wanted:
        raise AssertionError(f"{what}: saw {seen!r}, not {wanted!r}")


def true(holds: object, what: str, seen: object) -> None:
    """Raise AssertionError, with what was seen, unless something holds."""
    if not holds:
        raise AssertionError(f"{what}: saw {seen!r}")


def lists(saw: Sight) -> None:
    """``models``: the names in the client's list; ours are among them, as they are."""
    missing = set(MODELS) - set(saw["models"])
    true(not missing, f"no {', '.join(sorted(missing))} in the list", saw["models"])


def shows(saw: Sight) -> None:
    """``capabilities`` (words of Ollama's), ``context`` (tokens), or both: what it tells."""
    true(saw.keys() & {"capabilities", "context"}, "neither capabilities nor context", saw)
    if "capabilities" in saw:
        wanted = {"completion", "tools", "vision"}
        equal(wanted - set(saw["capabilities"]), set(), "capabilities that are missing")
    if "context" in saw:
        equal(saw["context"], 70_000, "the context length")


def greets(saw: Sight) -> None:
    """``text``: the whole answer."""
    equal(saw["text"], GREETING, "the answer")


def greets_in_pieces(saw: Sight) -> None:
    """``pieces``: the answer's pieces that are not empty, as they came."""
    equal("".join(saw["pieces"]), GREETING, "the answer")
    true(len(saw["pieces"]) > 1, "it came in one piece", saw["pieces"])


def uses_tools(saw: Sight) -> None:
    """``calls``: ``[name, arguments]`` of each call; ``text``: what the model said in the end."""
    equal(
        sorted(([name, arguments] for name, arguments in saw["calls"]), key=lambda call: call[0]),
        sorted([name, {"city": "Paris"}] for name in TOOLS),
        "the calls",
    )
    equal(saw["text"], f"The tools said: {', '.join(TOOLS.values())}.", "the answer")


def fills_form(saw: Sight) -> None:
    """``value``: the answer as JSON, parsed."""
    equal(saw["value"], {"length": 4, "width": 4}, "the form")


def sees(saw: Sight) -> None:
    """``text``: the answer."""
    equal(saw["text"], "What is it? A image/png.", "the answer")


def thinks(saw: Sight) -> None:
    """``thinking`` and ``text``: the thoughts, and the answer without them."""
    equal(saw["thinking"], "Let me think.", "the thoughts")
    equal(saw["text"], "Answer: 4.", "the answer")


def fills_gap(saw: Sight) -> None:
    """``text``: what is between."""
    equal(saw["text"], "<def add(|return>", "the gap")


def embeds(saw: Sight) -> None:
    """``vectors``: one for each text; of whatever length, for some clients want it to be 1."""
    directions = [direction(vector) for vector in saw["vectors"]]
    equal(directions, [direction((3, 3, 4)), direction((5, 3, 4))], "the vectors, as directions")


def direction(vector: Sequence[float]) -> list[float]:
    """Return a vector of length 1, to four digits."""
    length = math.hypot(*vector)
    return [round(number / length, 4) for number in vector]


def is_refused(saw: Sight) -> None:
    """``error``: the text of what the client raises or prints."""
    true("no-such-model" in saw["error"], "the model is not named", saw["error"])
    true("not found" in saw["error"], "it is not said to be not found", saw["error"])


def breaks(saw: Sight) -> None:
    """``error``: what the client raises or prints when the stream breaks; ``None`` if nothing."""
    true(saw["error"] is not None, "the broken answer passes for a whole one", saw)
    true("CUDA out of memory" in saw["error"], "the reason is not told", saw["error"])


SCENARIOS: Final = (
    Scenario(
        name="list",
        title="list",
        what="lists the models by the gateway's names",
        asked={},
        judge=lists,
    ),
    Scenario(
        name="show",
        title="show",
        what="learns what a model can do",
        asked={"model": "known-model"},
        judge=shows,
    ),
    Scenario(
        name="chat",
        title="chat",
        what="gets a whole answer",
        asked={"model": "chat-model", "prompt": "Hello?"},
        judge=greets,
    ),
    Scenario(
        name="stream",
        title="stream",
        what="gets an answer piece by piece",
        asked={"model": "chat-model", "prompt": "Hello?"},
        judge=greets_in_pieces,
    ),
    Scenario(
        name="tools",
        title="tools",
        what="calls two tools and tells the model what they returned",
        asked={"model": "tool-model", "prompt": "How is Paris?", "tools": TOOLS},
        judge=uses_tools,
    ),
    Scenario(
        name="structured",
        title="schema",
        what="gets an answer in the form of a schema",
        asked={"model": "form-model", "prompt": "How large?", "schema": SCHEMA},
        judge=fills_form,
    ),
    Scenario(
        name="image",
        title="image",
        what="shows a picture",
        asked={"model": "vision-model", "prompt": "What is it?", "png": PNG},
        judge=sees,
    ),
    Scenario(
        name="thinking",
        title="thinking",
        what="keeps the thoughts apart from the answer",
        asked={"model": "thinking-model", "prompt": "2 + 2?"},
        judge=thinks,
    ),
    Scenario(
        name="fill",
        title="fill in",
        what="has a gap filled",
        asked={"model": "gap-model", "prefix": "def add(", "suffix": "return"},
        judge=fills_gap,
    ),
    Scenario(
        name="embeddings",
        title="embed",
        what="embeds two texts",
        asked={"model": "vector-model", "texts": ["one", "three"]},
        judge=embeds,
    ),
    Scenario(
        name="unknown",
        title="unknown model",
        what="says so when there is no such model",
        asked={"model": "no-such-model", "prompt": "Hello?"},
        judge=is_refused,
    ),
    Scenario(
        name="broken",
        title="broken stream",
        what="says so when an answer breaks off",
        asked={"model": "breaking-model", "prompt": "Hello?"},
        judge=breaks,
    ),
)
