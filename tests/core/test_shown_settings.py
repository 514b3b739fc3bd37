"""The sample file and the reference page: made from the table, and as they stand in the tree."""

import tomllib
from pathlib import Path

from docutils.core import publish_doctree
from docutils.utils import Reporter

from ollamaproxy.configuration.shown import reference_page, sample_file
from ollamaproxy.configuration.table import SETTINGS
from ollamaproxy.configuration.toml_file import texts_of
from tests.case import Case

ROOT = Path(__file__).parents[2]


class SampleFile(Case):
    def test_up_to_date(self) -> None:
        """The file in the tree is what --sample-config prints."""
        path = ROOT / "deploy" / "ollamaproxy.toml"
        self.assertEqual(path.read_text("utf-8"), sample_file() + "\n")

    def test_all_are_off(self) -> None:
        """As it is, it sets nothing."""
        self.assertEqual(tomllib.loads(sample_file()), {})

    def test_all_can_be_turned_on(self) -> None:
        """Every setting is there, and is TOML that the file may hold when it is turned on."""
        lines = [line for line in sample_file().splitlines() if line[:1] == "#" and line[1:2] > " "]
        tables = tomllib.loads("\n".join(line[1:] for line in lines))
        self.assertEqual(set(tables), {setting.name for setting in SETTINGS})
        texts = texts_of(tables, SETTINGS)
        for setting in SETTINGS:
            if setting.default:
                self.assertEqual(texts[setting.name], [setting.default])


class ReferencePage(Case):
    def test_up_to_date(self) -> None:
        """The page in the tree is what is made of the table."""
        page = (ROOT / "docs" / "settings.rst").read_text("utf-8")
        self.assertEqual(page, reference_page() + "\n")

    def test_markup(self) -> None:
        """It is good markup, in which nothing is lost."""
        settings = {"report_level": Reporter.INFO_LEVEL, "halt_level": Reporter.INFO_LEVEL}
        tree = publish_doctree(reference_page(), settings_overrides=settings)
        text = tree.astext()
        for setting in SETTINGS:
            self.assertIn(f"--{setting.name}", text)
            self.assertIn(setting.variable, text)
            for word in setting.text.split():
                self.assertIn(word, text)
