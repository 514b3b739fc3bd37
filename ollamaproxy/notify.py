"""
Tells systemd how the daemon is, so that it is restarted when it hangs.

=============================  ======================================================
``READY=1``                    it answers; also after a reload
``RELOADING=1``                it reads files anew, ``MONOTONIC_USEC`` says since when
``STOPPING=1``                 it finishes what runs
``WATCHDOG=1``                 its reactor still turns
=============================  ======================================================

Each is one datagram, and this is all there is to it, so no library is used.
Without a service manager nothing is sent.

Source: sd_notify(3), sd_watchdog_enabled(3)
"""

import socket
from collections.abc import Callable, Mapping
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from ollamaproxy.clocks import Clocks

_US_PER_S: Final = 1_000_000

#: Sends one datagram.
Tell = Callable[[bytes], object]


class Notifier:
    """Tells a service manager of the daemon's states, and again and again that it lives."""

    _log = Logger()

    def __init__(self, tell: Tell, watchdog_s: float | None, clocks: Clocks) -> None:
        """
        Prepare.

        Args:
            tell: Sends one message; may raise OSError.
            watchdog_s: After so long without a sign of life the daemon is
                taken for hung; ``None`` asks for none.
            clocks: For the signs of life, and for when a reload begins.
        """
        self._tell = tell
        self._watchdog_s = watchdog_s
        self._clocks = clocks
        self._pulse = LoopingCall(self._say, b"WATCHDOG=1")
        self._pulse.clock = clocks.scheduler
        self._is_broken = False

    def ready(self) -> None:
        """Say that the daemon answers, and from now on that it lives."""
        self._say(b"READY=1")
        if self._watchdog_s is not None and not self._pulse.running:
            # Half of the time, as sd_watchdog_enabled(3) advises.  Nobody
            # waits for its end, and it cannot fail: _say keeps errors to itself.
            _running: Deferred[LoopingCall] = self._pulse.start(self._watchdog_s / 2)

    def reloading(self) -> None:
        """Say that files are read anew; :meth:`ready` ends it."""
        # systemd ignores it if a clock is meant that it does not share.
        since_us = int(self._clocks.monotonic_s() * _US_PER_S)
        self._say(b"RELOADING=1\nMONOTONIC_USEC=%d" % since_us)

    def stopping(self) -> None:
        """Say that the daemon finishes what runs; signs of life go on meanwhile."""
        self._say(b"STOPPING=1")

    def stop(self) -> None:
        """Say nothing any more."""
        if self._pulse.running:
            self._pulse.stop()

    def _say(self, message: bytes) -> None:
        try:
            self._tell(message)
        except OSError as error:
            # Once: what fails every few seconds would fill the log.
            if not self._is_broken:
                self._log.warn("cannot tell the service manager: {error}", error=error)
            self._is_broken = True
        else:
            self._is_broken = False


def make_notifier(environ: Mapping[str, str], pid: int, clocks: Clocks) -> Notifier:
    """
    Return what tells the service manager that the environment names, or nobody.

    Args:
        environ: May hold NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
        pid: This process's number; a watchdog for another one is not ours.
        clocks: See :class:`Notifier`.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    # Virtual machines' managers have other kinds, and no services.
    if not address.startswith(("/", "@")):
        return Notifier(_tell_nobody, None, clocks)
    # Opened once: a daemon that is out of file descriptors is not one that hangs.
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    # A manager that does not read must not block the reactor.
    channel.setblocking(False)
    name = "\0" + address[1:] if address.startswith("@") else address

    def tell(message: bytes) -> None:
        channel.sendto(message, name)

    return Notifier(tell, watchdog_s(environ, pid), clocks)


def watchdog_s(environ: Mapping[str, str], pid: int) -> float | None:
    """Return how long the manager waits for a sign of life, in seconds; ``None`` if it does not."""
    text = environ.get("WATCHDOG_USEC", "")
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        return None
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    return int(text) / _US_PER_S


def _tell_nobody(_message: bytes) -> None:
    """There is no service manager."""
