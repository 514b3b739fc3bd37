"""
When Python's collector of garbage works.

It goes through all objects again and again while there are more of them, and a start
makes a hundred thousand, of which few are garbage: that took 70 to 140 ms of 700.
The few stay (1.3 MiB).
"""

import gc


def rest() -> None:
    """Have it do nothing, for the time of a start."""
    gc.disable()


def settle() -> None:
    """
    Have it work from now on, and leave alone for good what is there by now.

    Otherwise it would go through all of that at each large request.
    """
    gc.freeze()
    gc.enable()
