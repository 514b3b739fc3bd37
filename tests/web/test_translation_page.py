"""The page about translation has all that there is to translate."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from twisted.web.resource import Resource

from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.translate.options import OPTIONS
from ollamaproxy.wire import embeddings, management, messages, ollama
from tests.web.case import NetworkCase

PAGE: Final = (Path(__file__).parents[2] / "docs" / "translation.rst").read_text("utf-8")

COMMON: Final = "Fields of chat and generate"
VECTORS: Final = "Fields of ``/api/embed`` and ``/api/embeddings``"
ABOUT_MODELS: Final = "Fields of the endpoints about models"

#: The requests of which the page tells every field, and in which sections.
STRUCTS: Final = (
    (ollama._CHAT, COMMON, "Fields of ``/api/chat`` only"),
    (ollama._GENERATE, COMMON, "Fields of ``/api/generate`` only"),
    (embeddings._EMBED, VECTORS),
    (embeddings._EMBEDDINGS, VECTORS),
    (management._SHOW, ABOUT_MODELS),
    (management._PULL, ABOUT_MODELS),
)


def section(title: str) -> str:
    """Return what stands below a title, up to the next one."""
    behind = PAGE.partition(f"\n{title}\n---")[2].lstrip("-")
    return re.split(r"\n-{4,}\n", behind, maxsplit=1)[0]


def endpoints(resource: Resource, path: str = "") -> Iterator[str]:
    """Yield the paths that a tree answers."""
    if isinstance(resource, Endpoint):
        yield path or "/"
    for name, child in resource.children.items():
        yield from endpoints(child, f"{path}/{name.decode('ascii')}")


class ThePage(NetworkCase):
    def test_options(self) -> None:
        """It has every option."""
        for name in OPTIONS:
            self.assertIn(f"``{name}``", PAGE)

    def test_fields(self) -> None:
        """It has every field of the requests, and of the messages in them."""
        for struct, *titles in STRUCTS:
            told = "".join(map(section, titles))
            for name in struct.fields:
                self.assertIn(f"``{name}``", told, struct.name)
        for name in messages._MESSAGE_FIELDS:
            self.assertIn(f"``{name}``", PAGE)

    def test_endpoints(self) -> None:
        """It has every path that is answered, with its method or by itself."""
        found = list(endpoints(cast("Resource", self.network.assembly.root)))
        self.assertIn("/api/chat", found)
        for path in found:
            self.assertRegex(PAGE, rf"``([A-Z]+ )?{path}[`/]", path)
