"""Doing what a row says, in front of a daemon that is set up for it."""

import atexit
import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import evolve

from ollamaproxy.callers.key_file import KeyFile
from ollamaproxy.settings.secret import Secret
from tests.clients.rules.row import EVERY, Daemon, Row, Step
from tests.clients.rules.wire import Answer, Call, Connection
from tests.clients.running import shared_daemon
from tests.litellm.gateway import MASTER_KEY, Gateway
from tests.processes import RunningDaemon, RunningProgram

#: What a client that has a key is given by its user.
CLIENT_KEY: Final = "sk-made-up-for-the-client"


@cache
def port_of(kind: Daemon, gateway: Gateway) -> int:
    """Start a daemon that is set up so, which ends with the test run, and return its port."""
    if kind is Daemon.OPEN:
        return shared_daemon(gateway).port
    key = "sk-made-up-and-wrong" if kind is Daemon.WRONG_KEY else MASTER_KEY
    flags = ["--base-url", gateway.url, "--api-key", key, "--alias", "chat-model=fake/plain"]
    if kind is Daemon.NETWORK:
        return _in_the_network(flags)
    if kind is Daemon.NO_TOOLS:
        flags += ["--model-info", "chat-model=no-tools"]
    if kind is Daemon.EXTENSIONS:
        flags += ["--origin", "chrome-extension://*", "--origin", "moz-extension://*"]
    if kind is Daemon.KEYS:
        folder = TemporaryDirectory()
        atexit.register(folder.cleanup)
        path = Path(folder.name) / "keys"
        KeyFile(str(path)).add("somebody", None, Secret(CLIENT_KEY))
        flags += ["--keys-file", str(path)]
    daemon = RunningDaemon(*flags)
    atexit.register(daemon.stop)
    return daemon.port


def _in_the_network(flags: Sequence[str]) -> int:
    where = ("--host", "0.0.0.0", "--port", "0")  # noqa: S104 - that is what is tested
    program = RunningProgram([sys.executable, "-m", "ollamaproxy", *where, *flags])
    atexit.register(program.stop)
    return int(program.wait_for_line("stderr", r"listening on http://[^ ]*:(\d+)")[1])


def fault_of(row: Row, gateway: Gateway) -> str | None:
    """Do what a row says; return what the client would miss, or ``None``."""
    port = port_of(row.daemon, gateway)
    connection = Connection(port)
    listed: Sequence[str] = ()
    try:
        for step in row.steps:
            calls = calls_of(step, listed)
            answers = ask(step, calls, connection, port, gateway)
            for call, answer in zip(calls, answers, strict=True):
                fault = fault_in(step, answer)
                if fault is not None:
                    return f"{call.line} {json.dumps(call.body, default=str)[:200]}: {fault}"
            listed = names_in(answers[-1]) or listed
    finally:
        connection.close()
    return None


def calls_of(step: Step, listed: Sequence[str]) -> Sequence[Call]:
    """Return the calls of a step: one, one for each model, or as many as it says."""
    call = step.call
    if EVERY not in json.dumps(call.body, default=str):
        return [call] * step.times
    assert isinstance(call.body, dict)
    bodies = [
        {key: name if value == EVERY else value for key, value in call.body.items()}
        for name in listed
    ]
    assert bodies, "no model was listed before"
    return [evolve(call, body=body) for body in bodies for _ in range(step.times)]


def ask(
    step: Step, calls: Sequence[Call], connection: Connection, port: int, gateway: Gateway
) -> Sequence[Answer]:
    """Send the calls, and return the answers in the same order."""

    def release() -> None:
        assert isinstance(step.call.body, dict)
        gateway.release(step.call.body["messages"][-1]["content"])

    on_chunk: Callable[[], None] = release if step.paced else lambda: None
    if step.at_once == 1:
        return [connection.ask(call, on_chunk) for call in calls]

    def alone(call: Call) -> Answer:
        own = Connection(port)
        try:
            return own.ask(call)
        finally:
            own.close()

    with ThreadPoolExecutor(step.at_once) as threads:
        return list(threads.map(alone, calls))


def fault_in(step: Step, answer: Answer) -> str | None:
    """Return what is wrong with an answer; ``None`` if nothing is."""
    for need in step.needs:
        try:
            need.check(answer)
        except AssertionError as error:
            return f"{need.says}: {error}"
        except (KeyError, TypeError, ValueError, IndexError) as error:
            return f"{need.says}: it has another form ({error!r}): {answer}"
    return None


def names_in(answer: Answer) -> Sequence[str]:
    """Return the models that an answer lists; none if it is something else."""
    try:
        told: Any = json.loads(answer.body)
        return [model["name"] for model in told["models"]]
    except (ValueError, KeyError, TypeError):
        return ()
