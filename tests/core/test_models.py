"""The gateway's model list to Ollama's."""

import hashlib
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.translate.models import tags
from ollamaproxy.wire.openai import ModelEntry
from tests.case import Case


class Tags(Case):
    def test_byte_for_byte(self) -> None:
        """A model has every key that a typed client demands, in Ollama's order."""
        digest = hashlib.sha256(b"mock-text").hexdigest()
        self.assertEqual(
            tags([ModelEntry("mock-text", 1677610602)]).decode(),
            '{"models":[{"name":"mock-text","model":"mock-text",'
            '"modified_at":"2023-02-28T18:56:42Z","size":0,'
            f'"digest":"{digest}",'
            '"details":{"parent_model":"","format":"gguf","family":"llama","families":["llama"],'
            '"parameter_size":"","quantization_level":""}}]}',
        )

    def test_none(self) -> None:
        """No models are an empty list, not null."""
        self.assertEqual(tags([]), b'{"models":[]}')

    def test_order(self) -> None:
        """The gateway's order is kept, and names are as the gateway has them."""
        names = ["b", "a", "fake/low/1024-x-1536/gpt-image-1.5", "ä:latest", "a b"]
        listed = json.loads(tags(ModelEntry(name) for name in names))["models"]
        self.assertEqual([entry["name"] for entry in listed], names)
        self.assertEqual([entry["model"] for entry in listed], names)

    def test_no_moment(self) -> None:
        """A model of unknown age is from 1970, for the key must be a moment."""
        [entry] = json.loads(tags([ModelEntry("a")]))["models"]
        self.assertEqual(entry["modified_at"], "1970-01-01T00:00:00Z")

    def test_the_last_moment(self) -> None:
        """The latest moment that a model list may hold can be printed."""
        [entry] = json.loads(tags([ModelEntry("a", 253_402_300_799)]))["models"]
        self.assertEqual(entry["modified_at"], "9999-12-31T23:59:59Z")

    @given(st.lists(st.text(st.characters() | st.characters(categories=["Cs"]), min_size=1)))
    def test_any_names(self, names: list[str]) -> None:
        """Any names are listed in ASCII, and every digest is 64 hex digits of its own."""
        body = tags(ModelEntry(name) for name in names)
        self.assertTrue(body.isascii())
        digests = {entry["digest"] for entry in json.loads(body)["models"]}
        self.assertEqual(len(digests), len(set(names)))
        for digest in digests:
            self.assertTrue(re.fullmatch(r"[0-9a-f]{64}", digest))
