"""A virtual environment with the wheel and what it asks for, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path


def _environ() -> dict[str, str]:
    """Return this process's environment without what points Python at other folders."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def make_environment(folder: Path, wheel: Path, *, with_pip: bool) -> None:
    """
    Make a virtual environment in a folder and install a wheel into it.

    Args:
        folder: Need not be there yet.
        wheel: Its path.
        with_pip: Whether pip is in there, too, as in everybody's; else it is
            this environment's that installs.

    Raises:
        CalledProcessError: Something could not be installed; pip has said what.
    """
    bare = [] if with_pip else ["--without-pip"]
    subprocess.run([sys.executable, "-m", "venv", *bare, str(folder)], check=True, env=_environ())
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip"] if with_pip else [sys.executable, "-m", "pip", "--python", python]
    argv = [*pip, "install", "--quiet", "--disable-pip-version-check", str(wheel)]
    # Not in the checkout, which Python would search first.
    subprocess.run(argv, check=True, env=_environ(), cwd=folder)
