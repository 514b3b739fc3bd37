"""The lines of a keys file, and the keys that they know."""

import contextlib  # trial goes by a module's ``suppress``
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from ollamaproxy.callers.key_lines import KeyEntry, KeyRing, parse_keys, to_line
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings import Secret
from tests.case import Case

A, B = (hashlib.sha256(text).digest() for text in (b"key-a", b"key-b"))
LINE_A, LINE_B = f"alice sha256:{A.hex()}", f"bob sha256:{B.hex()} sk-bob"
ALICE = KeyEntry(name="alice", digest=A)
BOB = KeyEntry(name="bob", digest=B, gateway_key=Secret("sk-bob"))


def parsed(text: str | bytes) -> tuple[KeyEntry, ...]:
    return parse_keys(text if isinstance(text, bytes) else text.encode(), "/k").entries


def complaint(text: str | bytes) -> str:
    try:
        parsed(text)
    except InvalidSetting as error:
        return str(error)
    return ""


class Lines(Case):
    def test_good(self) -> None:
        """A line is a name, a hash and perhaps a gateway key, however it is spaced."""
        for text, entries in (
            (f"{LINE_A}\n{LINE_B}\n", (ALICE, BOB)),
            (f"{LINE_B}\r\n{LINE_A}", (BOB, ALICE)),
            (f"\n  \n\t{LINE_A.replace(' ', chr(9) * 3)}  \n\n", (ALICE,)),
            (f"alice sha256:{A.hex().upper()}", (ALICE,)),
            (f"\ufeff{LINE_A}", (ALICE,)),
            ("", ()),
        ):
            self.assertEqual(parsed(text), entries, repr(text))

    def test_comments(self) -> None:
        """A word that begins with ``#`` begins a comment; inside of a word it is a letter."""
        text = f"# Ümlaut {LINE_B}\n#\n {LINE_A} # since May\n{LINE_B}#1 #2"
        self.assertEqual([entry.name for entry in parsed(text)], ["alice", "bob"])
        self.assertEqual(parsed(text)[1].gateway_key, Secret("sk-bob#1"))

    def test_bad(self) -> None:
        """A bad line is told by file and number, and by nothing that stands in it."""
        for line, told in (
            ("hunter2", "after the name there must be sha256: and 64 hex digits"),
            ("alice hunter2", "after the name there must be sha256: and 64 hex digits"),
            (f"alice sha256:{A.hex()[1:]}", "after the name there must be"),
            (f"alice sha256:{A.hex()}0", "after the name there must be"),
            (f"alice {A.hex()}", "after the name there must be"),
            (f"hünter2 sha256:{A.hex()}", "a caller's name is a word of at most 64"),
            (f"-hunter2 sha256:{A.hex()}", "a caller's name is a word of at most 64"),
            (f"{'hunter2' * 10} sha256:{A.hex()}", "a caller's name is a word of at most 64"),
            (f"alice sha256:{A.hex()} a hunter2", "there is more than a name, a hash and"),
            (f"alice sha256:{A.hex()} hünter2", "a key must be one word"),
            (f"BOB sha256:{A.hex()}", "the name is that of a line above"),
            (f"hunter2 sha256:{B.hex()}", "the key is that of a line above"),
        ):
            error = complaint(f"# one\n{LINE_B}\n{line}\n")
            self.assertTrue(error.startswith(f"--keys-file: /k, line 3: {told}"), error)
            for word in ("hunter", "hünter", A.hex()[:8], B.hex()[:8], "sk-bob"):
                self.assertNotIn(word, error)

    def test_no_text(self) -> None:
        """A file that is no text is told by its name."""
        self.assertEqual(complaint(b"\xff\xfe\x00"), "--keys-file: /k is not UTF-8 text")

    def test_there_and_back(self) -> None:
        """A line that is made is read as what it was made of."""
        for name, key, gateway_key in (("a", "k", None), ("a.b@c", "key-b", Secret("sk#1"))):
            [entry] = parsed(to_line(name, Secret(key), gateway_key))
            self.assertEqual((entry.name, entry.gateway_key), (name, gateway_key))
            self.assertIs(KeyRing((entry,)).find(Secret(key)), entry)

    @given(st.binary())
    def test_anything(self, content: bytes) -> None:
        """Whatever the file holds, there are keys or a complaint."""
        with contextlib.suppress(InvalidSetting):
            parse_keys(content, "/k")

    def test_nothing_is_printed(self) -> None:
        """Neither a hash nor a gateway key is in an entry's text."""
        for word in (repr(A), A.hex(), "sk-bob"):
            self.assertNotIn(word, repr((ALICE, BOB)))


class Finding(Case):
    def test_by_the_key(self) -> None:
        """A key finds its own entry, wherever it stands, and no other."""
        for entries in ((ALICE, BOB), (BOB, ALICE)):
            ring = KeyRing(entries)
            self.assertIs(ring.find(Secret("key-a")), ALICE)
            self.assertIs(ring.find(Secret("key-b")), BOB)
            for other in ("key-", "key-a1", "KEY-A", A.hex(), "alice", "sk-bob"):
                self.assertIsNone(ring.find(Secret(other)), other)

    def test_nobody(self) -> None:
        """Where there are no keys, none is found."""
        self.assertIsNone(KeyRing().find(Secret("key-a")))

    def test_names(self) -> None:
        """A name is taken in any case."""
        ring = KeyRing((ALICE,))
        self.assertTrue(ring.has_name("alice"))
        self.assertTrue(ring.has_name("ALICE"))
        self.assertFalse(ring.has_name("bob"))
