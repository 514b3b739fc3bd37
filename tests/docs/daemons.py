"""Daemons: the one that a page's clients ask, and what is asked of those that a page begins."""

import atexit
import json
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final

from attrs import frozen

from tests.docs.replaced import ALIASES, KEY
from tests.processes import RunningDaemon, RunningProgram, free_port

#: Routes of requests that are answered with what a model says.
_CHATS: Final = re.compile(
    r'"POST /(api/(chat|generate)|v1/(chat/completions|completions|messages|responses))[ ?]'
)
_STATUS: Final = re.compile(r'" (\d{3}) ')


@frozen
class Asked:
    """
    The daemon that clients on the pages ask.

    Attributes:
        daemon: It, in front of a gateway.
        gateway: That one's URL.
        admin_port: Where its admin address is.
        answer: A word of what each model says.
    """

    daemon: RunningDaemon
    gateway: str
    admin_port: int
    answer: str

    def requests_since(self, mark: int) -> list[str]:
        """
        Return the access lines of the requests that have ended since :meth:`mark`.

        A request of the test's own is the last of them: lines are written in order.
        """
        path = f"/end-of-the-block-{mark}"
        connection = HTTPConnection("127.0.0.1", self.daemon.port, timeout=20)
        connection.request("GET", path)
        connection.getresponse().read()
        connection.close()
        self.daemon.wait_for_line("stdout", re.escape(path))
        return [line for line in self.daemon.stdout[mark:] if "/end-of-the-block-" not in line]

    @property
    def mark(self) -> int:
        """A place in its access log."""
        return len(self.daemon.stdout)


@cache
def demonstration() -> Asked:
    """Return a daemon in front of the demonstration; both end with the test run."""
    # A daemon is a gateway, too.
    gateway = RunningDaemon("--demo", *_flags(ALIASES))
    atexit.register(gateway.stop)
    return in_front_of(gateway.url, {}, "demonstration")


def _flags(aliases: Mapping[str, str]) -> list[str]:
    return [f"--alias={name}={model}" for name, model in aliases.items()]


def in_front_of(gateway: str, aliases: Mapping[str, str], answer: str, *, key: str = KEY) -> Asked:
    """
    Return a daemon in front of a gateway; it ends with the test run.

    Args:
        gateway: Its URL.
        aliases: The gateway's names of models by those on the pages.
        answer: See :class:`Asked`.
        key: The gateway's.
    """
    admin_port = free_port()
    where = ("--base-url", gateway, "--api-key", key)
    daemon = RunningDaemon(*where, "--admin-listen", str(admin_port), *_flags(aliases))
    atexit.register(daemon.stop)
    return Asked(daemon=daemon, gateway=gateway, admin_port=admin_port, answer=answer)


def what_is_wrong(asked: Asked, requests: Sequence[str], printed: str) -> str:
    """
    Judge what clients have asked, and what they printed; empty if all is well.

    Args:
        asked: The daemon that they asked.
        requests: Their access lines.
        printed: All that was on standard output.
    """
    if not requests:
        return "nobody asked the daemon"
    refused = [line for line in requests if _STATUS.findall(line)[-1:] > ["399"]]
    if refused:
        return "\n".join(["the daemon refused", *refused])
    if any(map(_CHATS.search, requests)) and asked.answer not in printed:
        return f"no answer of a model was printed, but {printed!r}"
    return ""


def wait_until_it_answers(program: RunningProgram, port: int) -> None:
    """
    Return as soon as a daemon that a page begins answers, and chats if it lets anybody.

    Args:
        program: Which begins it, and may end with status 0 when it goes on in the background.
        port: Where, on 127.0.0.1.

    Raises:
        ProgramMisbehaved: It does not, or not in time.
    """
    deadline_s = time.monotonic() + 30
    while True:
        try:
            told = _trouble(port)
            break
        except ConnectionRefusedError:
            ended = not program.is_running and program.wait_for_exit() != 0
            if ended or time.monotonic() > deadline_s:
                raise program.misbehaved(f"nobody listens on port {port}") from None
        except (OSError, HTTPException) as error:
            raise program.misbehaved(f"no answer on port {port}: {error}") from error
        time.sleep(0.02)
    if told:
        raise program.misbehaved(told)


def wait_until_it_is_gone(program: RunningProgram, port: int) -> None:
    """
    Return as soon as nobody listens on a port of 127.0.0.1.

    Raises:
        ProgramMisbehaved: Somebody does so for too long.
    """
    deadline_s = time.monotonic() + 30
    while True:
        try:
            _ask(port, "GET", "/api/version")
        except ConnectionRefusedError:
            return
        except (OSError, HTTPException):
            pass
        if time.monotonic() > deadline_s:
            raise program.misbehaved(f"somebody still listens on port {port}")
        time.sleep(0.02)


def _trouble(port: int) -> str:
    """Return what is wrong with a daemon that listens; empty if nothing is."""
    status, listed = _ask(port, "GET", "/api/tags")
    if status == 401:
        return ""  # it asks for a key, as a page has told it
    if status != 200:
        return f"it lists no models: {status} {listed}"
    models = listed["models"]
    chats = [model["name"] for model in models if "completion" in model["capabilities"]]
    if not chats:
        return f"none of its models chats: {listed}"
    question = {"model": chats[0], "messages": [{"role": "user", "content": "Hi"}], "stream": False}
    status, reply = _ask(port, "POST", "/api/chat", json.dumps(question))
    if status == 200 and reply["message"]["content"]:
        return ""
    return f"it does not chat: {status} {reply}"


def _ask(port: int, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    """Return an answer's status and value; over TLS, if it is not to be had without."""
    try:
        return _exchange(HTTPConnection("127.0.0.1", port, timeout=20), method, path, body)
    except (HTTPException, ConnectionResetError):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        secure = HTTPSConnection("127.0.0.1", port, timeout=20, context=context)
        return _exchange(secure, method, path, body)


def _exchange(
    connection: HTTPConnection, method: str, path: str, body: str | None
) -> tuple[int, Any]:
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()
