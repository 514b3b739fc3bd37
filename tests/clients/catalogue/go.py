"""Ollama's own clients: of Go, and the command line."""

from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import GO_PROGRAMS, INSTALLED, OLLAMA_CLI

GO: Final = (
    Client(
        name="ollama-go",
        title="ollama/api (Go)",
        package="github.com/ollama/ollama/api",
        version="0.32.15",
        runtime=GO_PROGRAMS,
        program=(),
        settings="``api.NewClient(url, http.DefaultClient)``, or the variable ``OLLAMA_HOST``.",
    ),
    Client(
        name="ollama-cli",
        title="ollama (command line)",
        package="github.com/ollama/ollama",
        version="0.32.15",
        runtime=OLLAMA_CLI,
        program=("ollama_cli.py", str(INSTALLED / "ollama-cli" / "ollama")),
        settings="The variable ``OLLAMA_HOST=URL``; then ``ollama run MODEL``.",
        lacks={
            "stream": "It prints an answer as it comes, with nothing between its pieces.",
            "tools": "Its tools are its own; users cannot give it others.",
            "fill": "It has nothing that fills in.",
        },
        fails={
            "unknown": Shortcoming(
                reason=(
                    "It pulls a model that is not there, and prints what came of that: "
                    "``pull model manifest: file does not exist``, as with a real Ollama."
                ),
                sign="pull model manifest: file does not exist",
            ),
        },
        timeout_s=300.0,
    ),
)
