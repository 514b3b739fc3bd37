"""The rows, by the kind of client."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.clients.rules.row import Row
from tests.clients.rules.table.jetbrains import JETBRAINS

#: Headings of the page, and the rows under each.
RULES: Final[Mapping[str, Sequence[Row]]] = {
    "JetBrains": JETBRAINS,
}

ROWS: Final = tuple(row for rows in RULES.values() for row in rows)
