"""Which releases CHANGELOG.rst tells of."""

import re
from datetime import date
from typing import Final

from attrs import frozen

#: A title, and the line below it that makes it one of a release.
_TITLE: Final = re.compile(r"^(?P<title>\S.*)\n(?P<line>=+)$", re.MULTILINE)
_RELEASE: Final = re.compile(r"(?P<version>\d+(?:\.\d+)+) \((?P<day>\d{4}-\d\d-\d\d)\)")


@frozen(order=True)
class Release:
    """A section: its version as numbers, its day, and what it says without white space around."""

    numbers: tuple[int, ...]
    day: date
    text: str

    @property
    def version(self) -> str:
        """The version as it is written."""
        return ".".join(map(str, self.numbers))


def releases(text: str) -> list[Release]:
    """
    Return the sections of releases, in the file's order.

    Raises:
        ValueError: A title below the file's own is neither "Unreleased", once
            and in front, nor a version and a day, as in "1.2.3 (2026-01-31)".
    """
    [_file, *titles] = _TITLE.finditer(text)
    if not titles or titles[0]["title"] != "Unreleased":
        raise ValueError("the first section is not Unreleased")
    ends = [title.start() for title in titles[1:]] + [len(text)]
    found = []
    for title, end in list(zip(titles, ends, strict=True))[1:]:
        release = _RELEASE.fullmatch(title["title"])
        if release is None:
            raise ValueError(f"not a version and a day: {title['title']!r}")
        numbers = tuple(map(int, release["version"].split(".")))
        day = date.fromisoformat(release["day"])
        found.append(Release(numbers, day, text[title.end() : end].strip()))
    return found
