"""Where the admin resources have their reports from: this process, or several."""

from collections.abc import Callable
from typing import Protocol

from ollamaproxy.observing.report import Report


class Reports(Protocol):
    """Knows what there is to tell."""

    async def fresh(self) -> Report:
        """Return the report of now; it may take a moment to have it."""

    def latest(self) -> Report:
        """Return the newest that there is, without waiting."""


class OwnReports:
    """The reports of this process, which need no waiting."""

    def __init__(self, collect: Callable[[], Report]) -> None:
        """
        Tell.

        Args:
            collect: Returns the report of now.
        """
        self._collect = collect

    async def fresh(self) -> Report:
        """Implement Reports."""
        return self._collect()

    def latest(self) -> Report:
        """Implement Reports."""
        return self._collect()
