"""The daemon's own messages, as text and as JSON."""

import json
from typing import Any

from twisted.logger import ILogObserver, Logger, LogLevel
from twisted.python.failure import Failure

from ollamaproxy.logs.access_log import AccessLog
from ollamaproxy.logs.daemon_log import EventForm, json_form, message_observer, text_form
from ollamaproxy.logs.record import AccessRecord
from tests.case import Case


class Messages(Case):
    def lines(self, form: EventForm) -> tuple[list[str], ILogObserver]:
        """Return what gets the lines of an observer, and the observer."""
        written: list[str] = []
        return written, message_observer(written.append, form)

    def objects(self, written: list[str]) -> list[dict[str, Any]]:
        """Return the objects, each of which must be a line."""
        for line in written:
            self.assertEqual(line.count("\n"), 1)
            self.assertTrue(line.endswith("\n"))
        return [json.loads(line) for line in written]

    def test_levels(self) -> None:
        """Of ours there is everything above debug, of Twisted's only what is bad, in both forms."""
        for form in (text_form, json_form):
            written, observer = self.lines(form)
            for namespace in ("ollamaproxy.x", "twisted.x"):
                log = Logger(namespace, observer=observer)
                log.debug("d")
                log.info("i")
                log.emit(LogLevel.warn, "w")
            self.assertEqual(len(written), 3, written)

    def test_json(self) -> None:
        """An object has the level, who says it and the text with its fields filled in."""
        written, observer = self.lines(json_form)
        Logger("ollamaproxy.x", observer=observer).warn("{a}\n{b}", a=1, b='"')
        [told] = self.objects(written)
        self.assertEqual(
            (told["level"], told["logger"], told["message"]), ("warn", "ollamaproxy.x", '1\n"')
        )
        self.assertNotIn("traceback", told)

    def test_a_failure(self) -> None:
        """The traceback of a bug is in one field, and the text of the message is not lost."""
        written, observer = self.lines(json_form)
        try:
            raise ZeroDivisionError("x")
        except ZeroDivisionError:
            failure = Failure()
        Logger("ollamaproxy.x", observer=observer).failure("it broke", failure=failure)
        [told] = self.objects(written)
        self.assertEqual((told["level"], told["message"]), ("critical", "it broke"))
        self.assertIn("test_daemon_messages.py", told["traceback"])
        self.assertIn("ZeroDivisionError: x", told["traceback"])

    def test_a_request(self) -> None:
        """A request that gets into this log is told as a request, and not as a text in a text."""
        written, observer = self.lines(json_form)
        record = AccessRecord(
            ended_ns=0,
            client="-",
            method=b"GET",
            path=b"/",
            version=b"HTTP/1.1",
            status=200,
            body_bytes=0,
            duration_s=0,
            outcome="done",
        )
        AccessLog(observer).record(record)
        [told] = self.objects(written)
        self.assertEqual((told["kind"], told["status"]), ("access", 200))
