"""The doctor in front of a real LiteLLM."""

import json
import sys
from typing import Any

import ollama
import pytest

from tests.litellm.gateway import MASTER_KEY, GatewayTestCase
from tests.processes import RunningProgram, free_port

pytestmark = pytest.mark.litellm


class Doctor(GatewayTestCase):
    def examine(self, *words: str, api_key: str = MASTER_KEY) -> dict[str, Any]:
        """Return what it says as JSON."""
        flags = ("--base-url", self.gateway.url, "--host=127.0.0.1", f"--port={free_port()}")
        argv = [sys.executable, "-m", "ollamaproxy", "doctor", "--json", *flags, *words]
        program = RunningProgram(argv, {"OLLAMAPROXY_API_KEY": api_key})
        self.addCleanup(program.stop)
        status = program.wait_for_exit(60)
        told: dict[str, Any] = json.loads("\n".join(program.stdout))
        self.assertEqual(told["ok"], status == 0)
        return told

    def failed(self, told: dict[str, Any]) -> list[tuple[str, str]]:
        return [(it["check"], it["told"]) for it in told["findings"] if it["verdict"] == "failed"]

    def test_well(self) -> None:
        """It is known for LiteLLM, takes the key, and a model answers; its release is told."""
        told = self.examine("--doctor-model", "mock-known")
        self.assertEqual(self.failed(told), [])
        seen = {it["check"]: it["told"] for it in told["findings"]}
        self.assertRegex(seen["API"], r"^it is LiteLLM")
        self.assertRegex(
            seen["token"], r"^mock-known answered after [0-9.]+ s, through LiteLLM \d+\.\d+"
        )

    def test_details(self) -> None:
        """The table has what a daemon tells an IDE in /api/show."""
        rows = {row["name"]: row for row in self.examine("--no-token")["models"]}
        client = ollama.Client(host=self.start_daemon().url)
        self.addCleanup(client._client.close)
        for name in ("mock-known", "vectors", "coder"):
            shown = client.show(name)
            facts = (shown.modelinfo or {}).items()
            lengths = [value for key, value in facts if key.endswith("context_length")]
            self.assertEqual(rows[name]["capabilities"], shown.capabilities)
            self.assertEqual([rows[name]["context_length"]], lengths)
        self.assertTrue(rows["coder"]["context_length_is_default"])
        self.assertFalse(rows["mock-known"]["context_length_is_default"])

    def test_wrong_key(self) -> None:
        """A key that it does not know is told for what it is, whatever the status."""
        ((check, told),) = self.failed(self.examine(api_key="sk-wrong-1234567890"))
        self.assertEqual(check, "key")
        self.assertIn("the gateway refuses it (HTTP 4", told)

    def test_no_such_model(self) -> None:
        """A model that it does not have is told by its name."""
        ((check, told),) = self.failed(self.examine("--doctor-model", "nope"))
        self.assertEqual(
            (check, told), ("token", "nope did not answer: \"model 'nope' not found\"")
        )

    def test_nobody_behind_it(self) -> None:
        """A model whose provider is not there fails in the provider's words."""
        ((check, told),) = self.failed(self.examine("--doctor-model", "dead"))
        self.assertEqual(check, "token")
        self.assertIn("dead did not answer", told)
