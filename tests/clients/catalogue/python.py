"""Packages for Python."""

from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.runtimes import PYTHON_PACKAGES

PYTHON: Final = (
    Client(
        name="ollama-python",
        title="ollama (Python)",
        package="ollama",
        version="0.6.3",
        runtime=PYTHON_PACKAGES,
        program=("ollama_python.py",),
        settings='``ollama.Client(host="URL")``, or the variable ``OLLAMA_HOST``.',
    ),
)
