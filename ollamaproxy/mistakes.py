"""Tells an operator of all mistakes at once, so that they need not be found one run at a time."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ollamaproxy.errors import InvalidSetting, InvalidSettings


class Mistakes:
    """Gathers mistakes in settings while the others are looked at, too."""

    def __init__(self, mistakes: Iterable[InvalidSetting] = ()) -> None:
        self._mistakes = list(mistakes)

    def add(self, mistake: InvalidSetting) -> None:
        """Take one more."""
        self._mistakes += mistake.mistakes

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """Take what is raised within, and leave off there."""
        try:
            yield
        except InvalidSetting as error:
            self.add(error)

    def raise_any(self) -> None:
        """
        Do nothing if there are none.

        Raises:
            InvalidSetting: There is one, or there are several.
        """
        if len(self._mistakes) == 1:
            raise self._mistakes[0]
        if self._mistakes:
            raise InvalidSettings(self._mistakes)
