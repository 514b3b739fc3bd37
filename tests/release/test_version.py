"""The version is written in one place, and the changelog tells of it."""

import re
from pathlib import Path
from typing import Final

from ollamaproxy import __version__
from release.source import tracked_files
from tests.case import Case
from tests.release.changelog import releases
from tests.release.made import require_checkout

_ROOT: Final = Path(__file__).parents[2]
_CHANGELOG: Final = (_ROOT / "CHANGELOG.rst").read_text(encoding="utf-8")
#: PEP 440's, as far as we make use of it.
_VERSION: Final = re.compile(r"(?P<release>\d+\.\d+\.\d+)(?P<development>\.dev\d+)?")


def titled(*titles: str) -> str:
    """Return a changelog with these titles, each above a line of text."""
    return "\n".join(f"{title}\n{'=' * len(title)}\n\nText.\n" for title in ("Log", *titles))


class Version(Case):
    def test_has_a_section(self) -> None:
        """A version is the newest in the changelog, with a text, or on its way to a newer one."""
        version = _VERSION.fullmatch(__version__)
        assert version is not None, __version__
        told = releases(_CHANGELOG)
        if version["development"]:
            ahead = tuple(map(int, version["release"].split(".")))
            self.assertGreater(ahead, told[0].numbers)
        else:
            self.assertEqual(told[0].version, __version__)
            self.assertNotEqual(told[0].text, "")

    def test_newest_first(self) -> None:
        """The changelog's releases go from the newest to the oldest, by number and by day."""
        told = releases(_CHANGELOG)
        self.assertEqual(told, sorted(told, reverse=True))
        days = [release.day for release in told]
        self.assertEqual(days, sorted(days, reverse=True))
        self.assertEqual(len({release.numbers for release in told}), len(told))

    def test_is_written_once(self) -> None:
        """No other file says which version of ollamaproxy it is about."""
        require_checkout()
        pattern = re.compile(rf"(?i)ollamaproxy\W{{0,5}}v?{re.escape(__version__)}(?![\w.])")
        with_version = [
            name
            for name in tracked_files()
            if pattern.search((_ROOT / name).read_bytes().decode("utf-8", "replace"))
        ]
        self.assertEqual(with_version, [])


class Changelog(Case):
    def test_sections(self) -> None:
        """A section has its numbers, its day and its text, up to the next title."""
        [second, first] = releases(
            titled("Unreleased", "1.10.0 (2026-02-01)", "1.9.1 (2026-01-31)")
        )
        self.assertEqual((second.version, str(second.day)), ("1.10.0", "2026-02-01"))
        self.assertEqual((first.version, first.text), ("1.9.1", "Text."))
        self.assertGreater(second, first)

    def test_other_titles(self) -> None:
        """There is nothing but Unreleased, in front, and releases with days that exist."""
        for titles in (
            (),
            ("1.0.0 (2026-01-31)",),
            ("1.0.0 (2026-01-31)", "Unreleased"),
            ("Unreleased", "Unreleased"),
            ("Unreleased", "1.0.0"),
            ("Unreleased", "1.0.0 (2026-02-30)"),
        ):
            with self.assertRaises(ValueError):
                releases(titled(*titles))
