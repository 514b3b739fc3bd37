"""Where the daemon's own messages go: to standard error, few and readable."""

from functools import partial
from typing import TextIO

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    eventAsText,
)


def stderr_observer(stream: TextIO, who: str = "") -> ILogObserver:
    """
    Return an observer that prints this daemon's messages, and of Twisted's only warnings.

    Twisted tells every factory that it starts; nobody waits for that.

    Args:
        stream: Gets the lines.
        who: Which process this is, if there are several.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace("ollamaproxy", LogLevel.info)
    return FilteringLogObserver(
        FileLogObserver(stream, partial(_line, f"{who}: " if who else "")), [levels]
    )


def _line(who: str, event: LogEvent) -> str:
    """Return time, level if it is above info, text, and the traceback of a bug."""
    time, _space, text = eventAsText(event, includeSystem=False).partition(" ")
    level = event.get("log_level", LogLevel.info)
    told = text if level is LogLevel.info else f"{level.name}: {text}"
    return f"{time} {who}{told}\n"
