"""The page of the compatibility suite, and the results that it is made from."""

from typing import Any

from attrs import evolve
from docutils.core import publish_doctree
from docutils.nodes import literal_block, problematic, system_message
from docutils.utils import Reporter

from tests.case import Case
from tests.clients.catalogue import CATALOGUE, CLIENTS
from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.catalogue.python import PYTHON
from tests.clients.glance import glance
from tests.clients.page import FAILS, LACKS, PAGE, WORKS, page
from tests.clients.results import read_results
from tests.clients.rules.page import was_run
from tests.clients.rules.row import Row
from tests.clients.rules.table import ROWS
from tests.clients.scenarios import SCENARIOS

STRICT = {"report_level": Reporter.INFO_LEVEL, "halt_level": Reporter.INFO_LEVEL}
NAMES = [scenario.name for scenario in SCENARIOS]


def outcomes(*clients: Client) -> dict[str, Any]:
    """Return the results of clients that do what the catalogue says."""
    told = {
        client.name: {
            "date": "2026-11-26",
            "version": client.version or "1.2.3",
            "scenarios": {
                name: name not in client.fails for name in NAMES if name not in client.lacks
            },
        }
        for client in clients
    }
    return {"clients": told}


def row_of(text: str, title: str) -> str:
    """Return what stands behind a client's title in its table."""
    return next(line for line in text.splitlines() if line.startswith(f"{title} "))


class RecordedResults(Case):
    def test_clients(self) -> None:
        """There are results of each client of the catalogue, and of no other."""
        recorded = read_results()["clients"]
        self.assertEqual(sorted(recorded), sorted(client.name for client in CLIENTS))

    def test_versions(self) -> None:
        """They are of the versions that the catalogue pins."""
        recorded = read_results()["clients"]
        seen = {name: entry["version"] for name, entry in recorded.items()}
        pinned = {client.name: client.version for client in CLIENTS if client.version}
        self.assertEqual({name: seen[name] for name in pinned}, pinned)

    def test_outcomes(self) -> None:
        """Every scenario that the catalogue has tried is there, with the outcome it expects."""
        self.assertEqual(
            {name: entry["scenarios"] for name, entry in read_results()["clients"].items()},
            {name: entry["scenarios"] for name, entry in outcomes(*CLIENTS)["clients"].items()},
        )


class Page(Case):
    def setUp(self) -> None:
        super().setUp()
        self.text = PAGE.read_text("utf-8")

    def test_up_to_date(self) -> None:
        """The page in the tree is what is made of the results and the catalogue."""
        self.assertEqual(self.text, page(read_results(), CATALOGUE))

    def test_markup(self) -> None:
        """It is good markup, in which every client and every rule can be read."""
        tree = publish_doctree(self.text, settings_overrides=STRICT)
        for kind in (problematic, system_message, literal_block):
            self.assertEqual(list(tree.findall(kind)), [])
        text = " ".join(tree.astext().split())
        for client in CLIENTS:
            self.assertIn(client.title, text)
            self.assertIn(read_results()["clients"][client.name]["version"], text)
        for row in ROWS:
            self.assertIn(row.what.replace("``", ""), text)

    def test_width(self) -> None:
        """Its prose is wrapped; a table may be a little wider."""
        self.assertEqual([line for line in self.text.splitlines() if len(line) > 130], [])

    def test_reasons(self) -> None:
        """Each reason of the catalogue's is told."""
        text = " ".join(self.text.split())
        for client in CLIENTS:
            told = [*client.lacks.values(), *(known.reason for known in client.fails.values())]
            for reason in told:
                self.assertIn(" ".join(reason.split()), text)


class PageOfMadeUpClients(Case):
    def setUp(self) -> None:
        super().setUp()
        self.good = evolve(PYTHON[0], name="good", title="Good", lacks={}, fails={})
        self.bad = evolve(
            self.good,
            name="bad",
            title="Bad",
            lacks={"fill": "It types by itself.", "embeddings": "It is no good with numbers."},
            fails={"image": Shortcoming(reason="It is blind.", sign="?")},
        )
        self.twin = evolve(
            self.bad,
            name="twin",
            title="Twin",
            lacks={"list": "It is no good with numbers.", "show": "It is shy."},
        )

    def made(self, *clients: Client) -> str:
        """Return a page on two kinds of clients, the first of which has one."""
        return page(outcomes(*clients), {"One kind": clients[:1], "Another": clients[1:]})

    def test_marks(self) -> None:
        """Every scenario of a client has its mark: works, does not, has nothing for it."""
        text = self.made(self.good, self.bad)
        self.assertEqual(row_of(text, "Good").count(WORKS), len(SCENARIOS))
        cells = row_of(text, "Bad")
        counts = [cells.count(mark) for mark in (WORKS, FAILS, LACKS)]
        self.assertEqual(counts, [len(SCENARIOS) - 3, 1, 2])

    def test_shared_reasons(self) -> None:
        """A reason that holds in several places has one number, which stands at all of them."""
        text = self.made(self.good, self.bad, self.twin)
        self.assertEqual(text.count("It is no good with numbers."), 1)
        self.assertEqual(text.count("It is blind."), 1)
        number = text.partition(". It is no good with numbers.")[0].rsplit("\n", 1)[1]
        for title in ("Bad", "Twin"):
            self.assertIn(f"{LACKS}\u00a0{number} ", row_of(text, title))

    def test_results_count(self) -> None:
        """A mark is what came of the run, whatever the catalogue hopes."""
        results = outcomes(self.good, self.bad)
        results["clients"]["bad"]["scenarios"]["image"] = True
        text = page(results, {"Kind": (self.good, self.bad)})
        self.assertEqual(row_of(text, "Bad").count(FAILS), 0)

    def test_dates(self) -> None:
        """It says from when the results are, also if not all clients were run at once."""
        results = outcomes(self.good, self.bad)
        self.assertIn("what came of it on 2026-11-26.", page(results, {}))
        results["clients"]["bad"]["date"] = "2026-12-01"
        self.assertIn(
            "came of it on 2026-11-26 to 2026-12-01.", page(results, {}).replace("\n", " ")
        )

    def test_no_reason(self) -> None:
        """There is no page with a failure that nobody has explained, or without a result."""
        results = outcomes(self.good)
        results["clients"]["good"]["scenarios"]["chat"] = False
        self.assertRaises(KeyError, page, results, {"Kind": (self.good,)})
        self.assertRaises(KeyError, page, outcomes(), {"Kind": (self.good,)})

    def test_markup(self) -> None:
        """Any number of kinds and clients makes good markup."""
        publish_doctree(self.made(self.good, self.bad, self.twin), settings_overrides=STRICT)

    def test_settings(self) -> None:
        """Each client's package and what its user sets are told."""
        text = self.made(self.good, self.bad)
        self.assertEqual(text.count(f"``{self.good.package}`` {self.good.version}. "), 2)


class AtAGlance(Case):
    def test_each_client(self) -> None:
        """Every client is named once: among the good ones, with what fails, or as not run."""
        ruled = {"Editors": [Row("Zed, Neovim", "", ())], "More": [Row("Neovim", "", ())]}
        good = evolve(PYTHON[0], name="good", title="Good", lacks={}, fails={})
        zed = evolve(good, name="zed", title="Zed")
        results = outcomes(good, zed)
        results["clients"]["zed"]["scenarios"]["image"] = False
        lines = list(glance((good, zed), results, ruled))
        self.assertEqual(
            [line.partition("**: ")[2] or line for line in lines],
            ["Good.", "Zed (image).", "**By their rules: Editors.** Neovim."],
        )


class ClientsThatWereNotRun(Case):
    def test_told_apart(self) -> None:
        """A client of the catalogue is not among those that were not run, and the others are."""
        below = PAGE.read_text("utf-8").partition("\nKnown by their rules\n")[2]
        not_run, _, run = " ".join(below.split()).partition("Rules of clients that are run as well")
        for row in ROWS:
            for were_run, section in ((False, not_run), (True, run)):
                names = [name for name in row.clients if was_run(name, CLIENTS) is were_run]
                told = " ".join(f"**{', '.join(names)}** {row.what}".split())
                self.assertEqual(told in section, bool(names), told)

    def test_titles(self) -> None:
        """A client is told to be run by its title in the catalogue, its name, or an alias."""
        self.assertFalse(was_run("Zed", ()))
        self.assertTrue(was_run("Zed", [evolve(PYTHON[0], name="x", title="Zed")]))
        self.assertTrue(was_run("Zed", [evolve(PYTHON[0], name="zed", title="x")]))
        self.assertTrue(was_run("Continue (cn)", [evolve(PYTHON[0], name="continue-cli")]))

    def test_several(self) -> None:
        """Of several clients in one row each is where it belongs."""
        row = next(row for row in ROWS if row.client == "Roo Code, Kilo Code")
        roo = evolve(PYTHON[0], name="roo-code", title="Roo Code")
        told = page(outcomes(roo), {"Kind": (roo,)})
        not_run, _, run = told.partition("\nRules of clients that are run as well\n")
        self.assertIn(f"**Kilo Code** {row.what}"[:60], not_run)
        self.assertIn(f"**Roo Code** {row.what}"[:60], run)
