"""The command line of ``ollamaproxy doctor``: the daemon's own flags, and a few of its own."""

import os
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Final

from twisted.python import usage

from ollamaproxy.configuration.options import Options
from ollamaproxy.configuration.values import parse_seconds
from ollamaproxy.doctor.examination import Wishes
from ollamaproxy.errors import InvalidSetting

#: How long a model may take to begin; a person waits for it.
DEFAULT_WAIT_S: Final = 60.0


class DoctorOptions(Options):
    """
    What ``ollamaproxy doctor`` takes.

    Attributes:
        complaint: What is wrong with a setting, wherever it was given; ``None``
            if nothing is: then there is a ``configuration``.
        wishes: What the person wants to know.
        wait_s: How long a model may take to begin its answer.
    """

    synopsis = "doctor [--doctor-model=NAME] [--no-token] [--json] [the daemon's own flags]"
    longdesc = (
        "Looks at everything that the daemon needs, in order, and says what is wrong and what to "
        "change. Give it the flags and the environment that the daemon gets. It asks one model "
        "for one token, which costs a few tokens; --no-token leaves that out. The exit status is "
        "0 if nothing failed, 1 if something did, 2 if the command line is wrong."
    )
    optParameters: Sequence[Sequence[object]] = [
        ["doctor-model", None, None, "The model to ask. [default: the default model, or any]"],
        ["doctor-wait", None, None, "SECONDS that it may take to begin. [default: 60]"],
    ]
    optFlags: Sequence[Sequence[object]] = [
        ["no-token", None, "Ask no model: nothing that costs."],
        ["json", None, "Print one JSON object instead of lines."],
    ]

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(environ)
        self.complaint: str | None = None
        self.wishes = Wishes()
        self.wait_s = DEFAULT_WAIT_S

    def getUsage(self, width: int | None = None) -> str:
        """Override: put the doctor's own flags in front, or nobody finds them among the others."""
        width = width or int(os.environ.get("COLUMNS", "80"))  # as Twisted does
        own = [
            {"long": row[0], "doc": row[-1], "optType": kind}
            for kind, rows in (("parameter", self.optParameters), ("flag", self.optFlags))
            for row in rows
        ]
        daemon = Options(self._environ)
        daemon.longdesc = ""
        return "\n".join(
            (
                *wrap(self.longdesc, width),
                "",
                "The doctor's own options:",
                "".join(usage.docMakeChunks(own, width)),
                daemon.getUsage(width).replace("Options:", "The daemon's options:", 1),
            )
        )

    def postOptions(self) -> None:
        """Override: a setting that is wrong is a finding, and no mistake in this command line."""
        if self["demo"]:
            raise usage.UsageError("--demo needs no doctor: it brings its own gateway")
        self.wishes = Wishes(asks_token=not self["no-token"], model=self["doctor-model"] or None)
        if self["doctor-wait"] is not None:
            try:
                self.wait_s = parse_seconds(self["doctor-wait"])
            except InvalidSetting as error:
                raise usage.UsageError(f"--doctor-wait: {error}") from error
        try:
            super().postOptions()
        except usage.UsageError as error:
            self.complaint = str(error)
