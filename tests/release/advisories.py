"""A service that knows vulnerabilities, with OSV's protocol, on a loopback socket."""

import json
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final, Self

#: One that OSV could have.
ADVISORY: Final = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-1000"],
    "summary": "It answers too much.",
    "affected": [
        {
            "package": {"name": "treq", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "26.8"}]}],
        }
    ],
}


class Advisories(ThreadingHTTPServer):
    """
    Answers until the end of the block.

    Attributes:
        asked: The names and versions that it was asked about.
    """

    daemon_threads = True

    def __init__(self, known: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Listen; ``known`` has the advisories for the names of packages."""
        super().__init__(("127.0.0.1", 0), _Answer)
        self.known = known
        self.asked: list[tuple[str, str]] = []
        self._thread = Thread(target=self.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where to send queries."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1/query"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        """Answer one query about one package in one version."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.server.asked.append((name, query["version"]))
        known = self.server.known.get(name, [])
        body = json.dumps({"vulns": known} if known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
