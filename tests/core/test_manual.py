"""The manual page: made from the flags, as it stands in the tree, and good to man."""

import shutil
import subprocess
from pathlib import Path
from unittest import SkipTest

from docutils.core import publish_string
from docutils.utils import Reporter

from ollamaproxy.command_line.grammar import COMMANDS
from ollamaproxy.command_line.manual import manual_page
from ollamaproxy.configuration.table import SECTIONS
from tests.case import Case

PAGE = Path(__file__).parents[2] / "docs" / "man" / "ollamaproxy.1"


def without_comments(page: str) -> list[str]:
    """Return the lines of a page, without those that tell the release of docutils."""
    return [line for line in page.splitlines() if not line.startswith('.\\"')]


class Manual(Case):
    def test_up_to_date(self) -> None:
        """The page in the tree is what docutils makes of the flags; `make man` writes it anew."""
        settings = {
            "report_level": Reporter.INFO_LEVEL,
            "halt_level": Reporter.INFO_LEVEL,
            "output_encoding": "unicode",
        }
        made = publish_string(manual_page(), writer="manpage", settings_overrides=settings)
        self.assertEqual(without_comments(PAGE.read_text("utf-8")), without_comments(made))

    def test_all_is_there(self) -> None:
        """Every command, every flag and every section is in the page."""
        page = manual_page()
        for command in COMMANDS:
            self.assertIn(f"**{command.name}**" if command.name else command.text, page)
            for flag in command.flags:
                self.assertIn(f"\n--{flag.name}{'=VALUE' if flag.takes_value else ''}\n", page)
        for section in SECTIONS:
            self.assertIn(f"\n{section.title}\n{'-' * len(section.title)}\n", page)

    def test_man(self) -> None:
        """The program man has nothing to complain about."""
        man = shutil.which("man")
        if man is None:
            raise SkipTest("there is no man on this machine")
        argv = [man, "--warnings", "-E", "UTF-8", "-l", "-Tutf8", str(PAGE)]
        environ = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
        done = subprocess.run(argv, env=environ, capture_output=True, check=True, timeout=60)
        self.assertEqual(done.stderr, b"")
        # Some letters are printed bold: twice in the same place.
        self.assertIn("ollamaproxy", done.stdout.decode().replace("\b", ""))
