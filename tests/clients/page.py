"""
The page ``docs/compatibility.rst``: which client does what.

``python -m tests.clients.page`` writes it, from the results of the last
recorded run, from the catalogue's words on the clients, and from the table of
rules.  A mark is what came of a run; the reasons beside it are the catalogue's.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.clients.catalogue import CATALOGUE
from tests.clients.catalogue.client import Client
from tests.clients.glance import glance
from tests.clients.results import read_results
from tests.clients.rules.page import rules_pages
from tests.clients.rules.table import RULES
from tests.clients.scenarios import SCENARIOS, Scenario

PAGE: Final = Path(__file__).parents[2] / "docs" / "compatibility.rst"

WORKS: Final = "\u2714"
FAILS: Final = "\u2718"
LACKS: Final = "\u2013"

_WIDTH: Final = 110

Results = Mapping[str, Any]
Catalogue = Mapping[str, Sequence[Client]]


def page(results: Results, catalogue: Catalogue) -> str:
    """Return the page in reStructuredText, with a newline at its end."""
    run = [client for group in catalogue.values() for client in group]
    parts = [*_head(results), *_glance(run, results), *_scenarios()]
    for kind, clients in catalogue.items():
        parts += _kind(kind, clients, results)
    parts += rules_pages(RULES, run)
    return "\n".join(parts).rstrip("\n") + "\n"


def _head(results: Results) -> Iterator[str]:
    dates = sorted(entry["date"] for entry in results["clients"].values())
    yield from _title("Compatibility", "=", over=True)
    yield from (".. Made by make compatibility, from runs of the clients.", "")
    yield from _wrapped(
        "Each of these clients was run, in the version that is named and as its users use it, with "
        "the daemon in front of a real LiteLLM and a made-up model behind that. ``make "
        "compatibility`` runs them again and writes this page; this is what came of it on "
        f"{' to '.join(dict.fromkeys([*dates[:1], *dates[-1:]]))}."
    )
    yield from _wrapped(
        "In what is to be set, ``URL`` is the daemon's address, ``http://localhost:11434`` or the "
        "like, and ``MODEL`` the name of one of the gateway's models. Clients that were not run "
        "are `Known by their rules`_: the daemon gives them what they need, as far as one can tell "
        "without running them."
    )


def _glance(run: Sequence[Client], results: Results) -> Iterator[str]:
    yield from _title("At a glance", "=")
    for paragraph in glance(run, results, RULES):
        yield from _wrapped(paragraph, first="* ", blank=False)
    yield ""


def _scenarios() -> Iterator[str]:
    """Yield the section on what stands over the columns, and what it means."""
    yield from _title("What was tried", "=")
    titles = [scenario.title for scenario in SCENARIOS]
    width = max(map(len, titles))
    texts = [f"The client {scenario.what}." for scenario in SCENARIOS]
    bar = f"{'=' * width}  {'=' * max(map(len, texts))}"
    yield bar
    for title, text in zip(titles, texts, strict=True):
        yield f"{title:{width}}  {text}"
    yield from (bar, "")
    yield from _wrapped(
        f"{WORKS} works. {FAILS} does not; the number is that of the reason below the table. "
        f"{LACKS} the client has nothing for it, likewise with its reason."
    )


def _kind(kind: str, clients: Sequence[Client], results: Results) -> Iterator[str]:
    """Yield the section of a kind: its table, the reasons, and each client's settings."""
    yield from _title(kind, "=")
    notes = Notes()
    rows = [
        [client.title, *(_mark(client, scenario, results, notes) for scenario in SCENARIOS)]
        for client in clients
    ]
    yield from _table(["Client", *(scenario.title for scenario in SCENARIOS)], rows)
    for number, reason in enumerate(notes.reasons, 1):
        yield from _wrapped(reason, first=f"{number}. ", blank=False)
    if notes.reasons:
        yield ""
    for client in clients:
        yield client.title
        version = results["clients"][client.name]["version"]
        told = f"``{client.package}`` {version}. {client.settings}"
        yield from _wrapped(told, first="    ", rest="    ")


class Notes:
    """
    The reasons of a table; one that is told twice has one number.

    Attributes:
        reasons: In order; the first is number 1.
    """

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def number_of(self, reason: str) -> int:
        """Return a reason's number."""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return self.reasons.index(reason) + 1


def _mark(client: Client, scenario: Scenario, results: Results, notes: Notes) -> str:
    """
    Return what stands in a table for a client's scenario; the blank in it is no place to break.

    Raises:
        KeyError: It was not run, or it failed and the catalogue does not say why.
    """
    if scenario.name in client.lacks:
        return f"{LACKS}\u00a0{notes.number_of(client.lacks[scenario.name])}"
    if results["clients"][client.name]["scenarios"][scenario.name]:
        return WORKS
    return f"{FAILS}\u00a0{notes.number_of(client.fails[scenario.name].reason)}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table whose heads are parted at blanks, so that the columns stay narrow."""
    words = [head.split() for head in heads]
    tall = max(map(len, words))
    lines = [[word[at] if at < len(word) else "" for word in words] for at in range(tall)]
    columns = list(zip(*lines, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    bar = " ".join("=" * width for width in widths)
    yield bar
    for number, cells in enumerate([*lines, *rows]):
        padded = [f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)]
        yield " ".join(padded).rstrip()
        if number == tall - 1:
            yield bar
    yield from (bar, "")


def _title(text: str, line: str, *, over: bool = False) -> Iterable[str]:
    return [*([line * len(text)] if over else []), text, line * len(text), ""]


def _wrapped(
    text: str, first: str = "", rest: str | None = None, *, blank: bool = True
) -> list[str]:
    """Return a paragraph's lines, and an empty one behind it."""
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*lines, *([""] if blank else [])]


if __name__ == "__main__":
    PAGE.write_text(page(read_results(), CATALOGUE), "utf-8")
