"""Whatever the pages show to be run does what they say, as it is shown."""

import json
import re
import tempfile
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final, TypeVar
from unittest import SkipTest

import pytest
from attrs import evolve

from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.configuration.toml_file import texts_of
from tests.case import Case
from tests.docs.commands import Kind, commands_of, is_command, kind_of, words_of
from tests.docs.daemons import Asked, demonstration, in_front_of
from tests.docs.installed import missing_for
from tests.docs.not_run import NOT_RUN, row_for
from tests.docs.pages import ROOT, Block, blocks_of, literals_of, page_paths
from tests.docs.replaced import ALIASES
from tests.docs.running import run_block
from tests.docs.sandbox import Sandbox
from tests.litellm.gateway import MASTER_KEY, GatewayTestCase

pytestmark = pytest.mark.live

#: What the demonstration does not have, and a LiteLLM does.
_NEEDS_LITELLM: Final = re.compile(
    r"\banthropic\b|ANTHROPIC_|CODEX_|/v1/(messages|responses)|responses\.create"
)

_TO_BE_RUN: Final = frozenset({Kind.SHELL, Kind.PYTHON, Kind.JAVASCRIPT})


def slug(page: Path) -> str:
    """Return a page's name as a part of a test's."""
    return re.sub(r"\W+", "_", str(page.with_suffix(""))).lower()


def runnable(page: Path, *, through_litellm: bool) -> list[tuple[Block, Kind]]:
    """Return the blocks of a page that are run, in order."""
    found = [(block, kind_of(block)) for block in blocks_of(page)]
    return [
        (block, kind)
        for block, kind in found
        if kind in _TO_BE_RUN and bool(_NEEDS_LITELLM.search(block.text)) is through_litellm
    ]


#: What is in them is named by its whole path.
_FOLDERS: Final = ("benchmarks", "deploy", "docs", "ollamaproxy", "release", "tests")


class PageCase(Case):
    """A test that runs blocks of one page, one after the other, in one folder."""

    def check(self, page: Path) -> None:
        raise NotImplementedError

    def run_page(self, page: Path, asked: Asked, *, through_litellm: bool) -> None:
        blocks = runnable(page, through_litellm=through_litellm)
        # An agent may still write there.
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            sandbox = Sandbox(Path(folder), asked.gateway)
            lacking: set[str] = set()
            for block, kind in blocks:
                if missing := missing_for(block, kind):
                    lacking.update(missing)
                    continue
                run_block(block, kind, sandbox, asked)
        if lacking:
            raise SkipTest(f"not installed: {', '.join(sorted(lacking))}; see CONTRIBUTING.rst")


P = TypeVar("P", bound=PageCase)


def for_pages(*, through_litellm: bool) -> Callable[[type[P]], type[P]]:
    """Return what gives a class a test for every page that has something to be run."""

    def decorate(case: type[P]) -> type[P]:
        for page in page_paths():
            if runnable(page, through_litellm=through_litellm):
                setattr(case, f"test_{slug(page)}", _test(page))
        return case

    def _test(page: Path) -> Callable[[PageCase], None]:
        def test(self: PageCase) -> None:
            self.check(page)

        test.__name__ = f"test_{slug(page)}"
        test.__doc__ = f"What {page} shows works."
        return test

    return decorate


#: Made by a run of what it says: its commands are those of ``tests/clients``.
_MADE: Final = Path("docs/compatibility.rst")

_CLIENTS: Final = ("agents", "aider", "javascript", "litellm", "ollama-cli", "python")

_MAKEFILES: Final = ("Makefile", "tests/clients/install.mk")


@cache
def in_blocks() -> tuple[str, ...]:
    """Return the commands in the blocks of all pages."""
    blocks = [block for page in page_paths() for block in blocks_of(page)]
    shells = [block for block in blocks if kind_of(block) is Kind.SHELL]
    return tuple(command for block in shells for command in commands_of(block))


@cache
def in_sentences() -> tuple[tuple[Path, str], ...]:
    """Return the commands in the sentences of all pages, each with its page."""
    pages = [page for page in page_paths() if page != _MADE]
    found = [(page, " ".join(text.split())) for page in pages for text in literals_of(page)]
    return tuple((page, text) for page, text in found if is_command(text))


def shown() -> set[str]:
    """Return all commands that the pages show."""
    return {*in_blocks(), *(command for _page, command in in_sentences())}


@for_pages(through_litellm=False)
class Demonstration(PageCase):
    """In front of the demonstration's gateway."""

    def check(self, page: Path) -> None:
        self.run_page(page, demonstration(), through_litellm=False)


@cache
def before_litellm(gateway: str) -> Asked:
    """Return a daemon in front of a LiteLLM; it ends with the test run."""
    aliases = dict.fromkeys((*ALIASES, "demo-chat"), "coder")
    return in_front_of(gateway, aliases, "Hello from the coder", key=MASTER_KEY)


@pytest.mark.litellm
@for_pages(through_litellm=True)
class ThroughLiteLLM(PageCase, GatewayTestCase):
    """In front of a real LiteLLM, for Anthropic's protocol and OpenAI's newer one."""

    def check(self, page: Path) -> None:
        self.run_page(page, before_litellm(self.gateway.url), through_litellm=True)


class Table(Case):
    def test_each_row_is_needed(self) -> None:
        """Every row of what is not run is about a command that a page shows."""
        matched = set(map(row_for, shown()))
        self.assertEqual([row.pattern for row in NOT_RUN if row not in matched], [])

    def test_sentences(self) -> None:
        """A command that a sentence names is one that a block shows, or begins it, or has a row."""
        run = [words_of(command) for command in in_blocks()]
        for page, command in in_sentences():
            words = words_of(command)
            known = any(words == other[: len(words)] for other in run)
            if not known and row_for(command) is None:
                self.fail(f"{page}: {command!r} is to be run: give it a block")

    def test_packages(self) -> None:
        """What the pages' programs import and call, ``make clients`` installs."""
        if not all((ROOT / ".clients" / name / "installed").exists() for name in _CLIENTS):
            raise SkipTest("not all clients are installed; see CONTRIBUTING.rst")
        for page in page_paths():
            for through_litellm in (False, True):
                for block, kind in runnable(page, through_litellm=through_litellm):
                    self.assertEqual(missing_for(block, kind), [], str(block))

    def test_named_jobs(self) -> None:
        """What a page says to make can be made."""
        jobs = "".join((ROOT / path).read_text() for path in _MAKEFILES)
        for command in shown():
            if job := re.match(r"make (\S+)", command):
                self.assertRegex(jobs, rf"(?m)^{job[1]}:", command)

    def test_named_tests(self) -> None:
        """The tests that a page says to run exist."""
        for page in page_paths():
            for block in blocks_of(page):
                for path in re.findall(r"\btests/\S+\.py\b", block.text):
                    self.assertTrue((ROOT / path).is_file(), f"{block}: {path}")

    def test_named_files(self) -> None:
        """The files of the tree that a sentence names exist."""
        for page in page_paths():
            for literal in literals_of(page):
                if re.fullmatch(rf"({'|'.join(_FOLDERS)})/[\w./-]+", literal):
                    self.assertTrue((ROOT / literal).exists(), f"{page}: {literal}")

    def test_no_commands_in_disguise(self) -> None:
        """What a page calls a text does not begin like a command, which would have to be run."""
        for page in page_paths():
            for block in blocks_of(page):
                if block.language == "text":
                    self.assertIs(kind_of(evolve(block, language="")), Kind.OTHER, str(block))

    def test_settings(self) -> None:
        """Settings are TOML, and those of the daemon's exist."""
        names = {setting.name for setting in SETTINGS}
        for page in page_paths():
            for block in blocks_of(page):
                if kind_of(block) is Kind.TOML:
                    table = tomllib.loads(block.text)
                    if names & set(table):  # else they are another program's
                        texts_of(table, SETTINGS)

    def test_values(self) -> None:
        """JSON is JSON."""
        for page in page_paths():
            for block in blocks_of(page):
                if kind_of(block) is Kind.JSON:
                    json.loads(block.text)
