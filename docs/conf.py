"""
How Sphinx makes the pages: ``make docs``, into ``build/docs``.

Nothing in the pages is fetched from elsewhere, and nothing in here is installed with the program.
"""

import os
import re
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx

from ollamaproxy import __version__

HERE: Final = Path(__file__).parent

project = "ollamaproxy"
author = "the ollamaproxy authors"
project_copyright = f"{author}; MIT licence"
release = version = __version__

nitpicky = True
exclude_patterns = ["_static"]
# A block that says nothing of itself may be anything: a diagram, a line of a log.
highlight_language = "text"
# As the sources have them: two dashes are a flag's, and quotes are to be copied.
smartquotes = False

html_theme = "furo"
html_title = f"ollamaproxy {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

#: A picture's path, which Sphinx takes to be relative to the page that includes the file.
_PICTURE: Final = re.compile(r"^(\s*\.\. (?:image|figure):: )(?![a-z]+:)(\S+)$", re.MULTILINE)


def _find_pictures(_app: Sphinx, path: Path, page: str, content: list[str]) -> None:
    """
    Let the pictures of an included file be found where that file is.

    Args:
        path: Of the included file, from this folder.
        page: The name of the page that includes it.
        content: The text, to be changed in place.
    """
    from_page = os.path.relpath(HERE / path.parent, (HERE / page).parent)
    content[0] = _PICTURE.sub(lambda found: f"{found[1]}{from_page}/{found[2]}", content[0])


def setup(app: Sphinx) -> None:
    """Sphinx: connect to its events."""
    app.connect("include-read", _find_pictures)
