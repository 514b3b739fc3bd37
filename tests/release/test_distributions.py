"""The sdist and the wheel hold what they must, and are the same whoever makes them."""

import os
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path
from typing import Final

import pytest

from ollamaproxy import __version__
from release.archive import rewrite
from release.distributions import build, build_wheel, check
from release.source import ROOT, commit_time_s, tracked_files
from tests.case import Case
from tests.release.made import distributions, folder, require, require_checkout, source

pytestmark = pytest.mark.live

_TOP: Final = f"ollamaproxy-{__version__}"
#: What setuptools puts beside the checkout's files.
_ADDED: Final = ("PKG-INFO", "setup.cfg")
_OTHER_COMMIT: Final = "maybe OLLAMAPROXY_TEST_DIST is of another commit: make dist"


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Sdist(Case):
    def test_contents(self) -> None:
        """It holds every file that git knows, as it is, and besides only what setuptools adds."""
        require_checkout()
        with tarfile.open(distributions().sdist) as archive:
            files = [member for member in archive.getmembers() if member.isfile()]
            held = {
                member.name.removeprefix(f"{_TOP}/"): file.read()
                for member in files
                if (file := archive.extractfile(member)) is not None
            }
        names = tracked_files()
        self.assertEqual({*names} - held.keys(), set())
        for name in names:
            self.assertTrue(held[name] == (ROOT / name).read_bytes(), f"{name}; {_OTHER_COMMIT}")
        added = {name for name in held if not name.startswith("ollamaproxy.egg-info/")}
        self.assertEqual(added - {*names}, {*_ADDED})

    def test_programs_stay_programs(self) -> None:
        """What can be started in the checkout can be started in the sdist, and nothing else."""
        with tarfile.open(distributions().sdist) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            started = {member.name for member in members if member.mode & 0o111}
        require_checkout()
        expected = {name for name in tracked_files() if os.access(source() / name, os.X_OK)}
        self.assertEqual(started, {f"{_TOP}/{name}" for name in expected})

    def test_says_nothing_of_the_machine(self) -> None:
        """Rewritten, it has no owner, no umask and no time but the one that was asked for."""
        archives = []
        for user, mode in (("ann", 0o600), ("bob", 0o664)):
            path = folder() / "old.tar.gz"
            with tarfile.open(path, "w:gz") as archive:
                for name in ("a", "b") if user == "ann" else ("b", "a"):
                    member = tarfile.TarInfo(name)
                    member.uname, member.uid, member.mode = user, len(user) * mode, mode
                    member.mtime = mode / 7
                    archive.addfile(member)
            new = folder() / f"{user}.tar.gz"
            rewrite(path, new, 1_000_000_000)
            archives.append(new.read_bytes())
        self.assertEqual(*archives)


class Wheel(Case):
    def test_contents(self) -> None:
        """It holds the package, one plugin of Twisted's and the manual page, and nothing else."""
        require_checkout()
        information = f"{_TOP}.dist-info/"
        held = contents(distributions().wheel)
        files = {name: data for name, data in held.items() if not name.startswith(information)}
        manual = f"{_TOP}.data/data/share/man/man1/ollamaproxy.1"
        expected = {
            name: (ROOT / name).read_bytes()
            for name in tracked_files()
            if name.startswith(("ollamaproxy/", "twisted/"))
        }
        expected[manual] = (ROOT / "docs/man/ollamaproxy.1").read_bytes()
        self.assertEqual(sorted(files), sorted(expected))
        self.assertTrue(files == expected)
        self.assertEqual(
            [name for name in files if name.startswith("twisted/")],
            ["twisted/plugins/ollamaproxy_plugin.py"],
        )

    def test_metadata(self) -> None:
        """Its metadata say which version it is, and what its licence is."""
        held = contents(distributions().wheel)
        metadata = HeaderParser().parsestr(held[f"{_TOP}.dist-info/METADATA"].decode())
        self.assertEqual(metadata["Version"], __version__)
        self.assertEqual(metadata["License-Expression"], "MIT")
        self.assertIn(f"{_TOP}.dist-info/licenses/LICENSE", held)


class Building(Case):
    """Each of these builds anew, from files with another umask and other times."""

    def setUp(self) -> None:
        super().setUp()
        require("build")
        self.addCleanup(os.umask, os.umask(0o077))

    def test_again(self) -> None:
        """Who builds a commit again with the same tools gets the same, to the byte."""
        require_checkout()
        copy = folder()
        for name in tracked_files():
            path = copy / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((ROOT / name).read_bytes())
            if os.access(ROOT / name, os.X_OK):
                path.chmod(0o700)
        again = build(copy, folder(), commit_time_s())
        made = distributions()
        self.assertTrue(again.sdist.read_bytes() == made.sdist.read_bytes(), _OTHER_COMMIT)
        self.assertTrue(again.wheel.read_bytes() == made.wheel.read_bytes(), _OTHER_COMMIT)

    def test_from_the_checkout(self) -> None:
        """A wheel built from the checkout holds what the sdist's wheel holds."""
        target = folder()
        build_wheel(source(), target, commit_time_s())
        [wheel] = target.glob("*.whl")
        self.assertTrue(contents(wheel) == contents(distributions().wheel))

    def test_checkers(self) -> None:
        """Both twine and check-wheel-contents find nothing to complain about."""
        require("twine", "check_wheel_contents")
        check(distributions())
