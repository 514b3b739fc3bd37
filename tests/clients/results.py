"""What came of running the clients, in ``results.json``, where the page has it from."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from attrs import Factory, define, field

from tests.clients.catalogue import CLIENTS
from tests.clients.catalogue.client import Client
from tests.clients.scenarios import Scenario

RESULTS: Final = Path(__file__).with_name("results.json")

#: Set by ``make compatibility``; the results of a run go into the file that it names.
VARIABLE: Final = "OLLAMAPROXY_TEST_RESULTS"


def read_results() -> Mapping[str, Any]:
    """
    Return the results of each client's last recorded run.

    ``{"clients": {NAME: {"date": "2026-11-26", "version": ..., "scenarios": {NAME: bool}}}}``.
    """
    results: Mapping[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return results


@define
class Recorder:
    """
    Keeps results as they come.

    Attributes:
        path: Where to; ``None`` for nowhere.
        clients: By their names, all of them.
    """

    path: Path | None
    clients: dict[str, dict[str, Any]] = Factory(dict)
    _begun: dict[str, dict[str, Any]] = field(factory=dict, init=False)

    @classmethod
    def from_environment(cls) -> Self:
        """
        Return one for the file that the variable names.

        What was recorded there of clients that are not run this time stays, as
        long as the catalogue has them.
        """
        told = os.environ.get(VARIABLE)
        if not told:
            return cls(None)
        path = Path(told).absolute()
        recorded = json.loads(path.read_text("utf-8"))["clients"] if path.exists() else {}
        names = {client.name for client in CLIENTS}
        return cls(path, {name: entry for name, entry in recorded.items() if name in names})

    def record(
        self, client: Client, version: str | None, scenario: Scenario, *, works: bool
    ) -> None:
        """Keep a result, and write all that there are: a run may end at any time."""
        today = datetime.now(UTC).date().isoformat()
        begun: dict[str, Any] = {"date": today, "version": version, "scenarios": {}}
        entry = self._begun.setdefault(client.name, begun)
        entry["scenarios"][scenario.name] = works
        self.clients[client.name] = entry
        if self.path is not None:
            told = {"clients": self.clients}
            self.path.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
