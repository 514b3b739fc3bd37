"""A folder like a checkout in which everything is set up, to run a page's commands in."""

import shutil
import sys
from pathlib import Path
from typing import Final

from tests.docs.installed import FOLDERS, MODULES
from tests.docs.pages import ROOT
from tests.docs.replaced import KEY
from tests.live.certificates import write_certificate

#: Not a part of a checkout, or made anew for each page.
_LEFT_OUT: Final = frozenset({"build", "dist", "_trial_temp", "htmlcov"})
_COMPILED: Final = shutil.ignore_patterns("__pycache__", "*.cache")

#: What ``make`` looks at, to see whether it has something to install.
_STAMPS: Final = ("installed", "tests-installed", "docs-installed", "dev-installed")


class Sandbox:
    """
    Where one page's commands run, one after the other.

    Attributes:
        home: The checkout, in which they run.
        root: Stands for the root of the machine's files.
        pasted: A file with what a person would paste where a command reads from the terminal.
        environ: What they get.
    """

    def __init__(self, folder: Path, gateway: str) -> None:
        """
        Lay everything out.

        Args:
            folder: Empty.
            gateway: What a person would enter as the gateway's URL.
        """
        self.home = folder / "ollamaproxy"
        self.root = folder / "root"
        self._bin = folder / "bin"
        self.pasted = folder / "pasted"
        for path in (self.home, self.root, self._bin):
            path.mkdir()
        self._make_checkout()
        self._make_machine()
        self._make_editor(gateway)
        self.pasted.write_text(f"{KEY}\n")
        self.environ = {
            "PATH": ":".join(map(str, (self._bin, *FOLDERS))),
            "HOME": str(folder),
            # An agent asks its maker for this and that, and there is no network.
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }

    def _make_checkout(self) -> None:
        for path in ROOT.iterdir():
            if path.name in _LEFT_OUT or path.name.startswith("."):
                continue
            # Copies: a command may write.
            if path.is_dir():
                shutil.copytree(path, self.home / path.name, ignore=_COMPILED)
            else:
                shutil.copy2(path, self.home)
        environment = self.home / ".venv"
        environment.mkdir()
        for path in Path(sys.prefix).iterdir():
            if path.name not in _STAMPS:
                (environment / path.name).symlink_to(path)
        for name in _STAMPS:
            (environment / name).touch()
        if MODULES.is_dir():
            (self.home / "node_modules").symlink_to(MODULES)
        key = self.home / "api-key"
        key.write_text(f"{KEY}\n")
        key.chmod(0o600)
        write_certificate(self.home / "daemon.pem", "localhost", self.home / "daemon.key")

    def _make_machine(self) -> None:
        for name in ("etc/ssl", "etc/ollamaproxy", "etc/systemd/system", "opt/ollamaproxy", "run"):
            (self.root / name).mkdir(parents=True)
        (self.root / "opt/ollamaproxy/bin").symlink_to(Path(sys.executable).parent)
        write_certificate(self.root / "etc/ssl/company.pem", "litellm.example.com")

    def _make_editor(self, gateway: str) -> None:
        """Put in place of an editor, and of the person before it, what enters the gateway."""
        editor = self._bin / "editor"
        change = f's|^#* *base-url = .*|base-url = ["{gateway}"]|'
        editor.write_text(f"#!/bin/sh\nsed -i '{change}' \"$1\"\n")
        editor.chmod(0o755)
