"""Doing what a row says, in front of a daemon that is set up for it."""

import atexit
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import evolve

from tests.clients.rules.row import EVERY, Daemon, Row, Step
from tests.clients.rules.wire import Answer, Call, Connection
from tests.clients.running import shared_daemon
from tests.litellm.gateway import MASTER_KEY, Gateway
from tests.processes import RunningDaemon

#: What a client that has a key is given by its user.
CLIENT_KEY: Final = "sk-made-up-for-the-client"


@cache
def daemon_for(kind: Daemon, gateway: Gateway) -> RunningDaemon:
    """Return a daemon that is set up so; it ends with the test run."""
    if kind is Daemon.OPEN:
        return shared_daemon(gateway)
    key = "sk-made-up-and-wrong" if kind is Daemon.WRONG_KEY else MASTER_KEY
    flags = ["--base-url", gateway.url, "--api-key", key, "--alias", "chat-model=fake/plain"]
    if kind is Daemon.NETWORK:
        flags += ["--host", "0.0.0.0"]  # noqa: S104 - that is what is tested
    if kind is Daemon.EXTENSIONS:
        flags += ["--origin", "chrome-extension://*", "--origin", "moz-extension://*"]
    if kind is Daemon.KEYS:
        folder = TemporaryDirectory()
        atexit.register(folder.cleanup)
        keys = Path(folder.name) / "keys"
        keys.write_text(keys_file(CLIENT_KEY))
        flags += ["--keys-file", str(keys)]
    daemon = RunningDaemon(*flags)
    atexit.register(daemon.stop)
    return daemon


def fault_of(row: Row, gateway: Gateway) -> str | None:
    """Do what a row says; return what the client would miss, or ``None``."""
    port = daemon_for(row.daemon, gateway).port
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
