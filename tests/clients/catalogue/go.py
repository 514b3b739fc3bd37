"""The official client for Go."""

from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.runtimes import GO_PROGRAMS

GO: Final = (
    Client(
        name="ollama-go",
        title="ollama/api (Go)",
        package="github.com/ollama/ollama/api",
        version="0.17.4",
        runtime=GO_PROGRAMS,
        program=(),
        settings="``api.NewClient(url, http.DefaultClient)``, or the variable ``OLLAMA_HOST``.",
    ),
)
