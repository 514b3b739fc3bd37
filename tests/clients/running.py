"""
Running a client's program once, for all of its scenarios.

The program is given one argument, a file with its plan in JSON::

    {"url": "http://127.0.0.1:PORT",
     "scenarios": {"chat": {"model": "chat-model", "prompt": "Hello?"}, ...}}

It does one scenario after another and prints lines of JSON, among whatever
else it has to print::

    {"version": "0.6.3"}
    {"scenario": "chat", "saw": {"text": "Hello world!"}}
    {"scenario": "show", "raised": "TypeError: what went wrong"}

``tests/clients/scenarios.py`` says what is to be seen.  ``raised`` is for what
the program did not expect: an error that a scenario asks for is seen.
"""

import atexit
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import Factory, define

from tests.clients.catalogue.client import Client
from tests.clients.scenarios import MODEL_INFO, MODELS, SCENARIOS, Scenario
from tests.litellm.gateway import MASTER_KEY, Gateway
from tests.processes import ProgramMisbehaved, RunningDaemon, RunningProgram


@define
class Report:
    """
    What a program reported.

    Attributes:
        version: Of the client; ``None`` if it did not come so far.
        told: What it said of each scenario.
        end: How the program ended, with all that it printed, if that was not in order.
    """

    version: str | None = None
    told: dict[str, Mapping[str, Any]] = Factory(dict)
    end: str | None = None

    def judge(self, scenario: Scenario) -> str | None:
        """Return what is wrong with what was seen of a scenario; ``None`` if nothing is."""
        told = self.told.get(scenario.name)
        if told is None:
            return f"the program said nothing of it: {self.end or 'but ended in order'}"
        if "raised" in told:
            return str(told["raised"])
        try:
            scenario.judge(told["saw"])
        except AssertionError as error:
            return str(error)
        except (KeyError, TypeError, ValueError) as error:
            return f"what it saw has another form ({error!r}): {told['saw']}"
        return None


@cache
def shared_daemon(gateway: Gateway) -> RunningDaemon:
    """Return a daemon that has the models' names; it ends with the test run."""
    named = [f"--alias={name}={model}" for name, model in MODELS.items()]
    known = [f"--model-info={info}" for info in MODEL_INFO]
    # LiteLLM lists 130 more, and some clients ask for each of them, again and again.
    fewer = ("--exclude", "openai/*")
    told = ("--base-url", gateway.url, "--api-key", MASTER_KEY)
    daemon = RunningDaemon(*told, *fewer, *named, *known)
    atexit.register(daemon.stop)
    return daemon


@cache
def report_of(client: Client, url: str) -> Report:
    """Run a client's program against a daemon, in an empty folder that is its home, too."""
    scenarios = [scenario for scenario in SCENARIOS if scenario.name not in client.lacks]
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:  # an agent may write still
        home = Path(name)
        plan = home / "plan.json"
        plan.write_text(json.dumps(plan_of(url, scenarios)))
        program = RunningProgram(
            [*client.runtime.argv(client.program, home), str(plan)], {"HOME": name}, cwd=home
        )
        try:
            status = program.wait_for_exit(client.timeout_s)
            end = str(program.misbehaved("a bad end")) if status else None
        except ProgramMisbehaved as error:
            end = str(error)
        finally:
            program.stop()
    report = Report(end=end)
    for line in filter(None, map(parse, program.stdout)):
        if "version" in line:
            report.version = line["version"]
        elif "scenario" in line:
            report.told[line["scenario"]] = line
    return report


def plan_of(url: str, scenarios: Iterable[Scenario]) -> Mapping[str, Any]:
    """Return what a program is told."""
    return {"url": url, "scenarios": {scenario.name: scenario.asked for scenario in scenarios}}


def parse(line: str) -> dict[str, Any] | None:
    """Return a line's JSON object; ``None`` if it is something else."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
