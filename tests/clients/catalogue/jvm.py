"""Libraries for the JVM."""

from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import JVM_LIBRARIES

JVM: Final = (
    Client(
        name="koog",
        title="Koog",
        package="ai.koog:prompt-executor-ollama-client-jvm",
        version="1.1.1",
        runtime=JVM_LIBRARIES,
        program=("clients.KoogKt",),
        settings='``OllamaClient(KtorKoogHttpClient.Factory(HttpClient(Java)), "URL")``.',
        lacks={"fill": "It has nothing that fills in."},
        fails={
            "broken": Shortcoming(
                reason="It skips whatever in a stream is no message, also an error.",
                sign="the broken answer passes for a whole one",
            ),
        },
    ),
)
