"""What knows HTTP and nothing of Ollama: users write the requests themselves."""

from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.runtimes import INSTALLED, SYSTEM


def version_of(program: str) -> str:
    """Return the version of one of the system's programs that was there when it was looked for."""
    told = INSTALLED / "system" / program
    return told.read_text(encoding="utf-8").strip() if told.exists() else "the system's"


OTHERS: Final = (
    Client(
        name="curl",
        title="curl --http2",
        package="curl",
        version=version_of("curl"),
        runtime=SYSTEM,
        program=("curl_http2.py",),
        settings="The addresses begin with ``URL/api``, and the body names the model.",
    ),
    Client(
        name="java-http-client",
        title="Java's HttpClient",
        package="openjdk-17-jdk-headless",
        version=version_of("java"),
        runtime=SYSTEM,
        program=("java_http_client.py",),
        timeout_s=300.0,
        settings="The addresses begin with ``URL/api``, and the body names the model.",
    ),
)
