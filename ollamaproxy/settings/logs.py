"""What an operator decides about logs."""

from enum import Enum

from attrs import frozen

from ollamaproxy.errors import InvalidSetting


class LogFormat(Enum):
    """
    What a line is.

    TEXT: For people.
    JSON: One object, for programs.
    """

    TEXT = "text"
    JSON = "json"


def parse_log_format(text: str) -> LogFormat:
    """
    Return what a word stands for.

    Raises:
        InvalidSetting: It is neither of the two.
    """
    try:
        return LogFormat(text.lower())
    except ValueError:
        raise InvalidSetting(f"{text!r} is neither text nor json") from None


@frozen(kw_only=True)
class LogWishes:
    """
    What an operator decides about logs.

    Attributes:
        format: Of both logs.
        access_path: The file for access lines; ``None`` is standard output.
        messages_path: The file for the daemon's own messages; ``None`` is
            standard error.
    """

    format: LogFormat = LogFormat.TEXT
    access_path: str | None = None
    messages_path: str | None = None
