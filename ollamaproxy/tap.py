"""
The daemon under ``twistd``.

The plugin comes by :func:`makeService`, ``ollamaproxy.tac`` by :func:`make_application`.
"""

import getopt
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.application.service import Application
from twisted.python.components import Componentized
from twisted.python.usage import UsageError

from ollamaproxy import collector
from ollamaproxy.composition import check, make_serving
from ollamaproxy.configuration import options as daemon_options
from ollamaproxy.daemon import Daemon
from ollamaproxy.errors import CannotListen, InvalidSetting
from ollamaproxy.logs.outputs import open_outputs
from ollamaproxy.signals import Signals
from ollamaproxy.workers.supervisor import Supervisor


class Options(daemon_options.Options):
    """What ``twistd ollamaproxy`` takes; the name is ``twisted.application.service``'s."""

    def __init__(self) -> None:
        super().__init__(check=check)


def make_service(options: daemon_options.Options, twistd: Mapping[str, Any]) -> Daemon | Supervisor:
    """
    Return the daemon for ``twistd``.

    In the foreground the access lines go to standard output and everything
    else to standard error, unless ``twistd`` was told of a log.  In the
    background there is neither: both go to ``twistd``'s log.  Files that the
    settings name come before all of these.

    Args:
        options: Parsed.
        twistd: The options of ``twistd`` itself, by their long names.

    Raises:
        SystemExit: With one line for standard error: the address or the keys
            file is not to be had.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - see the house rule on reactors

    foreground = bool(twistd.get("nodaemon") or twistd.get("debug"))
    has_log = any(twistd.get(name) for name in ("logfile", "syslog", "logger"))
    # A standard stream that is closed is None to Python.
    stdout = sys.stdout.buffer if foreground and sys.stdout else None
    stderr = sys.stderr if foreground and not has_log else None
    try:
        with options.naming_origins():
            outputs = open_outputs(options.settings.logs, stdout, stderr, sys.stderr)
            daemon = make_serving(
                options,
                reactor,
                outputs.access,
                outputs.messages,
                outputs.files,
                in_foreground=stdout is not None,
            )
    except (CannotListen, InvalidSetting) as error:
        raise SystemExit(f"ollamaproxy: {error}") from error
    reactor.callWhenRunning(Signals(daemon, reactor).install)
    reactor.callWhenRunning(collector.settle)
    return daemon


def makeService(options: daemon_options.Options) -> Daemon | Supervisor:
    """Return the daemon for the plugin; the name is ``twisted.application.service``'s."""
    return make_service(options, options.parent or {})


def make_application(argv: Sequence[str], environ: Mapping[str, str]) -> Componentized:
    """
    Return the application for ``twistd -y ollamaproxy.tac``, set by environment variables.

    Args:
        argv: The command line of ``twistd``, without the program's name.
        environ: The environment.

    Raises:
        SystemExit: With one line for standard error: a setting is missing or cannot work.
    """
    options = daemon_options.Options(environ, check)
    try:
        options.parseOptions([])
    except UsageError as error:
        raise SystemExit(f"ollamaproxy: {error}") from error
    application: Componentized = Application("ollamaproxy")
    make_service(options, _twistd_flags(argv)).setServiceParent(application)  # type: ignore[arg-type]  # it takes what adapts
    return application


def _twistd_flags(argv: Sequence[str]) -> Mapping[str, Any]:
    """Return what ``twistd`` was told, by long names: a .tac file is not handed its options."""
    # Which flags there are depends on the platform.  Slow to import, and only for this.
    from twisted.scripts.twistd import (  # type: ignore[attr-defined]  # noqa: PLC0415
        ServerOptions,
    )

    twistd = ServerOptions()
    try:
        given, _rest = getopt.getopt(list(argv), twistd.shortOpt, twistd.longOpt)
    except getopt.GetoptError:
        return {}
    return {twistd.synonyms[flag.lstrip("-")]: value or True for flag, value in given}
