"""
``ollamaproxy add-key``: makes a key for a caller and adds it to the keys file.

The key itself is on standard output, once and nowhere else; what else there is
to say is on standard error.
"""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import BinaryIO, TextIO

from twisted.python import usage

from ollamaproxy import __version__
from ollamaproxy.callers.key_file import KeyFile, NameTaken, random_key
from ollamaproxy.callers.rules import parse_caller_name
from ollamaproxy.configuration.options import with_two_dashes
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings.secret import Secret


class AddKeyOptions(usage.Options):
    """
    What ``ollamaproxy add-key`` takes.

    Attributes:
        name: The caller's.
        path: The keys file's.
        gateway_key: What goes to the gateway for the caller; ``None`` is the daemon's.
    """

    synopsis = "Usage: ollamaproxy add-key NAME --keys-file=PATH [--gateway-key=KEY]"
    longdesc = (
        "Makes a key for a caller, prints it once, and adds its hash to the keys file. "
        "A running daemon knows it after SIGHUP. "
        "Instead of the flags there may be OLLAMAPROXY_KEYS_FILE and OLLAMAPROXY_GATEWAY_KEY "
        "in the environment, where other users of the machine cannot see them."
    )
    optParameters: Sequence[Sequence[object]] = [
        ["keys-file", None, None, "The file to add to; it is made if there is none."],
        ["gateway-key", None, None, "The gateway's key for this caller. [default: the daemon's]"],
    ]

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._environ = environ
        self._names: list[str] = []
        self.name = ""
        self.path = ""
        self.gateway_key: Secret | None = None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Override: take the name in front of the flags, too, and flags with one dash."""
        words = list(options or ())
        # getopt stops at the first word that is no flag.
        self._names = list(takewhile(lambda word: not word.startswith("-"), words))
        known = {"keys-file", "gateway-key", "help"}
        rest = words[len(self._names) :]
        super().parseOptions([with_two_dashes(word, known) for word in rest])

    def parseArgs(self, *names: str) -> None:
        """Override: take the names behind the flags as well."""
        self._names.extend(names)

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"ollamaproxy {__version__}")  # noqa: T201 - that is what was asked for
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Override: merge and check."""
        if len(self._names) != 1:
            # Not repeated: one may be the second half of a key with a blank in it.
            raise usage.UsageError("give one NAME, such as: ollamaproxy add-key alice")
        path = self._text("keys-file")
        if path is None:
            raise usage.UsageError("--keys-file is required (or set OLLAMAPROXY_KEYS_FILE)")
        gateway_key = self._text("gateway-key")
        try:
            self.name = parse_caller_name(self._names[0])
            self.gateway_key = None if gateway_key is None else Secret(gateway_key)
        except InvalidSetting as error:
            raise usage.UsageError(str(error)) from error
        self.path = path

    def _text(self, name: str) -> str | None:
        variable = "OLLAMAPROXY_" + name.upper().replace("-", "_")
        given: str | None = self[name]
        text = self._environ.get(variable, "") if given is None else given
        return text.strip() or None


def add_key(
    argv: Sequence[str], environ: Mapping[str, str], stdout: BinaryIO, stderr: TextIO
) -> int:
    """
    Add a key.

    Args:
        argv: The command line after ``add-key``.
        environ: The environment.
        stdout: Gets the key and a line end.
        stderr: Gets everything else.

    Returns:
        The exit status: 0 if it is added, 1 if the file does not allow that,
        2 if the command line is wrong.
    """
    options = AddKeyOptions(environ)
    try:
        options.parseOptions(argv)
    except usage.UsageError as error:
        print(f"ollamaproxy: {error}\nTry: ollamaproxy add-key --help", file=stderr)
        return 2
    file = KeyFile(options.path)
    key = random_key()
    try:
        file.add(options.name, options.gateway_key, key)
    except NameTaken:
        told = f"{file} has a key of that name; remove its line first, or choose another name"
    except InvalidSetting as error:
        told = error.text  # it names the file
    except OSError as error:
        told = f"cannot add to the keys file {file}: {error.strerror}"
    else:
        stdout.write(key.text.encode("ascii") + b"\n")
        stdout.flush()
        print(
            f"This is the key of {options.name}; it cannot be shown again.\n"
            f"Its hash is in {file}; a running daemon knows it after SIGHUP.",
            file=stderr,
        )
        return 0
    print(f"ollamaproxy: {told}", file=stderr)
    return 1
