"""
The keys file: one line for each key, which people can read and edit.

::

    # name  hash of the key                 the gateway's key for it, if not the daemon's
    alice   sha256:9f86d081…(64 hex digits)
    bob     sha256:60303ae2…                sk-bobs-own-gateway-key   # left in May

The hash is plain SHA-256.  A slow one (scrypt, Argon2) makes guessing dear where
people choose passwords; these keys are 32 random bytes, which nobody guesses at
any speed, and every request would pay for it.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from ollamaproxy.callers.rules import parse_caller_name
from ollamaproxy.errors import InvalidSetting
from ollamaproxy.settings.secret import Secret

_HASH: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")


@frozen(kw_only=True)
class KeyEntry:
    """
    A line of the file.

    Attributes:
        name: The caller's.
        digest: SHA-256 of the key, 32 bytes.
        gateway_key: Goes to the gateway for this caller; ``None`` is the daemon's.
    """

    name: str
    digest: bytes = field(repr=False)
    gateway_key: Secret | None = None


@frozen
class KeyRing:
    """All keys that are known."""

    entries: tuple[KeyEntry, ...] = ()

    def find(self, key: Secret) -> KeyEntry | None:
        """
        Return the entry of a key, or ``None``.

        It takes as long for a right key as for a wrong one, whichever is
        right: how long it takes tells nothing about the keys.
        """
        presented = digest_of(key)
        found = None
        for entry in self.entries:
            if hmac.compare_digest(entry.digest, presented):
                found = entry
        return found

    def has_name(self, name: str) -> bool:
        """Return whether there is a caller of that name; capitals do not matter."""
        return any(entry.name.lower() == name.lower() for entry in self.entries)


def digest_of(key: Secret) -> bytes:
    """Return SHA-256 of a key, 32 bytes."""
    return hashlib.sha256(key.text.encode("ascii")).digest()


def to_line(name: str, key: Secret, gateway_key: Secret | None) -> str:
    """Return a line of the file, without a line end."""
    words = [name, f"sha256:{digest_of(key).hex()}"]
    if gateway_key is not None:
        words.append(gateway_key.text)
    return " ".join(words)


def parse_keys(content: bytes, path: str) -> KeyRing:
    """
    Return the keys of a file.

    Args:
        content: The file's.
        path: Its name, for the errors.

    Raises:
        InvalidSetting: Names the file and the line, and nothing of what stands there.
    """
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InvalidSetting(f"{path} is not UTF-8 text", "keys-file") from None
    entries: list[KeyEntry] = []
    for number, line in enumerate(lines, 1):
        words = _words(line)
        if not words:
            continue
        try:
            entry = _parse_entry(words)
            _check_new(entry, entries)
        except InvalidSetting as error:
            raise InvalidSetting(f"{path}, line {number}: {error}", "keys-file") from None
        entries.append(entry)
    return KeyRing(tuple(entries))


def _words(line: str) -> list[str]:
    """Return the words in front of a comment, which begins with a word that begins with ``#``."""
    words = line.split()
    comment = next((at for at, word in enumerate(words) if word.startswith("#")), len(words))
    return words[:comment]


def _parse_entry(words: list[str]) -> KeyEntry:
    name = parse_caller_name(words[0])
    hashed = _HASH.fullmatch(words[1]) if len(words) > 1 else None
    if hashed is None:
        raise InvalidSetting(
            "after the name there must be sha256: and 64 hex digits; "
            "ollamaproxy add-key makes such lines"
        )
    if len(words) > 3:
        raise InvalidSetting("there is more than a name, a hash and a gateway key")
    gateway_key = Secret(words[2]) if len(words) > 2 else None
    return KeyEntry(name=name, digest=bytes.fromhex(hashed[1]), gateway_key=gateway_key)


def _check_new(entry: KeyEntry, others: Iterable[KeyEntry]) -> None:
    for other in others:
        if other.name.lower() == entry.name.lower():
            raise InvalidSetting("the name is that of a line above")
        if other.digest == entry.digest:
            raise InvalidSetting("the key is that of a line above")
