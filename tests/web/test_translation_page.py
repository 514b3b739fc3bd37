"""The page about translation has all that there is to translate."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from twisted.web.resource import Resource

from ollamaproxy.resources.exchange import Endpoint
from ollamaproxy.translate.options import OPTIONS
from ollamaproxy.wire import embeddings, management, messages, ollama
from tests.web.case import NetworkCase

PAGE: Final = (Path(__file__).parents[2] / "docs" / "translation.rst").read_text("utf-8")

#: The requests of which the page tells every field.
STRUCTS: Final = (
    *(ollama._CHAT, ollama._GENERATE),
    *(embeddings._EMBED, embeddings._EMBEDDINGS),
    *(management._SHOW, management._PULL),
)


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
        for struct in STRUCTS:
            for name in struct.fields:
                self.assertIn(f"``{name}``", PAGE, struct.name)
        for name in messages._MESSAGE_FIELDS:
            self.assertIn(f"``{name}``", PAGE)

    def test_endpoints(self) -> None:
        """It has every path that is answered, with its method or by itself."""
        found = list(endpoints(cast("Resource", self.network.assembly.root)))
        self.assertIn("/api/chat", found)
        for path in found:
            self.assertRegex(PAGE, rf"``([A-Z]+ )?{path}[`/]", path)
