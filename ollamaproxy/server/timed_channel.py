"""
A client's connection on which no wait is without end.

Twisted ends the wait for a client that says nothing; it waits for ever for one
that says little, or reads nothing.
"""

from abc import abstractmethod
from http import HTTPStatus
from typing import Any, Final

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from ollamaproxy.server.alarm import Alarm
from ollamaproxy.server.sending_channel import SendingChannel

_SLOW_HEADER: Final = "the request's header did not come in time"
_SLOW_BODY: Final = "the request's body comes too slowly"


class TimedChannel(SendingChannel):
    """
    A connection that watches its clock; what is late is refused or cut off.

    Attributes:
        site: Our ProxySite, which puts itself there; its ``deadlines`` count.
    """

    __slots__ = (
        "_body_alarm",
        "_body_bytes",
        "_header_alarm",
        "_in_body",
        "_in_header",
        "_linger_alarm",
        "_stall_alarm",
    )

    site: Any

    def __init__(self) -> None:
        super().__init__()
        self._in_header = self._in_body = False
        self._body_bytes = 0

    @abstractmethod
    def refuse(self, status: HTTPStatus, message: str) -> None:
        """Answer the request that is coming in, and close."""

    def connectionMade(self) -> None:
        """Override: make the alarms."""
        scheduler = self.site.clocks.scheduler
        self._header_alarm = Alarm(scheduler)
        self._body_alarm = Alarm(scheduler)
        self._stall_alarm = Alarm(scheduler)
        self._linger_alarm = Alarm(scheduler)
        super().connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Override: nothing is waited for any more."""
        self.stop_clocks()
        super().connectionLost(reason)

    def stop_clocks(self) -> None:
        """Wait for nothing that has been waited for."""
        self._in_header = self._in_body = False
        for alarm in (self._header_alarm, self._body_alarm, self._stall_alarm, self._linger_alarm):
            alarm.clear()

    # A request that comes in.  Nearly all come in one read, so that the clocks
    # are set when it is over, and mostly not at all.

    def dataReceived(self, data: bytes) -> None:
        """Override: see that what begins also ends."""
        if not self._handlingRequest and not self._in_body:
            self._in_header = True
        super().dataReceived(data)
        if self._in_header:
            if not self._handlingRequest:
                self._header_alarm.set(self.site.deadlines.header_s, self._header_is_late)
        elif self._in_body:
            self._watch_body()

    def header_ended(self) -> None:
        """Take note that a header is whole."""
        self._in_header = False
        self._header_alarm.clear()

    def _header_is_late(self) -> None:
        self.refuse(HTTPStatus.REQUEST_TIMEOUT, _SLOW_HEADER)

    def body_begins(self) -> None:
        """Take note that a body will come, from now on not too slowly."""
        self._in_body = True

    def _watch_body(self) -> None:
        """Look again and again whether enough of a body has come since."""
        if self._body_alarm.is_set:
            return
        deadlines = self.site.deadlines
        seen = self._body_bytes

        def look() -> None:
            self._body_alarm.clear()
            if self._body_bytes - seen < deadlines.body_bytes_per_s * deadlines.body_grace_s:
                self.refuse(HTTPStatus.REQUEST_TIMEOUT, _SLOW_BODY)
            else:
                self._watch_body()

        self._body_alarm.set(deadlines.body_grace_s, look)

    def body_grows(self, size: int) -> None:
        """Take note that so many bytes of a body have come."""
        self._body_bytes += size

    def body_ended(self) -> None:
        """Take note that a body is whole, or that there is none."""
        self._in_body = False
        self._body_alarm.clear()

    # An answer that goes out.

    @property
    def _reading_s(self) -> float:
        """How long a client may take to read what was written last, in seconds."""
        deadlines = self.site.deadlines
        allowed_s: float = (
            deadlines.write_stall_s + self.written_bytes / deadlines.reading_bytes_per_s
        )
        return allowed_s

    def pauseProducing(self) -> None:
        """Override: the client does not read as fast as it is answered, or not at all."""
        self._stall_alarm.set(self._reading_s, self.abort)
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """Override: the client has read on."""
        self._stall_alarm.clear()
        super().resumeProducing()

    # The connection's end.

    def timeoutConnection(self) -> None:
        """Override: an idle connection is closed without a line in the log."""
        self.loseConnection()

    def loseConnection(self) -> None:
        """Override: a client that does not read its answer must not hold the connection."""
        if self.transport is not None:
            self._linger_alarm.set(self._reading_s, self.abort)
        super().loseConnection()

    def linger(self) -> None:
        """Take note that only the client's end of the connection is open, and for how long."""
        self.setTimeout(None)
        self._linger_alarm.set(self.site.deadlines.linger_s, self.abort)

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]
