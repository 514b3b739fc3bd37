"""How the benchmarks' figures are made and shown."""

import math

from benchmarks.figures import between, percentile, simple_table
from tests.case import Case


class Percentiles(Case):
    def test_it_is_one_of_the_values(self) -> None:
        """So large a part of the values is at most as large, whatever their order."""
        values = [float(number) for number in reversed(range(100))]
        self.assertEqual([percentile(values, part) for part in (0.0, 0.5, 0.99)], [0, 50, 99])

    def test_the_whole_is_the_largest(self) -> None:
        """All values are at most as large as the largest."""
        self.assertEqual(percentile([2.0, 3.0, 1.0], 1.0), 3.0)

    def test_nothing_has_none(self) -> None:
        """Without values it is no number, which no promise holds for."""
        self.assertTrue(math.isnan(percentile([], 0.5)))


class Tables(Case):
    def test_columns_are_as_wide_as_what_is_in_them(self) -> None:
        """A table is what reStructuredText calls a simple one, no blanks at ends of lines."""
        table = simple_table(("work", "took"), (("a burst", "31 us"), ("start", "")))
        expected = """\
=======  =====
work     took
=======  =====
a burst  31 us
start
=======  =====
"""
        self.assertEqual(table, expected)


class Replacements(Case):
    def test_only_what_is_between_the_lines_changes(self) -> None:
        """The lines stay, so that the next table finds its place, too."""
        text = "above\n.. begin\nold\n.. end\nbelow\n"
        expected = "above\n.. begin\n\nnew\n\n.. end\nbelow\n"
        self.assertEqual(between(text, ".. begin", ".. end", "new\n"), expected)
        self.assertEqual(between(expected, ".. begin", ".. end", "new\n"), expected)

    def test_there_is_no_place(self) -> None:
        """A text without such lines is not guessed at."""
        for text in ("", ".. begin\n", ".. end\n.. begin\n"):
            with self.subTest(text=text):
                self.assertRaises(ValueError, between, text, ".. begin", ".. end", "new")
