"""
Names for counts, of which there must not be more than a few: routes, methods and models.

A client can make up paths, methods and models; a count for each would fill the
memory here, and that of the monitoring system.
"""

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import unquote_to_bytes

#: What is none of the names that there are.
OTHER: Final = "other"

#: More models get no count of their own.
MAX_MODELS: Final = 300

#: As much of a client's text as is kept to be shown.
_SHOWN: Final = 120

_METHODS: Final = {
    name.encode("ascii"): name
    for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}


def method_name(method: bytes) -> str:
    """Return the method of a request, if it is one that HTTP has."""
    return _METHODS.get(method, OTHER)


def readable(text: str | bytes) -> str:
    """
    Return somebody's text to be shown: not endless, and without what moves or hides letters.

    Args:
        text: Whatever it is; bytes should be UTF-8.
    """
    if isinstance(text, bytes):
        text = text[: 4 * _SHOWN].decode("utf-8", "replace")
    shown = text[:_SHOWN] + ("…" if len(text) > _SHOWN else "")
    return shown if shown.isprintable() else "".join(map(_shown_character, shown))


def _shown_character(character: str) -> str:
    return character if character.isprintable() else "\ufffd"


class Routes:
    """The paths that there are."""

    def __init__(self, paths: Iterable[str], parents: Iterable[str]) -> None:
        """
        Know them.

        Args:
            paths: Such as ``/api/chat``, percent-decoded.
            parents: Those of them that answer for everything below, too, such
                as ``/v1/models``, below which each model has a path.
        """
        self._known = {path.encode(): path for path in paths}
        self._parents = [(f"{path}/".encode(), f"{path}/*") for path in parents]

    def name(self, path: bytes) -> str:
        """Return the route of a path as it was received, without its query."""
        return self._known.get(path) or self._spelled_otherwise(path)

    def _spelled_otherwise(self, path: bytes) -> str:
        """Find ``//api/ch%61t/``, which is served as ``/api/chat``."""
        segments = [part for part in unquote_to_bytes(path).split(b"/") if part not in {b"", b"."}]
        plain = b"/" + b"/".join(segments)
        if plain in self._known:
            return self._known[plain]
        for beginning, name in self._parents:
            if plain.startswith(beginning):
                return name
        return OTHER


class ModelNames:
    """The models that have a count of their own."""

    def __init__(self, find: Callable[[str], str | None]) -> None:
        """
        Begin with none.

        Args:
            find: Returns the listed name of what a client calls a model,
                ``None`` if none is listed.
        """
        self._find = find
        self._seen: dict[str, str] = {}

    def name(self, asked_as: str) -> str:
        """Return the name to count under; it stays, should the model vanish from the list."""
        found = self._find(asked_as)
        if found is None:
            return OTHER
        if found not in self._seen:
            if len(self._seen) >= MAX_MODELS:
                return OTHER
            self._seen[found] = readable(found)
        return self._seen[found]
