"""What is put in place of what a page names and a test does not have.  This is the whole table."""

import re
from typing import Final

from attrs import frozen

#: The one key of all.
KEY: Final = "sk-made-up-for-the-documentation"


@frozen
class Place:
    """
    Where a test's own things are.

    Attributes:
        gateway: The URL of one; it has ``demo-chat`` and ``demo-embed``.
        port: The daemon's, on 127.0.0.1.
        admin_port: Where its admin address is.
        root: The folder that stands for the root of the machine's files.
    """

    gateway: str
    port: int
    admin_port: int
    root: str


#: What stands on pages, as a pattern, and what is run; ``{...}`` is of :class:`Place`.
REPLACED: Final = (
    # The company's gateway, and its key.
    (r"https://litellm\.example\.com", "{gateway}"),
    # Nobody is there, so that the first one is needed.
    (r"https://other\.example\.com", "http://127.0.0.1:9"),
    (r"sk-\.\.\.", KEY),
    (r"\bKEY\b", KEY),
    # Models; those that pages name are in ALIASES.
    (r"\bMODEL\b", "demo-chat"),
    # Where the daemon listens, and shows itself.
    (r"\b11434\b", "{port}"),
    (r"\b11435\b", "{admin_port}"),
    # Three dots at the end are the rest of a daemon's flags.
    (r" \.\.\.$", " --base-url {gateway}"),
    # The doctor gets the flags that the daemon gets.
    (r"\Aollamaproxy doctor\Z", "ollamaproxy doctor --base-url {gateway}"),
    # The machine's own files.
    (r"(?<![\w.])/(etc|opt|run|var)/", r"{root}/\1/"),
)

#: Models that pages name, and what stands behind them at the test's gateway.
ALIASES: Final = {
    "gpt-4o": "demo-chat",
    "claude-sonnet": "demo-chat",
    "text-embedding-3-small": "demo-embed",
}


def replaced(text: str, place: Place) -> str:
    """Return a command or a program as it is run."""
    names = {
        "{gateway}": place.gateway,
        "{port}": str(place.port),
        "{admin_port}": str(place.admin_port),
        "{root}": place.root,
    }
    for pattern, instead in REPLACED:
        filled = re.sub(r"\{\w+\}", lambda name: names[name[0]], instead)
        text = re.sub(pattern, filled, text, flags=re.MULTILINE)
    return text
