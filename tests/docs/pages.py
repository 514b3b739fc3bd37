"""
The pages of the documentation, and the blocks in them, as docutils reads them.

Sphinx's own words are unknown to docutils.  What they stand for holds no block,
but for its content, so they are read as such.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from attrs import frozen
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from docutils.utils import Reporter

ROOT: Final = Path(__file__).parents[2]

#: Sphinx's directives that a page may have and that hold nothing to be run.
_EMPTY: Final = ("toctree", "include", "literalinclude", "highlight")
#: Those whose content is read as if they were not there.
_AROUND: Final = ("seealso", "versionadded", "versionchanged", "deprecated", "only", "option")
_ROLES: Final = (
    *("doc", "ref", "term", "option", "envvar", "download", "numref"),
    *("file", "kbd", "guilabel", "menuselection", "program", "command", "samp", "abbr", "rfc"),
)


@frozen
class Block:
    """
    A literal block of a page.

    Attributes:
        page: The file, from the root of the tree.
        line: Its first line there, from 1.
        language: As the page names it; empty if it does not.
        text: Without its indentation.
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def page_paths() -> list[Path]:
    """Return all files of the documentation, from the root of the tree, in order."""
    names = ("README.rst", "CONTRIBUTING.rst", "SECURITY.rst")
    pages = [*(ROOT / name for name in names), *sorted((ROOT / "docs").rglob("*.rst"))]
    return [page.relative_to(ROOT) for page in pages]


def blocks_of(page: Path) -> list[Block]:
    """
    Return a page's literal blocks, first to last.

    Raises:
        docutils.utils.SystemMessage: It is no good markup, or has a directive
            or a role that is not listed here.
    """
    text = (ROOT / page).read_text("utf-8")
    lines = iter(enumerate(text.splitlines(), start=1))
    found = []
    for node in _read(text, page).findall(nodes.literal_block):
        content = node.astext()
        languages = [name for name in node["classes"] if name != "code"]
        line = _line_of(content.splitlines()[0], lines)
        found.append(Block(str(page), line, languages[0] if languages else "", content))
    return found


def literals_of(page: Path) -> list[str]:
    """Return what a page has in literals within its sentences: flags, paths, and the like."""
    tree = _read((ROOT / page).read_text("utf-8"), page)
    return [node.astext() for node in tree.findall(nodes.literal)]


def _read(text: str, page: Path) -> nodes.document:
    for name in _EMPTY:
        directives.register_directive(name, _Empty)
    for name in _AROUND:
        directives.register_directive(name, _Around)
    for name in _ROLES:
        roles.register_generic_role(name, nodes.emphasis)
    settings = {
        "report_level": Reporter.WARNING_LEVEL,
        "halt_level": Reporter.WARNING_LEVEL,
        # No Pygments is needed to know where a block is.
        "syntax_highlight": "none",
    }
    return publish_doctree(text, source_path=str(page), settings_overrides=settings)


def _line_of(first: str, lines: Iterator[tuple[int, str]]) -> int:
    """Return where a block begins: docutils does not tell it of all of them."""
    return next((number for number, line in lines if line.strip() == first.strip()), 0)


class _Empty(Directive):
    """What stands for other files; those are read by themselves."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = None

    def run(self) -> list[nodes.Node]:
        return []


class _Around(Directive):
    """What stands around text."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        container = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container]
