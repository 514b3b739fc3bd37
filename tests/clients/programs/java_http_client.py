"""
Java's own HTTP client, which asks for HTTP/2 on plain http by the header ``Upgrade: h2c``.

JetBrains' IDEs come with it, and send up to thirty requests at once for a
message in the chat.  The daemon has no HTTP/2 there, and must answer as if it
had not been asked.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from ollama_api import acts_of
from reporting import plan, report

#: So many requests are sent at once, and all must get the same reply.  Koog's program sends thirty.
TIMES = 12


class JavaHttpClient:
    """A Java program that sends what it is told; as a context manager, until the block's end."""

    def __init__(self, url: str) -> None:
        log = Path("headers.log")
        with log.open("w", encoding="utf-8") as stderr:
            self._program = subprocess.Popen(
                [
                    *("java", "-XX:TieredStopAtLevel=1", "-Djdk.httpclient.HttpClient.log=headers"),
                    *(str(Path(__file__).with_name("HttpRequests.java")), url),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                bufsize=1,
            )
        # The headers that the client sends are told there.
        self._log = log.open(encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._program.communicate()
        self._log.close()

    def get(self, path: str) -> Sequence[str]:
        """Return the lines of the reply to a GET."""
        return self._send("GET", path, "")

    def post(self, path: str, body: Mapping[str, Any]) -> Sequence[str]:
        """Return the lines of the reply to a POST."""
        return self._send("POST", path, json.dumps(body))

    def _send(self, method: str, path: str, body: str) -> Sequence[str]:
        self._program.stdin.write(f"{TIMES}\t{method}\t{path}\t{body}\n")
        replies = []
        for told in iter(lambda: self._program.stdout.readline().rstrip("\n"), "done"):
            word, _, rest = told.partition(" ")
            if word == "reply":
                if not rest.startswith("HTTP_1_1 "):
                    raise ValueError(f"the reply came in another version: {rest}")
                replies.append([])
            elif word == "line":
                replies[-1].append(rest)
            elif word != "end":
                raise ValueError(f"it did not work: {told or 'it has ended'}")
        if len(replies) != TIMES:
            raise ValueError(f"{len(replies)} replies to {TIMES} requests")
        self._check_upgrade()
        return same(replies)

    def _check_upgrade(self) -> None:
        """Raise ValueError unless each request since the last look asked for HTTP/2."""
        told = self._log.read()
        asked = told.count("Upgrade: h2c")
        if asked != TIMES:
            raise ValueError(f"{asked} of {TIMES} requests asked for HTTP/2: {told}")


def same(replies: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the first reply, if the others differ from it in nothing but times."""
    for other in replies[1:]:
        if [timeless(line) for line in other] != [timeless(line) for line in replies[0]]:
            raise ValueError(f"two replies to the same request: {replies[0]} and {other}")
    return replies[0]


def timeless(line: str) -> Mapping[str, Any]:
    """Return what a line says, without when it was and how long it took."""
    return {
        key: value
        for key, value in json.loads(line).items()
        if key != "created_at" and not key.endswith("_duration")
    }


def version() -> str:
    """Return Java's version."""
    told = subprocess.run(["java", "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


if __name__ == "__main__":
    with JavaHttpClient(plan()["url"]) as client:
        report(version(), acts_of(client))
