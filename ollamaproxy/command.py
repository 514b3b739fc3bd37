"""The console script: the daemon in the foreground, for those used to a plain binary."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final, TextIO

from twisted.logger import globalLogBeginner
from twisted.python.reflect import namedAny
from twisted.python.usage import UsageError

from ollamaproxy import collector
from ollamaproxy.composition import check, make_serving
from ollamaproxy.configuration.options import Options
from ollamaproxy.errors import CannotListen, InvalidSetting
from ollamaproxy.logs.outputs import open_outputs
from ollamaproxy.signals import Signals

_Command = Callable[[Sequence[str], Mapping[str, str], BinaryIO, TextIO], int]

#: What else there is to do, and where it is; each gets the rest of the command
#: line.  To import all of it took a tenth of the daemon's start.
_COMMANDS: Final[Mapping[str, str]] = {
    "add-key": "ollamaproxy.callers.add_key.add_key",
    "doctor": "ollamaproxy.doctor.command.doctor",
    "completion": "ollamaproxy.command_line.completion.completion",
}


def main() -> None:
    """Run with this process's command line, environment and standard streams."""
    # A stream that is closed is None to Python.
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - it is a name, not a path
        stdout, stderr = sys.stdout or nowhere, sys.stderr or nowhere
        try:
            try:
                status = run(sys.argv[1:], os.environ, stdout.buffer, stderr)
            finally:  # --help leaves by an exception
                stdout.flush()
        except BrokenPipeError:
            # Whoever reads --help has seen enough; Python would complain of the rest at its end.
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
            status = 0
        sys.exit(status)


def run(argv: Sequence[str], environ: Mapping[str, str], stdout: BinaryIO, stderr: TextIO) -> int:
    """
    Serve until SIGINT or SIGTERM, or do what the first word says.

    Args:
        argv: The command line without the program's name.
        environ: The environment.
        stdout: Gets the access lines, unless there is a file for them.
        stderr: Gets everything else, with the same exception.

    Returns:
        The exit status: 0 after a signal, 1 if the address is not to be had,
        2 if the command line or a file that it names is wrong.
    """
    if argv and argv[0] in _COMMANDS:
        collector.settle()
        command: _Command = namedAny(_COMMANDS[argv[0]])
        return command(argv[1:], environ, stdout, stderr)
    options = Options(environ, check)
    try:
        options.parseOptions(argv)
    except UsageError as error:
        _complain(error, stderr)
        print("Try: ollamaproxy --help", file=stderr)
        return 2
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    try:
        with options.naming_origins():
            outputs = open_outputs(options.settings.logs, stdout, stderr, stderr)
            assert outputs.messages is not None  # noqa: S101 - there is a standard error
            # From here on nothing else may write to standard output.
            globalLogBeginner.beginLoggingTo([outputs.messages], redirectStandardIO=False)
            daemon = make_serving(options, reactor, outputs.access, log_files=outputs.files)
    except CannotListen as error:
        _complain(error, stderr)
        return 1
    except InvalidSetting as error:
        _complain(error, stderr)
        return 2
    # Before the daemon says, here and to systemd, that it is there: then it knows signals, too.
    reactor.callWhenRunning(Signals(daemon, reactor).install)
    reactor.callWhenRunning(collector.settle)
    daemon.startService()
    reactor.addSystemEventTrigger("before", "shutdown", daemon.stopService)
    reactor.run()
    return 0


def _complain(error: Exception, stderr: TextIO) -> None:
    """Write a line for each mistake."""
    for line in str(error).splitlines():
        print(f"ollamaproxy: {line}", file=stderr)
