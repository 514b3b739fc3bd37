"""Where the daemon's own messages go: few and readable, as text or as JSON."""

from collections.abc import Callable
from typing import TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
    formatEvent,
)
from zope.interface import implementer

from ollamaproxy.logs.access_log import ACCESS_KEY
from ollamaproxy.logs.json_lines import format_access, format_message

#: Makes an event's text, with its line end; gets which process it is of, if there are several.
EventForm = Callable[[LogEvent, str], str]


def text_form(event: LogEvent, who: str = "") -> str:
    """Return time, process, level if it is above info, text, and the traceback of a bug."""
    time, _space, text = eventAsText(event, includeSystem=False).partition(" ")
    level = event.get("log_level", LogLevel.info)
    told = text if level is LogLevel.info else f"{level.name}: {text}"
    return f"{time} {who}: {told}\n" if who else f"{time} {told}\n"


def json_form(event: LogEvent, who: str = "") -> str:
    """Return the object about a message, or about a request if that is what the event is about."""
    record = event.get(ACCESS_KEY)
    if record is not None:
        return format_access(record) + "\n"
    failure = event.get("log_failure")
    line = format_message(
        time_s=event["log_time"],
        level=event.get("log_level", LogLevel.info).name,
        logger=event.get("log_namespace", ""),
        message=formatEvent(event),
        process=who or None,
        traceback=None if failure is None else failure.getTraceback(),
    )
    return line + "\n"


@implementer(ILogObserver)
class MessageObserver:
    """Writes each event at once."""

    def __init__(self, write: Callable[[str], object], form: EventForm, who: str) -> None:
        """
        Write.

        Args:
            write: Gets the text of one event.
            form: Makes it.
            who: Which process this is; empty if there are no others.
        """
        self._write = write
        self._form = form
        self._who = who

    def __call__(self, event: LogEvent) -> None:
        """Implement :class:`ILogObserver`."""
        self._write(self._form(event, self._who))


def message_observer(
    write: Callable[[str], object], form: EventForm = text_form, who: str = ""
) -> ILogObserver:
    """
    Return an observer that writes this daemon's messages, and of Twisted's only warnings.

    Twisted tells every factory that it starts; nobody waits for that.

    Args:
        write: Gets the text of one message.
        form: Makes it.
        who: Which process this is; empty if there are no others.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace("ollamaproxy", LogLevel.info)
    return FilteringLogObserver(MessageObserver(write, form, who), [levels])


def stderr_observer(stream: TextIO, form: EventForm = text_form, who: str = "") -> ILogObserver:
    """Return an observer that writes messages to a stream of text; see :func:`message_observer`."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    return message_observer(write, form, who)
