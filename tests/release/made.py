"""
What the tests look at, each made once for all of them.

``OLLAMAPROXY_TEST_DIST`` names a folder in which ``make dist`` has put
everything already; otherwise all is made of the checkout as it is.
"""

import atexit
import json
import os
import shutil
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import SkipTest

from release.distributions import Distributions, build, found
from release.environment import make_environment
from release.source import ROOT, commit_time_s, copy_tracked_files


def require(*modules: str) -> None:
    """
    Go on only with tools that are installed beside this Python.

    Raises:
        SkipTest: One is not.
    """
    for module in modules:
        found = find_spec(module)
        # A folder without code is a package, too: "make docs" makes one called build.
        if found is None or found.origin is None:
            raise SkipTest(f"{module} is not installed: pip install -e '.[release]'")


def require_checkout() -> None:
    """
    Go on only where git knows the files.

    Raises:
        SkipTest: This is no checkout, but an unpacked sdist, or there is no git.
    """
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        raise SkipTest("this is no checkout of git's, or there is no git")


def folder() -> Path:
    """Return a new folder, which is removed when the tests end."""
    made = tempfile.TemporaryDirectory()
    atexit.register(made.cleanup)
    return Path(made.name)


@cache
def source() -> Path:
    """Return a folder with a copy of what git knows of the checkout; SkipTest without git."""
    require_checkout()
    copy = folder()
    copy_tracked_files(copy)
    return copy


@cache
def distributions() -> Distributions:
    """Return the sdist and the wheel; SkipTest if they are not there and cannot be built."""
    given = os.environ.get("OLLAMAPROXY_TEST_DIST")
    if given:
        return found(Path(given).resolve())
    require("build")
    return build(source(), folder(), commit_time_s())


@cache
def environment() -> Path:
    """Return a virtual environment with pip, the wheel, and what the wheel asks for."""
    made = folder() / "environment"
    make_environment(made, distributions().wheel, with_pip=True)
    return made


@cache
def bill() -> dict[str, Any]:
    """Return the bill of materials; SkipTest if it is not there and cannot be made."""
    given = os.environ.get("OLLAMAPROXY_TEST_DIST")
    if given:
        [path] = Path(given).glob("*.cdx.json")
        text = path.read_text(encoding="utf-8")
    else:
        require("cyclonedx", "cyclonedx_py")
        # It needs what not everybody has.
        from release.materials import make_bill  # noqa: PLC0415

        text = make_bill(distributions().wheel, commit_time_s())
    made: dict[str, Any] = json.loads(text)
    return made
