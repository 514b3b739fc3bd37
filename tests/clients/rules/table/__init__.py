"""The rows, by the kind of client."""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.clients.rules.row import Row
from tests.clients.rules.table.agents import AGENTS
from tests.clients.rules.table.apps import APPS
from tests.clients.rules.table.assistants import ASSISTANTS
from tests.clients.rules.table.browsers import BROWSERS
from tests.clients.rules.table.editors import EDITORS
from tests.clients.rules.table.jetbrains import JETBRAINS
from tests.clients.rules.table.official import OFFICIAL
from tests.clients.rules.table.other_libraries import OTHER_LIBRARIES
from tests.clients.rules.table.python_libraries import PYTHON_LIBRARIES
from tests.clients.rules.table.servers import SERVERS
from tests.clients.rules.table.visual_studio import VISUAL_STUDIO

#: Headings of the page, and the rows under each.
RULES: Final[Mapping[str, Sequence[Row]]] = {
    "JetBrains": JETBRAINS,
    "Visual Studio and VS Code": VISUAL_STUDIO,
    "Other assistants for programmers": ASSISTANTS,
    "Zed, Emacs and Neovim": EDITORS,
    "Programs to chat with": APPS,
    "In browsers": BROWSERS,
    "Servers and services": SERVERS,
    "Ollama's own": OFFICIAL,
    "Libraries for Python": PYTHON_LIBRARIES,
    "Libraries for Java, .NET and JavaScript": OTHER_LIBRARIES,
    "Agents for the command line": AGENTS,
}

ROWS: Final = tuple(row for rows in RULES.values() for row in rows)
