"""Agents for the command line, each asked as its users do in scripts: one question a run."""

from collections.abc import Mapping
from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import AGENTS as RUNTIME

NO_MODELS: Final[Mapping[str, str]] = {
    "list": "It takes a model's name and does not ask which there are.",
    "show": "It takes a model's name and does not ask what it can do.",
}
NOTHING_ELSE: Final[Mapping[str, str]] = {
    "fill": "An agent fills no gaps.",
    "embeddings": "An agent embeds nothing.",
}
NO_FORM: Final = "It has no way to ask for an answer in the form of a schema."

AGENTS: Final = (
    Client(
        name="codex",
        title="Codex CLI",
        package="@openai/codex",
        version="0.169.0",
        runtime=RUNTIME,
        program=("codex.py",),
        settings="``codex --oss --local-provider ollama -m MODEL``, with the variable "
        "``CODEX_OSS_BASE_URL=URL/v1``.",
        lacks={
            "list": "It shows no list; it only looks whether MODEL is there.",
            "show": NO_MODELS["show"],
            "stream": "``codex exec`` prints an answer when it is whole.",
            **NOTHING_ELSE,
        },
        fails={
            "unknown": Shortcoming(
                reason="It tries to pull the model, and prints what Ollama says then: "
                "``pull model manifest: file does not exist``.",
                sign="pull model manifest: file does not exist",
            ),
            "broken": Shortcoming(
                reason="It tries again, and says of every internal error that demand is high.",
                sign="currently experiencing high demand",
            ),
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
        settings="``claude --model MODEL``, with the variables ``ANTHROPIC_BASE_URL=URL`` and "
        "``ANTHROPIC_AUTH_TOKEN``: a key of yours, or any text where the daemon asks for none.",
        lacks={**NO_MODELS, **NOTHING_ELSE},
        fails={
            "unknown": Shortcoming(
                reason="It says in words of its own that the model may not exist.",
                sign="issue with the selected model (no-such-model). It may not exist",
            ),
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
        settings="In ``opencode.json``: ``provider.ollama`` with ``npm`` "
        "``@ai-sdk/openai-compatible``, ``options.baseURL`` ``URL/v1`` and ``models.MODEL``; then "
        "``opencode -m ollama/MODEL``.",
        lacks={
            "list": "It takes the models' names from its settings.",
            "show": "It takes what a model can do from its settings.",
            "stream": "``opencode run`` prints an answer when it is whole.",
            "structured": NO_FORM,
            **NOTHING_ELSE,
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
        settings="In ``config.yaml`` an entry of ``models`` with ``provider: ollama``, "
        "``model: MODEL`` and ``apiBase: URL``; then ``cn --config config.yaml``.",
        lacks={
            "list": "It takes the models' names from its settings.",
            "show": NO_MODELS["show"],
            "stream": "``cn -p`` prints an answer when it is whole.",
            "structured": NO_FORM,
            "image": "``cn -p`` takes text only.",
            "thinking": "``cn -p`` prints the answer only.",
            **NOTHING_ELSE,
        },
        timeout_s=600,
    ),
)
