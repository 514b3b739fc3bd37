"""Each client is given what it needs, though it cannot be run here."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.clients.rules.asking import fault_of
from tests.clients.rules.row import Row
from tests.clients.rules.table import RULES
from tests.litellm.gateway import GatewayTestCase

pytestmark = pytest.mark.litellm


def test_of(row: Row) -> Callable[[GatewayTestCase], None]:
    """Return the test of a row."""

    def test(self: GatewayTestCase) -> None:
        self.assertIsNone(fault_of(row, self.gateway))

    test.__doc__ = f"{row.client} {row.what}."
    return test


test_of.__test__ = False  # type: ignore[attr-defined]  # it is no test itself


def tests_of_all() -> Mapping[str, type[GatewayTestCase]]:
    """Return a class for each kind of client, with a test for each row."""
    cases = {}
    for kind, rows in RULES.items():
        tests: dict[str, Any] = {}
        for row in rows:
            name = f"test_{as_name(row.client)}_{as_name(row.what)}"
            assert name not in tests, f"two rows are {name}"
            tests[name] = test_of(row)
        name = "".join(word.capitalize() for word in as_name(kind).split("_"))
        cases[name] = type(name, (GatewayTestCase,), {**tests, "__module__": __name__})
    return cases


def as_name(text: str) -> str:
    """Return a text as a part of a name."""
    return re.sub(r"\W+", "_", text.lower().replace("'", "")).strip("_")


tests_of_all.__test__ = False  # type: ignore[attr-defined]  # neither is it

globals().update(tests_of_all())
