"""``ollamaproxy doctor``: examines, and prints what it finds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Final, TextIO

from twisted.internet.defer import Deferred
from twisted.logger import Logger, globalLogBeginner
from twisted.python.failure import Failure
from twisted.python.usage import UsageError

from ollamaproxy.assembly import read_keys
from ollamaproxy.clocks import Clocks
from ollamaproxy.configuration.merging import Configuration
from ollamaproxy.doctor.diagnoses.configuration import (
    bad_settings_finding,
    settings_finding,
    warning_findings,
)
from ollamaproxy.doctor.diagnoses.models import ModelRow
from ollamaproxy.doctor.findings import Finding
from ollamaproxy.doctor.options import DoctorOptions
from ollamaproxy.doctor.putting_together import Doctor
from ollamaproxy.doctor.report import TextReport, is_well, summary, table, to_json
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.hidden import Hidden, longest_first
from ollamaproxy.logs.daemon_log import stderr_observer
from ollamaproxy.named_files import check_files
from ollamaproxy.start_warnings import start_warnings

_log = Logger()

_GREETING: Final = "ollamaproxy doctor: looks at all that the daemon needs."


class Output:
    """
    Writes findings on a stream, as they come or at the end.

    Attributes:
        findings: All so far.
    """

    def __init__(
        self,
        stream: BinaryIO,
        environ: Mapping[str, str],
        *,
        as_json: bool,
        hidden: Iterable[Hidden],
    ) -> None:
        """
        Begin.

        Args:
            stream: Standard output.
            environ: The environment; NO_COLOR (https://no-color.org) counts.
            as_json: One object at the end instead of lines.
            hidden: Is masked, whatever is printed.
        """
        self._stream = stream
        coloured = stream.isatty() and not environ.get("NO_COLOR")
        self._report = None if as_json else TextReport(coloured=coloured)
        self._hidden = longest_first(hidden)
        self.findings: list[Finding] = []
        self._print([_GREETING])

    def say(self, finding: Finding) -> None:
        """Take a finding."""
        self.findings.append(finding)
        if self._report is not None:
            self._print(self._report.lines(finding))

    def end(self, rows: Sequence[ModelRow]) -> None:
        """Write what comes last."""
        if self._report is None:
            self._write(to_json(self.findings, rows) + "\n")
            return
        if rows:
            self._print(["", "The models as an IDE will see them:", *table(rows)])
        self._print(["", summary(self.findings)])

    def _print(self, lines: Sequence[str]) -> None:
        if self._report is not None:
            self._write("".join(f"{line}\n" for line in lines))

    def _write(self, text: str) -> None:
        for it in self._hidden:
            text = it.masked_in(text)
        self._stream.write(text.encode("utf-8", "replace"))
        self._stream.flush()


def doctor(
    argv: Sequence[str], environ: Mapping[str, str], stdout: BinaryIO, stderr: TextIO
) -> int:
    """
    Examine, and print.

    Args:
        argv: The command line after ``doctor``.
        environ: The environment.
        stdout: Gets the findings.
        stderr: Gets what is wrong with the command line, and bugs.

    Returns:
        The exit status: 0 if nothing failed, 1 if something did, 2 if the
        command line is wrong.

    Raises:
        BrokenPipeError: The reader of standard output has seen enough.
    """
    options = DoctorOptions(environ)
    try:
        options.parseOptions(argv)
    except UsageError as error:
        print(f"ollamaproxy: {error}\nTry: ollamaproxy doctor --help", file=stderr)
        return 2
    configuration = options.configuration
    hidden = () if configuration is None else configuration.settings.hidden
    output = Output(stdout, environ, as_json=bool(options["json"]), hidden=hidden)
    try:
        if configuration is None:
            raise InvalidSetting(options.complaint or "")
        for finding in _about_settings(configuration, environ):
            output.say(finding)
        done = _examine(options, environ, output, stderr)
    except InvalidSetting as error:
        for line in str(error).splitlines():
            output.say(bad_settings_finding(line))
        output.end(())
        return 1
    return 0 if done and is_well(output.findings) else 1


def _about_settings(configuration: Configuration, environ: Mapping[str, str]) -> list[Finding]:
    """Return what there is to say of the settings; raises InvalidSetting."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs it

    settings = configuration.settings
    check_files(configuration, environ, reactor)
    warnings = [*configuration.warnings, *start_warnings(settings, read_keys(settings))]
    return [settings_finding(configuration.origins), *warning_findings(warnings)]


def _examine(
    options: DoctorOptions, environ: Mapping[str, str], output: Output, stderr: TextIO
) -> bool:
    """Run the reactor until all has been looked at; return whether it has been."""
    from twisted.internet import reactor as _reactor  # noqa: PLC0415 - importing it installs it

    reactor: Any = _reactor
    globalLogBeginner.beginLoggingTo([stderr_observer(stderr)], redirectStandardIO=False)
    doctor = Doctor(
        options.settings,
        options.wishes,
        wait_s=options.wait_s,
        environ=environ,
        reactor=reactor,
        clocks=Clocks(scheduler=reactor),
        say=output.say,
    )
    done = False

    async def examine() -> None:
        nonlocal done
        await doctor.run()
        done = True

    reader_left: list[BrokenPipeError] = []

    def ended(result: object) -> None:
        if isinstance(result, Failure):
            if isinstance(result.value, BrokenPipeError):
                reader_left.append(result.value)
            else:
                _log.failure("The doctor failed for a reason that is a bug", result)
        reactor.stop()

    reactor.callWhenRunning(lambda: Deferred.fromCoroutine(examine()).addBoth(ended))
    reactor.run()
    if reader_left:
        raise reader_left[0]
    if done:
        output.end(doctor.examination.rows)
    else:
        print("ollamaproxy: the doctor was stopped before its end", file=stderr)
    return done
