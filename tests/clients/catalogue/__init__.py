"""The clients, by the kind of their users."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.catalogue.go import GO
from tests.clients.catalogue.jvm import JVM
from tests.clients.catalogue.others import OTHERS
from tests.clients.catalogue.python import PYTHON

#: Headings of the page, and the clients under each.
CATALOGUE: Final[Mapping[str, Sequence[Client]]] = {
    "Python": PYTHON,
    "Go, and the command line": GO,
    "JVM": JVM,
    "HTTP": OTHERS,
}

CLIENTS: Final = tuple(client for group in CATALOGUE.values() for client in group)
