"""What a supervisor tells a worker, in one line of JSON on its standard input."""

import json
import socket
from collections.abc import Mapping, Sequence

from attrs import asdict, field, frozen


@frozen
class Inherited:
    """
    A listening socket that a worker has inherited.

    Attributes:
        number: Of the file descriptor.
        family: The address family, such as ``socket.AF_INET``.
        is_behind_proxy: Connections begin with a line of the PROXY protocol.
    """

    number: int
    family: int
    is_behind_proxy: bool = False

    @property
    def has_path(self) -> bool:
        """It is a socket in the file system."""
        return self.family == socket.AF_UNIX


@frozen(kw_only=True)
class Assignment:
    """
    What a worker is to do.

    Attributes:
        worker: Its number, from 1 on.
        accepted: What the supervisor has found good, by the names of the
            settings.  It may hold the key, which is why it is not on the
            worker's own command line.
        origins: Where each of the settings comes from, for a person.
        flags: The flags of the supervisor's command line alone, to read the
            other places anew.
        config_path: The path of the file with settings; ``None`` if there is none.
        sockets: Where it listens.
    """

    worker: int
    accepted: Mapping[str, Sequence[str]] = field(repr=False)
    origins: Mapping[str, str]
    flags: Mapping[str, Sequence[str]] = field(repr=False)
    config_path: str | None
    sockets: Sequence[Inherited]

    def to_line(self) -> bytes:
        """Return the line."""
        return json.dumps(asdict(self)).encode("ascii") + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Assignment":
        """Return what a line says."""
        told = json.loads(line)
        return cls(**{**told, "sockets": [Inherited(**it) for it in told["sockets"]]})
