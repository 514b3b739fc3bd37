"""The software bill of materials: complete, of nothing else, and as its schema wants it."""

import hashlib
import json
import re
from email.parser import HeaderParser
from typing import Any, Final
from zipfile import ZipFile

import pytest

from ollamaproxy import __version__
from release.bill import materials, with_subject
from tests.case import Case
from tests.release.made import bill, distributions, require

pytestmark = pytest.mark.live

#: Of what cyclonedx-py prints, what matters here.
_PRINTED: Final = {
    "components": [
        {"name": "attrs", "version": "26.1.0", "type": "library"},
        {
            "name": "ollamaproxy",
            "version": "1.2.3",
            "type": "library",
            "bom-ref": "ollamaproxy==1.2.3",
            "externalReferences": [{"type": "distribution", "url": "file:///home/ann/o.whl"}],
        },
    ],
    "metadata": {"timestamp": "2026-01-31T00:00:00+00:00"},
}


def canonical(name: str) -> str:
    """Return a package's name as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def asked_for() -> set[str]:
    """Return what the wheel asks for without any extra: setup.py's install_requires."""
    with ZipFile(distributions().wheel) as wheel:
        metadata = wheel.read(f"ollamaproxy-{__version__}.dist-info/METADATA").decode()
    rows = HeaderParser().parsestr(metadata).get_all("Requires-Dist", [])
    names = [re.match(r"[\w.-]+", row) for row in rows if "extra ==" not in row]
    return {canonical(name[0]) for name in names if name}


class Subject(Case):
    def test_is_no_material(self) -> None:
        """The program is what the bill is about, known by its digest and not by a path."""
        made = with_subject(_PRINTED, "ab12")
        self.assertEqual(materials(made), [("attrs", "26.1.0")])
        self.assertEqual(
            made["metadata"],
            {
                "timestamp": "2026-01-31T00:00:00+00:00",
                "component": {
                    "name": "ollamaproxy",
                    "version": "1.2.3",
                    "type": "application",
                    "bom-ref": "ollamaproxy==1.2.3",
                    "purl": "pkg:pypi/ollamaproxy@1.2.3",
                    "hashes": [{"alg": "SHA-256", "content": "ab12"}],
                },
            },
        )


class Bill(Case):
    def components(self) -> dict[str, dict[str, Any]]:
        return {canonical(row["name"]): row for row in bill()["components"]}

    def test_names_what_setup_asks_for(self) -> None:
        """Each dependency of setup.py is there with its version, its purl and its licence."""
        names = asked_for()
        self.assertIn("twisted", names)
        components = self.components()
        for name in names:
            self.assertIn(name, components)
        for name, row in components.items():
            kind, _slash, known = row["purl"].rpartition("/")
            at, _at, version = known.partition("@")
            self.assertEqual((kind, canonical(at)), ("pkg:pypi", name))
            self.assertEqual(version, row["version"])
            [*licences] = row["licenses"]
            self.assertTrue(licences, name)
            for licence in licences:
                words = licence.get("license", licence)
                self.assertTrue(words.get("id") or words.get("name") or words.get("expression"))

    def test_names_nothing_else(self) -> None:
        """Everything in it is there because the program, or a dependency of it, asks for it."""
        made = bill()
        edges = {row["ref"]: row.get("dependsOn", []) for row in made["dependencies"]}
        reached: set[str] = set()
        ahead = [made["metadata"]["component"]["bom-ref"]]
        while ahead:
            ref = ahead.pop()
            if ref not in reached:
                reached.add(ref)
                ahead += edges[ref]
        refs = {row["bom-ref"] for row in made["components"]}
        self.assertEqual(refs, reached - {made["metadata"]["component"]["bom-ref"]})
        self.assertEqual(self.components().keys() & {"pip", "setuptools", "pytest"}, set())

    def test_subject(self) -> None:
        """It is about this version, and about the very wheel that lies beside it."""
        subject = bill()["metadata"]["component"]
        self.assertEqual((subject["name"], subject["version"]), ("ollamaproxy", __version__))
        digest = hashlib.sha256(distributions().wheel.read_bytes()).hexdigest()
        self.assertEqual(subject["hashes"], [{"alg": "SHA-256", "content": digest}])
        self.assertNotIn("file://", json.dumps(bill()))

    def test_schema(self) -> None:
        """CycloneDX's schema accepts it, and not one with a word too many."""
        require("cyclonedx")
        # It needs what not everybody has.
        from release.materials import InvalidBill, validate  # noqa: PLC0415

        validate(json.dumps(bill()))
        with self.assertRaises(InvalidBill):
            validate(json.dumps({**bill(), "bogus": True}))
