"""Log files: a rotation loses no line and doubles none, and a full disk stops nothing."""

import fcntl
import os
import tempfile
from pathlib import Path

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.files import LogFile, reopen_all
from ollamaproxy.logs.outputs import check_outputs, open_outputs
from ollamaproxy.settings.logs import LogFormat, LogWishes, parse_log_format
from tests.case import Case


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Folder(Case):
    """A folder, and the complaints about what is in it."""

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.path = self.folder / "access.log"
        self.complaints: list[str] = []

    def open(self, path: str | None = None) -> LogFile:
        file = LogFile(path or str(self.path), self.complaints.append)
        self.addCleanup(file.close)
        return file


class Files(Folder):
    def test_appends(self) -> None:
        """Lines go to the end of what is there, and are there at once."""
        self.path.write_bytes(b"old\n")
        file = self.open()
        file.write(b"new\n")
        self.assertEqual(self.path.read_bytes(), b"old\nnew\n")

    def test_mode(self) -> None:
        """A new file can be read by its owner and its group, as far as the umask lets it."""
        for umask, mode in ((0o022, 0o640), (0o077, 0o600), (0, 0o640)):
            before = os.umask(umask)
            self.addCleanup(os.umask, before)
            path = self.folder / f"{umask}.log"
            self.open(str(path))
            self.assertEqual(path.stat().st_mode & 0o777, mode)

    def test_rotation(self) -> None:
        """Lines go to the renamed file until the signal, and from then on to the new one."""
        file = self.open()
        file.write(b"1\n")
        rotated = self.path.rename(self.folder / "access.log.1")
        file.write(b"2\n")
        file.reopen()
        file.write(b"3\n")
        self.assertEqual((rotated.read_bytes(), self.path.read_bytes()), (b"1\n2\n", b"3\n"))

    def test_another_working_directory(self) -> None:
        """A relative path stays where it was when the program goes elsewhere."""
        before = Path.cwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        file = self.open("access.log")
        os.chdir(before)
        self.path.unlink()
        file.reopen()
        self.assertTrue(self.path.exists())

    def test_a_failed_rotation(self) -> None:
        """If no new file can be made, the old one is written on to."""
        file = self.open()
        rotated = self.path.rename(self.folder / "access.log.1")
        self.path.mkdir()
        with self.assertRaises(OSError):
            file.reopen()
        file.write(b"on\n")
        self.assertEqual(rotated.read_bytes(), b"on\n")

    def test_leaks_no_descriptors(self) -> None:
        """Opening anew, well or not, leaves as many open files as before."""
        file = self.open()
        before = _descriptors()
        for _ in range(3):
            file.reopen()
        self.path.unlink()
        self.path.mkdir()
        with self.assertRaises(OSError):
            file.reopen()
        self.assertEqual(_descriptors(), before)

    def test_a_full_disk(self) -> None:
        """A full disk is told once, lines are tried on, and it is told when that is over."""
        self.path.symlink_to("/dev/full")
        file = self.open()
        for _ in range(3):
            file.write(b"lost\n")
        self.assertEqual(len(self.complaints), 1)
        self.assertIn("No space left on device", self.complaints[0])
        self.path.unlink()
        file.reopen()
        file.write(b"kept\n")
        self.assertEqual(self.path.read_bytes(), b"kept\n")
        self.assertIn("3 lines were lost", self.complaints[1])

    def test_a_line_that_fits_in_part(self) -> None:
        """After half of a line the next one still begins on a line of its own."""
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        file = self.open()
        file.write(b"x" * 8192 + b"\n")
        self.assertEqual(os.read(reader, 9999), b"x" * 4096)
        file.write(b"next\n")
        file.write(b"last\n")
        self.assertEqual(os.read(reader, 9999), b"\nnext\nlast\n")
        self.assertEqual(len(self.complaints), 2)

    def test_a_pipe_that_nobody_reads(self) -> None:
        """A named pipe without a reader is an error and no wait."""
        os.mkfifo(self.path)
        with self.assertRaises(OSError):
            self.open()


class Wishes(Folder):
    def test_a_path_that_cannot_be_written_to(self) -> None:
        """A folder that is not there is told with its flag, its path and the reason."""
        nowhere = str(self.folder / "not" / "there.log")
        for wishes, flag in (
            (LogWishes(access_path=nowhere), "--access-log"),
            (LogWishes(messages_path=nowhere), "--log-file"),
        ):
            with self.assertRaises(InvalidSetting) as caught:
                open_outputs(wishes, None, None, None)
            told = str(caught.exception)
            self.assertIn(f"{flag}: {nowhere} cannot be written to: No such file", told)

    def test_a_check(self) -> None:
        """A check finds the same faults beforehand, and makes no file."""
        nowhere = str(self.folder / "not" / "there.log")
        for wishes, told in (
            (LogWishes(access_path=nowhere), "--access-log: .* No such file"),
            (LogWishes(messages_path=str(self.folder)), "--log-file: .* Is a directory"),
        ):
            with self.assertRaisesRegex(InvalidSetting, told):
                check_outputs(wishes)
            with self.assertRaisesRegex(InvalidSetting, told):
                open_outputs(wishes, None, None, None)
        check_outputs(LogWishes(access_path=str(self.path), messages_path="/dev/null"))
        self.assertFalse(self.path.exists())

    def test_formats(self) -> None:
        """A format is one of two words."""
        self.assertIs(parse_log_format("JSON"), LogFormat.JSON)
        self.assertIs(parse_log_format("text"), LogFormat.TEXT)
        with self.assertRaises(InvalidSetting):
            parse_log_format("xml")

    def test_all_are_opened_anew(self) -> None:
        """One file that cannot be opened anew does not keep the others from it."""
        first, second = self.open(), self.open(str(self.folder / "second.log"))
        self.path.unlink()
        self.path.mkdir()
        second.path.unlink()
        reopen_all([first, second])
        self.assertTrue(second.path.exists())
