"""The files that git knows of a checkout, and nothing else that lies about in it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

#: The checkout that this file is in.
ROOT: Final = Path(__file__).parents[1]


def _git(root: Path, *words: str) -> str:
    argv = ["git", "-C", str(root), *words]
    # What git has against it is for whoever runs this to read.
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout


def tracked_files(root: Path = ROOT) -> list[str]:
    """Return the paths of all files that git knows and that are there, relative to ``root``."""
    names = _git(root, "ls-files", "-z").split("\0")
    return sorted(name for name in names if name and (root / name).is_file())


def uncommitted_changes(root: Path = ROOT) -> list[str]:
    """Return git's lines on files that differ from the last commit; new ones do not count."""
    return _git(root, "status", "--porcelain", "--untracked-files=no").splitlines()


def commit_time_s(root: Path = ROOT) -> int:
    """Return when the last commit was made, in seconds since 1970: ``SOURCE_DATE_EPOCH``."""
    return int(_git(root, "log", "-1", "--format=%ct"))


def copy_tracked_files(folder: Path, root: Path = ROOT) -> None:
    """
    Copy what git knows into a folder, all at the time of the last commit.

    A build in the checkout itself would take along whatever an earlier one
    has left there: setuptools reads its old list of files again.
    """
    time_s = commit_time_s(root)
    for name in tracked_files(root):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, path)
        os.utime(path, (time_s, time_s))
