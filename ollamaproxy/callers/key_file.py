"""The keys file on disk: read it, and add a key to it."""

import fcntl
import os
import secrets
import stat
from pathlib import Path
from typing import Final

from ollamaproxy.callers.key_lines import KeyRing, parse_keys, to_line
from ollamaproxy.callers.rules import parse_caller_name
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings.secret import Secret

#: Others can read the gateway keys in it, or can let themselves in.  A group
#: that may read it is the operator's choice.
_EXPOSED: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP

#: Some clients want a key to begin like OpenAI's.
_PREFIX: Final = "sk-op-"
_KEY_BYTES: Final = 32

_HEADING: Final = b"# NAME sha256:HASH [GATEWAY-KEY]; ollamaproxy add-key adds lines\n"


class NameTaken(Exception):
    """There is a caller of that name already."""


def random_key() -> Secret:
    """Return a key that nobody can guess."""
    return Secret(_PREFIX + secrets.token_urlsafe(_KEY_BYTES))


class KeyFile:
    """A keys file."""

    def __init__(self, path: str) -> None:
        """
        Name a file, which need not exist yet.

        Args:
            path: Taken as it is now: a daemon in the background has another
                working directory by the time it reads the file anew.
        """
        self._path = Path(path).expanduser().absolute()

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> KeyRing:
        """
        Return its keys.

        Raises:
            InvalidSetting: There are none to be had; the text says why, and
                holds nothing of the file's.
        """
        try:
            content = self._path.read_bytes()
        except FileNotFoundError:
            raise InvalidSetting(
                f"there is no {self}; ollamaproxy add-key makes it", "keys-file"
            ) from None
        except OSError as error:
            raise InvalidSetting(f"cannot read {self}: {error.strerror}", "keys-file") from error
        return parse_keys(content, str(self))

    @property
    def is_exposed(self) -> bool:
        """Whether other users of the machine can read or change it; false if it is not there."""
        try:
            return bool(self._path.stat().st_mode & _EXPOSED)
        except OSError:
            return False

    def add(self, name: str, gateway_key: Secret | None, key: Secret) -> None:
        """
        Add a key; a file that does not exist is made, for nobody but its owner.

        Two that add at once wait for each other.

        Args:
            name: The caller's.
            gateway_key: What goes to the gateway for it; ``None`` is the daemon's.
            key: The caller's.

        Raises:
            InvalidSetting: The name is none, or the file has a bad line.
            NameTaken: It has the name already.
            OSError: It cannot be read or written.
        """
        parse_caller_name(name)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            content = file.read()
            if parse_keys(content, str(self)).has_name(name):
                raise NameTaken(name)
            before = b"" if content.endswith(b"\n") else b"\n" if content else _HEADING
            file.write(before + to_line(name, key, gateway_key).encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
