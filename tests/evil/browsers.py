"""What pages in a browser make it send: one row for each (B6)."""

from typing import Final

from attrs import frozen


@frozen
class Page:
    """
    A request that a browser makes for a page.

    Attributes:
        what: In a few words.
        host: The Host.
        headers: What else the browser says.
        allowed: The page may use the daemon.
    """

    what: str
    host: bytes
    headers: bytes
    allowed: bool = False


_HERE: Final = b"localhost:11434"
_REBOUND: Final = b"evil.test:11434"
_CROSS: Final = b"Sec-Fetch-Site: cross-site\r\n"
_SAME: Final = b"Sec-Fetch-Site: same-origin\r\n"
_ALONE: Final = b"Sec-Fetch-Site: none\r\n"


def _from(origin: bytes) -> bytes:
    return b"Origin: %s\r\n" % origin


PAGES: Final = (
    Page("foreign origin", _HERE, _from(b"https://evil.test")),
    Page("foreign origin on an address", b"127.0.0.1:11434", _from(b"https://evil.test")),
    Page("no origin to speak of", _HERE, _from(b"null")),
    Page("empty origin", _HERE, _from(b"")),
    Page("origin with our name in it", _HERE, _from(b"http://localhost.evil.test")),
    Page("origin that ends like ours", _HERE, _from(b"http://evil.test/localhost")),
    Page("origin with our name as user", _HERE, _from(b"http://localhost@evil.test")),
    Page("two origins", _HERE, _from(b"http://localhost") + _from(b"https://evil.test")),
    Page("two origins turned", _HERE, _from(b"https://evil.test") + _from(b"http://localhost")),
    Page("list of origins", _HERE, _from(b"http://localhost https://evil.test")),
    Page("no-cors without origin", _HERE, _CROSS + b"Sec-Fetch-Mode: no-cors\r\n"),
    Page("cross-site with a good origin missing", _HERE, b"Sec-Fetch-Mode: no-cors\r\n"),
    Page("same-site without origin", _HERE, b"Sec-Fetch-Site: same-site\r\n"),
    Page("rebound", _REBOUND, _from(b"http://evil.test:11434")),
    Page("rebound without origin", _REBOUND, _SAME),
    Page("rebound with our origin", _REBOUND, _from(b"http://localhost")),
    Page("rebound typed by hand", _REBOUND, _ALONE),
    Page("rebound to a longer name", b"localhost.evil.test", _SAME),
    Page("rebound to a name like an address", b"127.0.0.1.evil.test", _SAME),
    Page("our own page", _HERE, _from(b"http://localhost:11434"), allowed=True),
    Page("a page on another port", _HERE, _from(b"http://localhost:3000"), allowed=True),
    Page("a page on an address", b"127.0.0.1:11434", _from(b"http://127.0.0.1:80"), allowed=True),
    Page("a page of this address", b"192.0.2.1:1", _from(b"http://192.0.2.1:1"), allowed=True),
    Page("an IDE", _HERE, _from(b"vscode-webview://abc") + _CROSS, allowed=True),
    Page("an app", _HERE, _from(b"tauri://localhost") + _CROSS, allowed=True),
    Page("typed by hand", _HERE, _ALONE, allowed=True),
    Page("no browser", _REBOUND, b"", allowed=True),
    Page("Node.js", _REBOUND, b"Sec-Fetch-Mode: cors\r\n", allowed=True),
)
