"""Clients without a secure connection: told in plain words, once each, and not without end."""

from OpenSSL import SSL
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from ollamaproxy.server.handshakes import MAX_TOLD, FailedHandshakes, reason_of
from tests.case import Case


def error(reason: str) -> SSL.Error:
    """Return what OpenSSL raises."""
    return SSL.Error([("SSL routines", "", reason)])


class Told(Case):
    def setUp(self) -> None:
        super().setUp()
        self.events: list[LogEvent] = []

        @implementer(ILogObserver)
        def hear(event: LogEvent) -> None:
            self.events.append(event)

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        self.failed = FailedHandshakes()

    def test_reasons(self) -> None:
        """What OpenSSL says is told in plain words, or in its own if there are none."""
        for reason, told in (
            ("http request", "it speaks http:// and not https://"),
            ("wrong version number", "it does not speak TLS"),
            ("unsupported protocol", "it knows no TLS as new as 1.2"),
            ("no shared cipher", "it has no cipher in common with this daemon"),
            ("tlsv1 alert unknown ca", "it does not know the authority that has signed the"),
            ("sslv3 alert certificate expired", "to it the daemon's certificate has expired"),
            ("sslv3 alert bad certificate", "it does not trust the daemon's certificate"),
            ("packet length too long", "OpenSSL says 'packet length too long'"),
        ):
            self.assertTrue(reason_of(error(reason)).startswith(told), reason)
        for bare in (SSL.Error(), SSL.Error([]), SSL.SysCallError(-1, "Unexpected EOF")):
            self.assertEqual(reason_of(bare), "OpenSSL says 'no reason given'")

    def test_once(self) -> None:
        """One address is told once for each reason, and one without an address, too."""
        for _ in range(2):
            for client in ("10.0.0.1", "10.0.0.2", ""):
                self.failed.take(client, error("http request"))
            self.failed.take("10.0.0.1", error("no shared cipher"))
        self.assertEqual(len(self.events), 4)
        self.assertEqual({event["log_level"] for event in self.events}, {LogLevel.info})
        self.assertEqual(
            formatEvent(self.events[0]),
            "no secure connection with 10.0.0.1: it speaks http:// and not https://",
        )
        self.assertIn("with a client without an address:", formatEvent(self.events[2]))

    def test_bounded(self) -> None:
        """Of very many the rest is not told, and that is."""
        for number in range(MAX_TOLD + 5):
            self.failed.take(f"10.0.0.{number}", error("http request"))
        self.assertEqual(len(self.events), MAX_TOLD + 1)
        self.assertIn("no more failed handshakes are told", formatEvent(self.events[-1]))
