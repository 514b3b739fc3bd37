"""The part of the compatibility page that tells of rules."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.rules.answers import FORMS
from tests.clients.rules.row import EVERY, Row, Step

_WIDTH: Final = 110

#: What the catalogue calls a client, if that is neither its title nor its name here.
ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "AI SDK (ollama-ai-provider-v2)": ("ollama-ai-provider-v2",),
    "Continue (cn)": ("continue-cli",),
    "LangChain (Python)": ("langchain-ollama",),
    "LiteLLM": ("litellm-ollama-chat", "litellm-ollama"),
    "ollama (the program)": ("ollama-cli",),
}

Rules = Mapping[str, Sequence[Row]]


def rules_pages(rules: Rules, run: Sequence[Client]) -> Iterator[str]:
    """Yield the lines of the sections on clients that were not run, and on those that were."""
    yield from _title("Known by their rules", "=")
    yield from _wrapped(
        "The clients in this section were **not run**: they are not to be had for a test, or need "
        "a screen. What they send and what they cannot do without was put down from their sources, "
        "from what people report who have built or used other servers for them, and from "
        "recordings. The tests send just these requests to the daemon, in front of a real LiteLLM, "
        "and see to it that each answer has what the client needs."
    )
    for name, needs in FORMS.items():
        told = "; ".join(need.says for need in needs)
        yield from _wrapped(f"*{name[0].upper()}{name[1:]}* is: {told}.")
    yield from _tables(rules, run, were_run=False)
    yield from _title("Rules of clients that are run as well", "=")
    yield from _wrapped(
        "For these there are rules, too: a run shows that one release works, a rule says what it "
        "and others would break on."
    )
    yield from _tables(rules, run, were_run=True)


def was_run(name: str, run: Sequence[Client]) -> bool:
    """Return whether a client is in the catalogue, by its title, its name, or an alias."""
    known = {_plain(told) for client in run for told in (client.title, client.name)}
    return any(_plain(called) in known for called in (name, *ALIASES.get(name, ())))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _tables(rules: Rules, run: Sequence[Client], *, were_run: bool) -> Iterator[str]:
    for kind, all_rows in rules.items():
        rows = [
            (names, row)
            for row in all_rows
            if (names := [name for name in row.clients if was_run(name, run) is were_run])
        ]
        if not rows:
            continue
        # Two sections have the same kinds, and a title may stand on a page once.
        yield from _title(f"{kind}: by rules and run" if were_run else f"{kind}: by rules", "-")
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: 30 70", "")
        yield from ("   * - What the client does", "     - What it asks, and needs of the answer")
        for names, row in rows:
            how = f" ({row.daemon.value})" if row.daemon.value else ""
            yield from _item(f"**{', '.join(names)}** {row.what}{how}.", "   * - ")
            for number, step in enumerate(row.steps):
                yield from _item(_told(step), "     - - " if number == 0 else "       - ")
        yield ""


def _told(step: Step) -> str:
    """Return what a step asks and needs."""
    every = EVERY in repr(step.call.body)
    how = [" of every model"] if every else []
    if step.at_once > 1:
        how.append(f", {step.at_once} at a time")
    needs = "; ".join(need.says for need in step.needs)
    return f"``{step.call.line}``{''.join(how)}: {needs}."


def _item(text: str, first: str) -> list[str]:
    return _lines(text, first, " " * len(first))


def _wrapped(text: str) -> list[str]:
    return [*_lines(text, "", ""), ""]


def _lines(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _title(text: str, line: str) -> list[str]:
    return [text, line * len(text), ""]
