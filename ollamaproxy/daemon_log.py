"""Where the daemon's own messages go: to standard error, few and readable."""

from typing import TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    textFileLogObserver,
)


def stderr_observer(stream: TextIO) -> ILogObserver:
    """
    Return an observer that prints this daemon's messages, and of Twisted's only warnings.

    Twisted tells every factory that it starts; nobody waits for that.
    """
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.warn)
    levels.setLogLevelForNamespace("ollamaproxy", LogLevel.info)
    return FilteringLogObserver(textFileLogObserver(stream), [levels])
