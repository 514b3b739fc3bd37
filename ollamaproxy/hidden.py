"""A text that is used and never shown."""

from collections.abc import Iterable

from attrs import frozen


@frozen(repr=False)
class Hidden:
    """
    A text of an operator's that must never be printed, such as a password.

    Its ``repr`` and ``str`` are masked, so that it cannot slip into a log, an
    error or a traceback; the one place that needs the text asks for ``text``.
    """

    text: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    __str__ = __repr__

    def masked_in(self, text: str) -> str:
        """Return ``text`` with every appearance of the hidden one replaced by ``***``."""
        return text.replace(self.text, "***")


def longest_first(texts: Iterable[Hidden | None]) -> list[Hidden]:
    """Return each of them once, the longest in front: one may begin like another."""
    known = {it.text: it for it in texts if it is not None}
    return sorted(known.values(), key=lambda it: -len(it.text))
