"""
``curl --http2``, which asks for HTTP/2 on plain http by the header ``Upgrade: h2c``.

The daemon has no HTTP/2 there, and must answer as if it had not been asked.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ollama_api import acts_of
from reporting import plan, report


class Curl:
    """curl, as a command."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str) -> Sequence[str]:
        """Return the lines of the reply to a GET."""
        return self._run(path)

    def post(self, path: str, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the lines of the reply to a POST; its body is labelled as a form."""
        return self._run(path, "--data", json.dumps(body))

    def _run(self, path: str, *words: str) -> Sequence[str]:
        """Have curl tell, too, what headers it sends, and in which version the reply comes."""
        done = subprocess.run(
            ["curl", "--http2", "--no-buffer", "--silent", "--verbose", self._url + path, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        for wanted in ("> Upgrade: h2c", "> HTTP2-Settings: ", "< HTTP/1.1 "):
            if not re.search(f"^{wanted}", done.stderr, re.MULTILINE):
                raise ValueError(f"no line {wanted!r} in what curl tells: {done.stderr}")
        return done.stdout.splitlines()


def version() -> str:
    """Return curl's version."""
    told = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    report(version(), acts_of(Curl(plan()["url"])))
