"""Where the logs go: the operator's files, or the standard streams."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from attrs import frozen
from twisted.logger import ILogObserver, Logger

from ollamaproxy.errors import InvalidSetting
from ollamaproxy.logs.access_log import Form, LineStream
from ollamaproxy.logs.daemon_log import (
    EventForm,
    json_form,
    message_observer,
    stderr_observer,
    text_form,
)
from ollamaproxy.logs.files import LogFile
from ollamaproxy.logs.json_lines import format_access
from ollamaproxy.logs.text_line import format_line
from ollamaproxy.mistakes import Mistakes
from ollamaproxy.settings.logs import LogFormat, LogWishes

_log = Logger()

ACCESS_FORMS: Final[dict[LogFormat, Form]] = {
    LogFormat.TEXT: format_line,
    LogFormat.JSON: format_access,
}
_MESSAGE_FORMS: Final[dict[LogFormat, EventForm]] = {
    LogFormat.TEXT: text_form,
    LogFormat.JSON: json_form,
}


@frozen
class Outputs:
    """
    Where the logs go.

    Attributes:
        access: Gets access lines; ``None`` leaves them to Twisted's log.
        messages: Gets the daemon's messages; ``None`` leaves them to Twisted's log.
        files: Those among them that are to be opened anew on a signal.
    """

    access: LineStream | None
    messages: ILogObserver | None
    files: tuple[LogFile, ...] = ()


def open_outputs(
    wishes: LogWishes,
    stdout: LineStream | None,
    stderr: TextIO | None,
    emergency: TextIO | None,
    who: str = "",
) -> Outputs:
    """
    Open what the operator wishes.

    Args:
        wishes: The operator's.
        stdout: Gets access lines if there is no file for them.
        stderr: Gets messages if there is no file for them.
        emergency: Is told when the file for messages cannot be written to.
        who: Which process this is; empty if there are no others.

    Raises:
        InvalidSetting: A file cannot be opened.
    """
    form = _MESSAGE_FORMS[wishes.format]
    files: list[LogFile] = []
    access = stdout
    if wishes.access_path is not None:
        access = _open("access-log", wishes.access_path, _complain_in_log)
        files.append(access)
    messages = None if stderr is None else stderr_observer(stderr, form, who)
    if wishes.messages_path is not None:
        file = _open("log-file", wishes.messages_path, lambda told: _print(told, emergency))
        files.append(file)
        messages = message_observer(lambda text: file.write(text.encode()), form, who)
    return Outputs(access, messages, tuple(files))


def check_outputs(wishes: LogWishes) -> None:
    """
    Find out whether the files can be opened, and leave them alone.

    Raises:
        InvalidSetting: One cannot, or neither.
    """
    mistakes = Mistakes()
    for setting, path in (("access-log", wishes.access_path), ("log-file", wishes.messages_path)):
        if path is None:
            continue
        code = _why_not(Path(path))
        if code:
            mistakes.add(_cannot(setting, path, os.strerror(code)))
    mistakes.raise_any()


def _why_not(file: Path) -> int:
    """Return the number of the error that opening a file would meet, or 0."""
    if file.is_dir():
        return errno.EISDIR
    if not file.parent.is_dir():
        return errno.ENOENT
    place = file if file.exists() else file.parent
    return 0 if os.access(place, os.W_OK) else errno.EACCES


def _open(setting: str, path: str, complain: Callable[[str], None]) -> LogFile:
    try:
        return LogFile(path, complain)
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise _cannot(setting, path, getattr(error, "strerror", None) or str(error)) from error


def _cannot(setting: str, path: str, reason: str) -> InvalidSetting:
    return InvalidSetting(
        f"{path} cannot be written to: {reason}; "
        "the folder must exist, and this user must be allowed to write there",
        setting,
    )


def _complain_in_log(told: str) -> None:
    _log.warn("{told}", told=told)


def _print(told: str, stream: TextIO | None) -> None:
    if stream is not None:
        print(f"ollamaproxy: {told}", file=stream)
