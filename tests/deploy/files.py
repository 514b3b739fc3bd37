"""The files under deploy/, and how tests put their own addresses into them."""

import shutil
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DEPLOY: Final = Path(__file__).parents[2] / "deploy"


def read(name: str) -> str:
    """Return the text of a file, by its path under deploy/."""
    return (DEPLOY / name).read_text()


def rendered(name: str, changes: Mapping[str, str]) -> str:
    """
    Return a file with texts replaced, and nothing else changed.

    Raises:
        AssertionError: A text is not in the file, so that a test would not
            look at what it says it does.
    """
    text = read(name)
    for old, new in changes.items():
        if old not in text:
            raise AssertionError(f"{name} has no {old!r}")
        text = text.replace(old, new)
    return text


def program(name: str) -> str:
    """
    Return the path of a program.

    Raises:
        SkipTest: It is not installed.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path
