"""What knows HTTP and nothing of Ollama: users write the requests themselves."""

from typing import Final

from tests.clients.catalogue.client import Client
from tests.clients.runtimes import SYSTEM

OTHERS: Final = (
    Client(
        name="curl",
        title="curl --http2",
        package="curl",
        version=None,
        runtime=SYSTEM,
        program=("curl_http2.py",),
        settings="The addresses begin with ``URL/api``, and the body names the model.",
    ),
    Client(
        name="java-http-client",
        title="Java's HttpClient",
        package="java.net.http",
        version=None,
        runtime=SYSTEM,
        program=("java_http_client.py",),
        timeout_s=300.0,
        settings="The addresses begin with ``URL/api``, and the body names the model.",
    ),
)
