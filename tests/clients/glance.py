"""The part of the compatibility page that answers whether somebody's client works."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tests.clients.catalogue.client import Client
from tests.clients.rules.page import was_run
from tests.clients.rules.row import Row
from tests.clients.scenarios import SCENARIOS


def glance(
    run: Sequence[Client], results: Mapping[str, Any], rules: Mapping[str, Sequence[Row]]
) -> Iterator[str]:
    """
    Yield paragraphs: which clients work, which do but for something, and which were not run.

    Args:
        run: The catalogue's.
        results: What came of the runs.
        rules: The table of rules; its clients of the catalogue's are left out.
    """
    failing = {client.title: list(_failing(client, results)) for client in run}
    good = [title for title, lost in failing.items() if not lost]
    if good:
        yield f"**Run, and all that they have works**: {'; '.join(good)}."
    bad = [f"{title} ({', '.join(lost)})" for title, lost in failing.items() if lost]
    if bad:
        yield f"**Run, and works but for what is in parentheses**: {'; '.join(bad)}."
    told: set[str] = set()  # some stand in two tables
    for kind, rows in rules.items():
        if names := [name for name in _not_run(rows, run) if name not in told]:
            told.update(names)
            yield f"**By their rules: {kind}.** {', '.join(names)}."


def _failing(client: Client, results: Mapping[str, Any]) -> Iterable[str]:
    outcomes = results["clients"][client.name]["scenarios"]
    return (scenario.title for scenario in SCENARIOS if outcomes.get(scenario.name) is False)


def _not_run(rows: Sequence[Row], run: Sequence[Client]) -> Iterable[str]:
    names = dict.fromkeys(name for row in rows for name in row.clients)
    return (name for name in names if not was_run(name, run))
