"""
Log files that somebody else rotates.

logrotate gives the file another name and then sends a signal; until that is
there, the daemon goes on writing to the file with the new name.  So no line is
lost, and none is written twice.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from twisted.logger import Logger

#: What a new file may be: its owner writes and its group reads it.  The umask takes away from that.
_MODE: Final = 0o640

#: A pipe without a reader is an error instead of a wait, and a full one loses a line.
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


class LogFile:
    """
    A file to whose end lines are written, each at once.

    A line that cannot be written, for the disk is full, is lost; the next ones
    are tried again.
    """

    def __init__(self, path: str, complain: Callable[[str], None]) -> None:
        """
        Open it.

        Args:
            path: Where; it is made if it is not there, its folder is not.
            complain: Gets a sentence when lines begin to get lost, and another
                when that is over.

        Raises:
            OSError: It cannot be opened for writing.
        """
        # twistd changes its working directory before the file is opened anew.
        self.path = Path(path).absolute()
        self._complain = complain
        self._descriptor = os.open(self.path, _FLAGS, _MODE)
        self._lost_lines = 0
        self._ends_in_a_line = False

    def write(self, line: bytes) -> None:
        """Add a line, with its end; never raises."""
        whole = b"\n" + line if self._ends_in_a_line else line
        try:
            written = os.write(self._descriptor, whole)
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if written < len(whole):
            self._ends_in_a_line = self._ends_in_a_line or written > 0
            self._lose("there was no room for all of a line")
            return
        self._ends_in_a_line = False
        if self._lost_lines:
            lost, self._lost_lines = self._lost_lines, 0
            self._complain(f"{self.path} is written to again; {lost} lines were lost")

    def _lose(self, reason: str) -> None:
        self._lost_lines += 1
        if self._lost_lines == 1:
            self._complain(f"lines for {self.path} get lost: {reason}")

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def reopen(self) -> None:
        """
        Go on with the file that has the name now.

        Raises:
            OSError: There is none and none can be made; the old one is kept.
        """
        new = os.open(self.path, _FLAGS, _MODE)
        old, self._descriptor = self._descriptor, new
        self._ends_in_a_line = False
        os.close(old)

    def close(self) -> None:
        """Write no more."""
        os.close(self._descriptor)


_log = Logger()


def reopen_all(files: Iterable[LogFile]) -> None:
    """Open files anew, and say which could not be."""
    opened = []
    for file in files:
        try:
            file.reopen()
        except OSError as error:
            _log.warn(
                "cannot open {path} anew, so the old file is still written to: {reason}",
                path=file.path,
                reason=error.strerror,
            )
        else:
            opened.append(str(file.path))
    if opened:
        _log.info("opened anew: {paths}", paths=", ".join(opened))
