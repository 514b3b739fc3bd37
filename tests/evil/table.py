"""Tables of cases: every row becomes a test of its own."""

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, TypeVar

from tests.case import ReactorCase, on_reactor
from tests.evil.known import KNOWN_FAILURES


class Row(Protocol):
    """A case of a table."""

    @property
    def what(self) -> str:
        """What it does, in a few words; the test is named for it."""


R = TypeVar("R", bound=Row)
C = TypeVar("C", bound=ReactorCase)


def rows(
    table: Iterable[R], prefix: str, check: Callable[[Any, R], Coroutine[Any, Any, None]]
) -> Callable[[type[C]], type[C]]:
    """
    Return what gives a class a test for every row of a table.

    Args:
        table: The rows.
        prefix: Of the tests' names.
        check: The test; gets the test case and the row.
    """

    def decorate(case: type[C]) -> type[C]:
        for row in table:
            name = f"{prefix}_{slug(row.what)}"
            assert not hasattr(case, f"test_{name}"), f"two rows are called {name}"
            setattr(case, f"test_{name}", _test(name, row, check))
        return case

    return decorate


def slug(text: str) -> str:
    """Return a text as a part of a name."""
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def _test(
    name: str, row: R, check: Callable[[Any, R], Coroutine[Any, Any, None]]
) -> Callable[[Any], Any]:
    async def test(self: Any) -> None:
        await check(self, row)

    test.__name__ = f"test_{name}"
    test.__doc__ = row.what
    return known(name)(on_reactor(test))


T = TypeVar("T", bound=Callable[..., Any])


def known(name: str) -> Callable[[T], T]:
    """Return what marks a test that must fail, if it is listed as such."""

    def mark(test: T) -> T:
        if name in KNOWN_FAILURES:
            test.todo = KNOWN_FAILURES[name]  # type: ignore[attr-defined]  # trial looks for it
        return test

    return mark
