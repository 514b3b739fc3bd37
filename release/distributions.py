"""The sdist and the wheel: built from the last commit, and looked at by two checkers."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from attrs import frozen

from release.archive import rewrite

#: What others may read: the umask is in a wheel's entries.
_UMASK: Final = 0o022


@frozen
class Distributions:
    """
    What is uploaded.

    Attributes:
        sdist: The path of the ``.tar.gz``.
        wheel: The path of the ``.whl``.
    """

    sdist: Path
    wheel: Path

    @property
    def version(self) -> str:
        """The version in the wheel's name: ``ollamaproxy-VERSION-py3-none-any.whl``."""
        return self.wheel.name.split("-")[1]


def found(folder: Path) -> Distributions:
    """
    Return the distributions in a folder.

    Raises:
        FileNotFoundError: There is not exactly one sdist and one wheel.
    """
    sdists, wheels = list(folder.glob("*.tar.gz")), list(folder.glob("*.whl"))
    if len(sdists) != 1 or len(wheels) != 1:
        raise FileNotFoundError(f"{folder} does not hold exactly one sdist and one wheel")
    return Distributions(sdists[0], wheels[0])


def _run_build(source: Path, kind: str, folder: Path, time_s: int) -> None:
    argv = [sys.executable, "-m", "build", "--quiet", f"--{kind}", "--outdir", str(folder)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": str(time_s)}
    # Elsewhere than in a checkout: the ollamaproxy there must play no part.
    subprocess.run([*argv, str(source)], check=True, env=environ, cwd=folder, umask=_UMASK)


def build_wheel(source: Path, folder: Path, time_s: int) -> None:
    """
    Build a wheel from a folder or an sdist, as its own setup.py says.

    Args:
        source: The folder with setup.py, or a ``.tar.gz``; absolute.
        folder: Where to put the wheel; absolute, and there.
        time_s: The time of everything in it, in seconds since 1970.

    Raises:
        CalledProcessError: setuptools has complained, on standard error.
    """
    _run_build(source, "wheel", folder, time_s)


def build(source: Path, folder: Path, time_s: int) -> Distributions:
    """
    Build the sdist from a folder, and the wheel from the sdist.

    Args, Raises: See :func:`build_wheel`.
    """
    with tempfile.TemporaryDirectory() as first:
        _run_build(source, "sdist", Path(first), time_s)
        [made] = Path(first).iterdir()
        sdist = folder / made.name
        rewrite(made, sdist, time_s)
    build_wheel(sdist, folder, time_s)
    return found(folder)


def check(distributions: Distributions) -> None:
    """
    Have twine and check-wheel-contents look at them.

    Raises:
        CalledProcessError: One of them has complained, on standard output.
    """
    tools = Path(sys.executable).parent
    paths = [str(distributions.sdist), str(distributions.wheel)]
    subprocess.run([str(tools / "twine"), "check", "--strict", *paths], check=True)
    # It reads its settings from the nearest pyproject.toml: from the checkout's.
    config = Path(__file__).parents[1] / "pyproject.toml"
    argv = [str(tools / "check-wheel-contents"), "--config", str(config), paths[1]]
    subprocess.run(argv, check=True)
