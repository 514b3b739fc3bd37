"""
What does not hold yet: the one list of rows that fail, each with the reason.

A row that is listed is run all the same, and must fail: the fix takes it off.
"""

from typing import Final

#: By the name of the test method, without ``test_``.
KNOWN_FAILURES: Final[dict[str, str]] = {}
