"""
``python -m ollamaproxy.healthcheck``: asks a daemon whether it is well.

For containers, whose images have no curl.  The exit status is 0 if it answers
with 200, and 1 for anything else.  It imports the standard library only, so
that a check every few seconds costs little.
"""

import sys
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import Final, TextIO
from urllib.parse import urlsplit

DEFAULT_URL: Final = "http://127.0.0.1:11435/healthz"
#: A daemon on the same machine that needs longer is not well.
TIMEOUT_S: Final = 3.0


def main() -> None:
    """Run with this process's command line."""
    sys.exit(run(sys.argv[1:], sys.stdout))


def run(argv: Sequence[str], out: TextIO) -> int:
    """
    Ask once.

    Args:
        argv: The URL to ask, or nothing for the admin address of the same machine.
        out: Gets one line.

    Returns:
        The exit status: 0 or 1; Docker knows no others.
    """
    url = argv[0] if argv else DEFAULT_URL
    told, is_well = _ask(url) if len(argv) < 2 else ("give one URL, or none", False)
    print(f"{url}: {told}", file=out)
    return 0 if is_well else 1


def _ask(url: str) -> tuple[str, bool]:
    """Return what became of a GET, and whether that is good."""
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError as error:
        return str(error), False
    if address.scheme != "http" or not address.hostname:
        return "not an http:// address, such as " + DEFAULT_URL, False
    # Not urllib.request: it would ask the proxy of HTTP_PROXY.
    connection = HTTPConnection(address.hostname, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", address.path or "/")
        status = connection.getresponse().status
    except OSError as error:
        return str(error), False
    except HTTPException:  # its text may be anything that came
        return "the answer is no HTTP", False
    finally:
        connection.close()
    return f"status {status}", status == 200


if __name__ == "__main__":
    main()
