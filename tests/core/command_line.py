"""Command lines, and the settings and the complaints that they make."""

from collections.abc import Callable, Mapping
from pathlib import Path

from twisted.python.usage import UsageError

from ollamaproxy.composition import check
from ollamaproxy.configuration.options import Options
from ollamaproxy.hidden import Hidden
from ollamaproxy.network.proxy_url import ProxyURL
from ollamaproxy.settings import Settings

URL = "http://h:4000"
BASE = {"OLLAMAPROXY_BASE_URL": URL}
PROXY = ProxyURL("http", "p", 1, Hidden("me:a b"))
KEY_FILE = Path(__file__).with_name("api-key.txt")


def parsed(
    line: str,
    environ: Mapping[str, str] | None = None,
    write: Callable[[str], object] = print,
) -> Options:
    options = Options(environ or {}, check, write)
    options.parseOptions(line.split())
    return options


def settings(line: str, environ: Mapping[str, str] | None = None) -> Settings:
    return parsed(line, environ).settings


def complaint(words: list[str], environ: Mapping[str, str] | None = None) -> str | None:
    """Return what is said of a command line that is refused."""
    try:
        Options(environ or {}, check).parseOptions(words)
    except UsageError as error:
        return str(error)
    return None
