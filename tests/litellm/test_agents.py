"""Command-line agents that speak OpenAI's and Anthropic's protocols, as their users run them."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from unittest import SkipTest

import pytest

from tests.litellm.gateway import PROJECT, GatewayTestCase
from tests.processes import RunningProgram

pytestmark = pytest.mark.litellm

PROGRAMS: Final = PROJECT / ".agents" / "node_modules" / ".bin"
#: An agent starts in seconds, on a busy machine in tens of them.
PATIENCE_S: Final = 120.0


class Agents(GatewayTestCase):
    def setUp(self) -> None:
        if not (PROGRAMS / "codex").exists() or not (PROGRAMS / "claude").exists():
            raise SkipTest("no agents are installed; `make agents` does it, where Node.js is")
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.url = self.start_daemon("--alias", "mine=coder").url

    def run_agent(self, argv: list[str], environ: dict[str, str]) -> str:
        """Return what an agent prints that is asked one question."""
        agent = RunningProgram(
            [str(PROGRAMS / argv[0]), *argv[1:]],
            {"HOME": str(self.home), **environ},
            cwd=self.home,
        )
        self.addCleanup(agent.stop)
        status = agent.wait_for_exit(PATIENCE_S)
        self.assertEqual(status, 0, agent.misbehaved("a bad end"))
        return "\n".join(agent.stdout)

    def test_codex(self) -> None:
        """Codex asks and is answered by /v1/responses, also under an alias."""
        for model in ("coder", "mine"):
            told = self.run_agent(
                [
                    *("codex", "exec", "--skip-git-repo-check"),
                    *("--oss", "--local-provider", "ollama", "-m", model, "Hello?"),
                ],
                {"CODEX_HOME": str(self.home), "CODEX_OSS_BASE_URL": f"{self.url}/v1"},
            )
            self.assertIn("Hello from the coder.", told)

    def test_claude_code(self) -> None:
        """Claude Code asks and is answered by /v1/messages."""
        told = self.run_agent(
            ["claude", "-p", "Hello?", "--model", "mock-text"],
            {
                "ANTHROPIC_BASE_URL": self.url,
                "ANTHROPIC_AUTH_TOKEN": "nobody",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            },
        )
        self.assertIn("Hello from the mock model.", told)
