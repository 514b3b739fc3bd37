"""
``/``: the status page, one file that needs no other.

Its style and script are kept apart in the source and put together when the
daemon starts.  The browser is told to run that one script and no other, to load
nothing from anywhere, and to make markup of no text, whatever a model is called.

Source: https://www.w3.org/TR/CSP3/ and https://www.w3.org/TR/trusted-types/
"""

import base64
import hashlib
from importlib.resources import files
from typing import Final

from attrs import frozen

from ollamaproxy.admin.endpoint import AdminEndpoint
from ollamaproxy.server.browsers import HeaderList
from ollamaproxy.server.request import ProxyRequest

_STYLE_PLACE: Final = "/* page.css */"
_SCRIPT_PLACE: Final = "/* page.js */"


@frozen
class Page:
    """
    The page.

    Attributes:
        html: All of it.
        policy: What the browser may do with it, as Content-Security-Policy has it.
    """

    html: bytes
    policy: bytes


def read_page() -> Page:
    """Return the page that comes with this package."""
    folder = files(__package__) / "page"
    html, style, script = (
        (folder / name).read_text("utf-8") for name in ("page.html", "page.css", "page.js")
    )
    whole = html.replace(_STYLE_PLACE, style).replace(_SCRIPT_PLACE, script)
    policy = (
        "default-src 'none'",
        f"script-src {_hash(script)}",
        f"style-src {_hash(style)}",
        "img-src data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return Page(whole.encode("utf-8"), "; ".join(policy).encode("ascii"))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def reply_headers(page: Page) -> HeaderList:
    """Return what every admin reply says to browsers, the page or not."""
    return (
        (b"Content-Security-Policy", page.policy),
        (b"Cache-Control", b"no-store"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Referrer-Policy", b"no-referrer"),
        (b"Cross-Origin-Resource-Policy", b"same-origin"),
        (b"Cross-Origin-Opener-Policy", b"same-origin"),
    )


class StatusPage(AdminEndpoint):
    """``GET /``."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._html = page.html

    async def respond(self, request: ProxyRequest) -> None:
        """Implement Endpoint."""
        request.send_whole(200, b"text/html; charset=utf-8", self._html)
