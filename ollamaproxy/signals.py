"""
What signals mean to the daemon.

========================  ==========================================================
SIGTERM, SIGINT           stop: finish what runs, take nothing new
the same once more        stop now
SIGHUP                    read the settings and the files that they name anew, and open the
                          log files anew
SIGUSR1                   open the log files anew
========================  ==========================================================

Twisted's own handlers know the first only: a second SIGTERM is an error in the
log, and SIGHUP ends ``twistd``.  SIGUSR1, left to itself, ends any program.
"""

import signal
from types import FrameType
from typing import Any, Protocol


class Serving(Protocol):
    """What signals are for: a daemon, or a supervisor of several."""

    def hurry(self) -> None:
        """Wait for nobody any more."""

    def reload(self) -> None:
        """Read anew what can be read anew, and open the log files anew."""

    def reopen_logs(self) -> None:
        """Open the log files anew."""


class Signals:
    """Connects the signals of this process to a daemon."""

    def __init__(self, daemon: Serving, reactor: Any) -> None:
        self._daemon = daemon
        self._reactor = reactor
        self._stopping = False

    def install(self) -> None:
        """Take the signals over; call it when the reactor runs, in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._reactor.callFromThread(self.stop))
        signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._daemon.reload))
        # ``twistd`` has one of its own, if it writes a log file of its own.
        others = signal.getsignal(signal.SIGUSR1)

        def reopen(number: int, frame: FrameType | None) -> None:
            self._reactor.callFromThread(self._daemon.reopen_logs)
            if callable(others):
                others(number, frame)

        signal.signal(signal.SIGUSR1, reopen)

    def stop(self) -> None:
        """Stop the reactor, which stops the daemon first; a second time, do not wait for that."""
        if self._stopping:
            self._daemon.hurry()
        else:
            self._stopping = True
            self._reactor.stop()
