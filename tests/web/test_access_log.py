"""The access log: exactly one record for every request, whatever became of it."""

from io import BytesIO
from typing import Any

from twisted.internet.defer import fail
from twisted.internet.error import ConnectionRefusedError as TwistedRefused
from twisted.logger import Logger

from ollamaproxy.logs.access_log import AccessLog, AccessLogObserver
from ollamaproxy.logs.record import AccessRecord
from ollamaproxy.logs.text_line import format_line
from tests.case import Case
from tests.web.case import CHAT, NetworkCase
from tests.web.network import NOON_NS


class Records(NetworkCase):
    def only_record(self) -> AccessRecord:
        self.network.leftovers()
        self.assertEqual(len(self.network.records), 1)
        return self.network.records[0]

    def test_of_a_stream(self) -> None:
        """A stream is recorded at its end, with the bytes of its body and its whole duration."""
        headers = "X-Request-ID: of-the-test\r\nUser-Agent: a test\r\n"
        client = self.network.ask("/api/chat", CHAT, headers)
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.assertEqual(self.network.records, [])
        self.network.wait(2.5)
        self.network.gateway.end_stream()
        self.network.flush()
        self.assertEqual(
            self.only_record(),
            AccessRecord(
                ended_ns=NOON_NS + 2_500_000_000,
                client="192.168.1.7",
                method=b"POST",
                path=b"/api/chat",
                version=b"HTTP/1.1",
                status=200,
                body_bytes=len(client.response().body),
                duration_s=2.5,
                outcome="done",
                model="m",
                prompt_tokens=11,
                completion_tokens=7,
                first_byte_s=0.0,
                request_id="of-the-test",
                route="/api/chat",
                user_agent=b"a test",
                gateway="http://gateway.test:4000",
            ),
        )

    def test_of_a_head(self) -> None:
        """A HEAD is recorded with no bytes, for it has no body."""
        self.network.get("/", "HEAD")
        self.assertEqual(self.only_record().body_bytes, 0)

    def test_the_path_is_as_received_without_the_query(self) -> None:
        """The recorded path is the one on the wire, less the query, which may hold secrets."""
        self.network.get("//api/ver%73ion/?key=secret")
        self.assertEqual(self.only_record().path, b"//api/ver%73ion/")

    def test_of_a_client_that_left_unanswered(self) -> None:
        """A client that leaves before it is answered is recorded with 499."""
        client = self.chat()
        self.network.wait(1)
        client.leave()
        self.network.flush()
        record = self.only_record()
        self.assertEqual((record.status, record.body_bytes), (499, 0))
        self.assertEqual((record.duration_s, record.outcome), (1, "client_left"))

    def test_of_a_client_that_left_in_the_middle(self) -> None:
        """A client that leaves in the middle is recorded with its status and bytes so far."""
        client = self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        sent = len(client.response().body)
        client.leave()
        self.network.flush()
        record = self.only_record()
        self.assertEqual((record.status, record.body_bytes), (200, sent))
        self.assertEqual(record.outcome, "client_left")

    def test_of_a_client_that_left_while_sending(self) -> None:
        """A client that leaves in the middle of its own request is recorded with 499."""
        client = self.network.client()
        client.raw(b"POST /api/chat HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{")
        self.network.flush()
        client.leave()
        self.network.flush()
        record = self.only_record()
        self.assertEqual((record.method, record.path, record.status), (b"POST", b"/api/chat", 499))

    def test_of_a_client_that_left_in_its_headers(self) -> None:
        """A client that leaves in the middle of its headers is recorded with its first line."""
        client = self.network.client()
        client.raw(b"GET /api/tags HTTP/1.1\r\nHo")
        self.network.flush()
        client.leave()
        self.network.flush()
        self.assertEqual(self.only_record().path, b"/api/tags")

    def test_of_a_connection_without_a_request(self) -> None:
        """A connection on which nothing was asked is not recorded."""
        client = self.network.client()
        self.network.flush()
        client.leave()
        self.network.flush()
        self.assertEqual(self.network.records, [])

    def test_outcomes(self) -> None:
        """A record names what went wrong."""
        self.network.get("/nope")
        self.network.get("/api/chat")
        self.network.ask("/api/chat", {})
        self.network.connecting = lambda: fail(TwistedRefused())
        self.network.ask("/api/chat", CHAT)
        self.assertEqual(
            [(record.status, record.outcome) for record in self.network.records],
            [
                (404, "not_found"),
                (405, "method_not_allowed"),
                (400, "bad_request"),
                (502, "upstream_unreachable"),
            ],
        )

    def test_of_a_broken_stream(self) -> None:
        """A stream that broke has status 200, which was sent, and an outcome that tells."""
        self.chat()
        self.network.gateway.begin_stream()
        self.network.gateway.token("x")
        self.network.flush()
        self.network.gateway.cut()
        self.network.flush()
        record = self.only_record()
        self.assertEqual((record.status, record.outcome), (200, "upstream_truncated"))

    def test_a_forged_request_makes_one_plain_line(self) -> None:
        """Control characters, quotes and escapes in a path cannot break or forge a line."""
        client = self.network.client()
        client.raw(b'GET /\x1b[31m"\xe2\x80\xa8\\x HTTP/1.1\r\nHost: h\r\n\r\n')
        self.network.flush()
        line = format_line(self.only_record())
        self.assertTrue(line.isascii() or "µ" in line)
        self.assertEqual(line.count('"'), 2)
        self.assertIn(r"\x5cx", line)
        self.assertNotIn("\x1b", line)


class _SlowPipe(BytesIO):
    def write(self, data: Any) -> int:
        if not self.getvalue():
            super().write(b"-")
            raise BlockingIOError
        return super().write(data)


class _BrokenPipe(BytesIO):
    def write(self, data: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")


RECORD = AccessRecord(
    ended_ns=NOON_NS,
    client="::1",
    method=b"GET",
    path=b"/",
    version=b"HTTP/1.1",
    status=200,
    body_bytes=17,
    duration_s=0.00039,
    outcome="done",
)


class Observer(Case):
    def test_writes_lines_of_access_events_only(self) -> None:
        """The observer writes one UTF-8 line for an access event and nothing for any other."""
        stream = BytesIO()
        observer = AccessLogObserver(stream, self.fail)
        Logger(observer=observer).info("something else")
        AccessLog(observer).record(RECORD)
        self.assertEqual(stream.getvalue(), format_line(RECORD).encode() + b"\n")

    def test_a_slow_stream(self) -> None:
        """A stream that would block loses a line and not the log."""
        stream = _SlowPipe()
        log = AccessLog(AccessLogObserver(stream, self.fail))
        log.record(RECORD)
        log.record(RECORD)
        self.assertEqual(stream.getvalue().count(b"ACCESS"), 1)

    def test_gives_a_broken_stream_up(self) -> None:
        """A stream that fails is reported once and left alone, and nothing is raised."""
        reports: list[Exception] = []
        log = AccessLog(AccessLogObserver(_BrokenPipe(), reports.append))
        log.record(RECORD)
        log.record(RECORD)
        self.assertEqual(len(reports), 1)
