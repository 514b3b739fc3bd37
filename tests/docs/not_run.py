"""The commands that a test cannot run, each with its reason.  This is the whole table."""

import re
from typing import Final

from attrs import frozen


@frozen
class NotRun:
    """
    A row.

    Attributes:
        pattern: Of a whole command, as pages show it.
        reason: Why a test cannot run it, and what looks at it instead, if something does.
    """

    pattern: str
    reason: str


_NETWORK: Final = "fetches packages from the network; .ci/run installs in the same way"

_JOBS: Final = (
    "check|docs|dist|audit|release|litellm|clients|compatibility"
    "|speed|speed-results|load|amplification|slow|soak|fuzz"
)

NOT_RUN: Final = (
    NotRun(r"git clone .*", "needs the network, and an address that only the reader knows"),
    NotRun(r"cd ollamaproxy", "is where the test is already"),
    NotRun(r"make test|\S*trial tests|\S*pytest", "runs this very test"),
    NotRun(rf"make ({_JOBS})( \w+=.*)?", "takes longer than a test may; .ci/run does some"),
    NotRun(r"python3 -m venv \S+( && \S*pip install .*)?", _NETWORK),
    NotRun(r"\S*pip install .*|pipx install .*|npm install .*|apt-get install .*", _NETWORK),
    NotRun(
        r"systemctl .*|systemd-analyze .*",
        "needs systemd as the first process; tests/deploy/test_systemd.py",
    ),
    NotRun(
        r"man ollamaproxy",
        "needs an install that is not --editable; tests/release/test_installed.py has one",
    ),
    NotRun(r"nginx -s .*", "needs the machine's own nginx; tests/deploy/test_balancers.py"),
    NotRun(r"pkill .*", "is for all daemons of the machine; tests/live/test_reloading.py"),
    NotRun(
        r"goose .*", "needs Goose, which no package has; its requests are in tests/clients/rules"
    ),
    NotRun(r"docker .*", "needs a Docker daemon; tests/deploy/test_docker.py reads the file"),
    NotRun(r"kubectl .*", "needs a cluster; tests/deploy/test_kubernetes.py checks the files"),
    NotRun(
        r"\.venv/bin/pytest tests/.*", "runs tests that are run anyhow; test_pages.py: they exist"
    ),
    NotRun(r"git (tag|push) .*|\S*twine upload .*", "publishes a release, by who has the keys"),
)


def row_for(command: str) -> NotRun | None:
    """Return the row that says why a command is not run; ``None`` if it is run."""
    return next((row for row in NOT_RUN if re.fullmatch(row.pattern, command, re.DOTALL)), None)
