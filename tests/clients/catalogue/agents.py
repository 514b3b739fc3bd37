"""Agents for the command line."""

from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.runtimes import AGENTS as RUNTIME

AGENTS: Final = (
    Client(
        name="codex",
        title="Codex CLI",
        package="@openai/codex",
        version="0.169.0",
        runtime=RUNTIME,
        program=("codex.py",),
        settings="``CODEX_OSS_BASE_URL=URL/v1 codex --oss --local-provider ollama -m MODEL``.",
        lacks={
            "list": "It only looks whether there is the model that it is told.",
            "show": "It does not ask what a model can do.",
            "stream": "``codex exec`` prints an answer when it is whole.",
            "fill": "It has nothing that fills gaps.",
            "embeddings": "It embeds nothing.",
        },
        timeout_s=600,
    ),
    Client(
        name="claude-code",
        title="Claude Code",
        package="@anthropic-ai/claude-code",
        version="2.1.332",
        runtime=RUNTIME,
        program=("claude_code.py",),
        settings="``ANTHROPIC_BASE_URL=URL ANTHROPIC_AUTH_TOKEN=anything claude --model MODEL``.",
        lacks={
            "list": "It takes a model's name and does not ask which there are.",
            "show": "It does not ask what a model can do.",
            "image": "x",
            "fill": "It has nothing that fills gaps.",
            "embeddings": "It embeds nothing.",
        },
        timeout_s=600,
    ),
    Client(
        name="opencode",
        title="opencode",
        package="opencode-ai",
        version="1.18.33",
        runtime=RUNTIME,
        program=("opencode.py",),
        settings="In ``opencode.json`` a provider with ``@ai-sdk/openai-compatible``.",
        lacks={
            "list": "It takes the models' names from its settings.",
            "show": "It takes what a model can do from its settings.",
            "stream": "``opencode run`` prints an answer when it is whole.",
            "structured": "It has no way to ask for a form.",
            "fill": "It has nothing that fills gaps.",
            "embeddings": "It embeds nothing.",
        },
        timeout_s=600,
    ),
    Client(
        name="continue-cli",
        title="Continue CLI",
        package="@continuedev/cli",
        version="1.5.47",
        runtime=RUNTIME,
        program=("continue_cli.py",),
        settings="In ``config.yaml`` a model with ``provider: ollama``, ``model: MODEL`` and ``apiBase: URL``.",
        lacks={
            "list": "It takes the models' names from its settings.",
            "show": "It does not ask what a model can do.",
            "stream": "``cn -p`` prints an answer when it is whole.",
            "structured": "It has no way to ask for a form.",
            "image": "x",
            "thinking": "x",
            "fill": "It has nothing that fills gaps.",
            "embeddings": "It embeds nothing.",
        },
        timeout_s=600,
    ),
)
