"""The software bill of materials: what is installed with the wheel, in CycloneDX's JSON."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from release.bill import with_subject
from release.environment import make_environment


class InvalidBill(Exception):
    """A bill of materials is not what its schema says; the text has where."""


def validate(text: str) -> None:
    """
    Look whether a text is a bill of materials of CycloneDX 1.6.

    Raises:
        InvalidBill: It is not.
    """
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        raise InvalidBill(str(error))


def make_bill(wheel: Path, time_s: int) -> str:
    """
    Install a wheel into an environment of its own, and return the bill of what is there.

    Args:
        wheel: Its path, absolute.
        time_s: The time that the bill bears, in seconds since 1970.

    Raises:
        CalledProcessError: It cannot be installed, or cyclonedx-py has complained.
        InvalidBill: A mistake in here.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_environment(Path(folder), wheel, with_pip=False)
        tool = str(Path(sys.executable).with_name("cyclonedx-py"))
        argv = [tool, "environment", "--spec-version", "1.6", "--output-reproducible", folder]
        environ = {**os.environ, "SOURCE_DATE_EPOCH": str(time_s)}
        done = subprocess.run(argv, check=True, env=environ, stdout=subprocess.PIPE)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    text = json.dumps(with_subject(json.loads(done.stdout), digest), indent=2) + "\n"
    validate(text)
    return text
