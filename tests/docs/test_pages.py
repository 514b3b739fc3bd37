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
from tests.docs.commands import Kind, commands_of, kind_of
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
        blocks = [block for page in page_paths() for block in blocks_of(page)]
        shells = [block for block in blocks if kind_of(block) is Kind.SHELL]
        matched = {row_for(command) for block in shells for command in commands_of(block)}
        self.assertEqual([row.pattern for row in NOT_RUN if row not in matched], [])

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
