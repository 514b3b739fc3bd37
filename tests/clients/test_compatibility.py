"""Each client does what it is asked to; what it cannot do is known, and told on the page."""

from collections.abc import Callable
from typing import Any
from unittest import SkipTest

import pytest

from tests.clients.catalogue import CLIENTS
from tests.clients.catalogue.client import Client
from tests.clients.results import Recorder
from tests.clients.running import Report, report_of, shared_daemon
from tests.clients.scenarios import SCENARIOS, Scenario
from tests.litellm.gateway import GatewayTestCase

pytestmark = pytest.mark.litellm

recorder = Recorder.from_environment()


class ClientTestCase(GatewayTestCase):
    """
    What is tested of a client.

    Attributes:
        client: The client.
        report: What its program reported, which is run for the first test that asks.
    """

    client: Client
    report: Report

    def setUp(self) -> None:
        missing = self.client.runtime.missing()
        if missing:
            raise SkipTest(missing)
        super().setUp()
        self.report = report_of(self.client, shared_daemon(self.gateway).url)

    def try_version(self) -> None:
        """Fail unless the client is the one that is pinned, or one if none is."""
        version = self.report.version
        self.assertEqual(version or "", self.client.version or version, self.report.end)

    def try_scenario(self, scenario: Scenario) -> None:
        """Fail unless the client does what the catalogue says that it does."""
        fault = self.report.judge(scenario)
        recorder.record(self.client, self.report.version, scenario, works=fault is None)
        known = self.client.fails.get(scenario.name)
        if known is None:
            self.assertIsNone(fault)
        else:
            self.assertIsNotNone(fault, f"it works now, and not: {known.reason}")
            self.assertIn(known.sign, fault or "")


def tests_of(client: Client) -> type[ClientTestCase]:
    """Return a class with a test of the version, and one of every scenario that is tried."""

    def test_version(self: ClientTestCase) -> None:
        self.try_version()

    test_version.__doc__ = f"The version of {client.title} is the one that is pinned."
    tests: dict[str, Any] = {"test_version": test_version}
    for scenario in SCENARIOS:
        if scenario.name not in client.lacks:
            tests[f"test_{scenario.name}"] = test_of(client, scenario)
    name = "".join(word.capitalize() for word in client.name.split("-"))
    return type(name, (ClientTestCase,), {**tests, "client": client, "__module__": __name__})


def test_of(client: Client, scenario: Scenario) -> Callable[[ClientTestCase], None]:
    """Return the test of a scenario."""

    def test(self: ClientTestCase) -> None:
        self.try_scenario(scenario)

    known = client.fails.get(scenario.name)
    test.__doc__ = f"{client.title} {scenario.what}" + (", or so it should." if known else ".")
    return test


test_of.__test__ = False  # type: ignore[attr-defined]  # neither is a test itself
tests_of.__test__ = False  # type: ignore[attr-defined]

globals().update({case.__name__: case for case in map(tests_of, CLIENTS)})
