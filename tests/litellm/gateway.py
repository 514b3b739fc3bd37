"""
A real LiteLLM in front of a made-up model: one for the whole test run.

Where LiteLLM is installed is told by the environment variable
``OLLAMAPROXY_TEST_LITELLM`` (the path of a virtualenv); without it,
``.venv-litellm`` beside ``setup.py`` is taken, which ``make litellm`` makes.
If there is none, the tests are skipped.
"""

import atexit
import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from unittest import SkipTest
from urllib.parse import quote

from attrs import frozen
from twisted.trial.unittest import SynchronousTestCase

from tests.processes import RunningDaemon, RunningProgram, free_port, wait_until_ready

HERE: Final = Path(__file__).parent
PROJECT: Final = HERE.parents[1]
VARIABLE: Final = "OLLAMAPROXY_TEST_LITELLM"

#: Made absolute while this is imported: trial runs the tests in a folder of its own.
TOLD: Final = Path(os.environ[VARIABLE]).absolute() if os.environ.get(VARIABLE) else None

#: The one key that LiteLLM takes.
MASTER_KEY: Final = "sk-made-up-for-the-gateway"

#: From 5 seconds on an idle machine to 20 on a busy one were measured.
START_TIMEOUT_S: Final = 120.0


@frozen
class Gateway:
    """
    A LiteLLM that answers, and the model behind it.

    Attributes:
        port: Where LiteLLM listens, on 127.0.0.1.
        upstream_port: Where the model does.
    """

    port: int
    upstream_port: int

    @property
    def url(self) -> str:
        """LiteLLM's address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def model_ids(self) -> list[str]:
        """Return the models that LiteLLM itself lists."""
        listed = _ask(self.port, "GET", "/v1/models", {"Authorization": f"Bearer {MASTER_KEY}"})
        return [entry["id"] for entry in json.loads(listed)["data"]]

    def release(self, prompt: str) -> None:
        """Let the model take the next step of the answer to ``prompt``, if its script waits."""
        _ask(self.upstream_port, "POST", f"/release/{quote(prompt)}")


def _ask(port: int, method: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise AssertionError(f"{method} {path}: HTTP {response.status}, {body!r}")
    return body


class GatewayTestCase(SynchronousTestCase):
    """
    A test that needs the gateway.

    trial does not call setUpClass, so the gateway is started by the first test
    that asks for it and ends with the test run.

    Attributes:
        gateway: In front of which to start a daemon.
    """

    gateway: Gateway

    def setUp(self) -> None:
        self.gateway = _shared_gateway()

    def start_daemon(
        self, *flags: str, base_url: str | None = None, api_key: str = MASTER_KEY
    ) -> RunningDaemon:
        """Return a daemon with further flags in front of the gateway; it ends with the test."""
        daemon = RunningDaemon(
            *("--base-url", base_url or self.gateway.url, "--api-key", api_key), *flags
        )
        self.addCleanup(daemon.stop)
        return daemon


def _shared_gateway() -> Gateway:
    outcome = _outcome_of_start()
    if isinstance(outcome, Exception):
        raise outcome.with_traceback(None)  # or it would grow with every test
    return outcome


@cache
def _outcome_of_start() -> Gateway | Exception:
    """Start the gateway; what goes wrong is returned, to be remembered and not tried again."""
    try:
        return _start(_find_litellm())
    except (SkipTest, OSError, AssertionError) as error:
        return error


def _find_litellm() -> Path:
    program = (TOLD or PROJECT / ".venv-litellm") / "bin" / "litellm"
    if program.is_file():
        return program
    if TOLD is not None:
        raise FileNotFoundError(f"{VARIABLE} is {TOLD}, but there is no {program}")
    raise SkipTest(f"LiteLLM is not installed; `make litellm` does it, or set {VARIABLE}")


def run_upstream() -> RunningProgram:
    """Return the model behind the gateway; it prints its address when it is ready."""
    return RunningProgram([sys.executable, "-m", "tests.litellm.fake_upstream"], cwd=PROJECT)


def _start(litellm: Path) -> Gateway:
    upstream = run_upstream()
    atexit.register(upstream.stop)
    upstream_port = int(upstream.wait_for_line("stdout", r"listening on http://.*:(\d+)")[1])
    port = free_port()
    environ = {
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "FAKE_UPSTREAM_BASE": f"http://127.0.0.1:{upstream_port}/v1",
        # Both are lists that it would fetch from the internet otherwise.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        # Otherwise it looks for a .env file, from where it is installed upwards.
        "LITELLM_MODE": "PRODUCTION",
    }
    program = RunningProgram(
        [
            str(litellm),
            *("--config", str(HERE / "config.yaml")),
            *("--host", "127.0.0.1"),
            *("--port", str(port)),
        ],
        environ,
    )
    atexit.register(program.stop)
    wait_until_ready(program, f"http://127.0.0.1:{port}/health/liveliness", START_TIMEOUT_S)
    return Gateway(port=port, upstream_port=upstream_port)
