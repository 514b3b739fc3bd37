"""Figures and how they are shown; pure."""

from collections.abc import Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """Return what so large a part of the values does not exceed; NaN if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def simple_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """
    Return a table that reStructuredText calls simple.

    Args:
        head: The columns' names.
        rows: As many cells each, of one line; ``..`` stands for an empty one in the first column.
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join((rule, line(head), rule, *map(line, rows), rule)) + "\n"


def between(text: str, begin: str, end: str, new: str) -> str:
    """
    Return a text whose part between two lines is another one, with a blank line around it.

    Raises:
        ValueError: The text has not both lines, in this order.
    """
    before, found, rest = text.partition(f"{begin}\n")
    _old, found_end, after = rest.partition(f"{end}\n")
    if not found or not found_end:
        raise ValueError(f"there is no {begin!r} with {end!r} after it")
    return f"{before}{begin}\n\n{new.strip()}\n\n{end}\n{after}"
