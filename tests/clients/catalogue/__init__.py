"""The clients, by the kind of their users."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.clients.catalogue.agents import AGENTS
from tests.clients.catalogue.applications import APPLICATIONS
from tests.clients.catalogue.client import Client
from tests.clients.catalogue.go import GO
from tests.clients.catalogue.javascript import JAVASCRIPT
from tests.clients.catalogue.jvm import JVM
from tests.clients.catalogue.others import OTHERS
from tests.clients.catalogue.python import PYTHON

#: Headings of the page, and the clients under each.
CATALOGUE: Final[Mapping[str, Sequence[Client]]] = {
    "Python": PYTHON,
    "JavaScript": JAVASCRIPT,
    "JVM": JVM,
    "Go, and Ollama's own command line": GO,
    "Command-line agents": AGENTS,
    "Other programs for people": APPLICATIONS,
    "HTTP": OTHERS,
}

CLIENTS: Final = tuple(client for group in CATALOGUE.values() for client in group)
