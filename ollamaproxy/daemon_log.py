"""Where the daemon's own messages go: to standard error, few and readable."""

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


def stderr_observer(stream: TextIO) -> ILogObserver:
    """
    Return an observer that prints this daemon's messages, and of Twisted's only warnings.

    Twisted tells every factory that it starts; nobody waits for that.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace("ollamaproxy", LogLevel.info)
    return FilteringLogObserver(FileLogObserver(stream, _line), [levels])


def _line(event: LogEvent) -> str:
    """Return time, level if it is above info, text, and the traceback of a bug."""
    time, _space, text = eventAsText(event, includeSystem=False).partition(" ")
    level = event.get("log_level", LogLevel.info)
    return f"{time} {text}\n" if level is LogLevel.info else f"{time} {level.name}: {text}\n"
