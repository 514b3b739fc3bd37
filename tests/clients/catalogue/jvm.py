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
        settings='``OllamaClient(KtorKoogHttpClient.Factory(), "URL")``.',
        lacks={"fill": "It has nothing that fills in."},
        fails={
            "broken": Shortcoming(
                reason="It skips whatever in a stream is no message, also an error.",
                sign="the broken answer passes for a whole one",
            ),
        },
    ),
    Client(
        name="langchain4j",
        title="LangChain4j",
        package="dev.langchain4j:langchain4j-ollama",
        version="1.18.1",
        runtime=JVM_LIBRARIES,
        program=("clients.LangChain4j",),
        settings='``OllamaChatModel.builder().baseUrl("URL").modelName("MODEL")``.',
        lacks={"fill": "It has nothing that fills in."},
    ),
    Client(
        name="spring-ai",
        title="Spring AI",
        package="org.springframework.ai:spring-ai-ollama",
        version="2.0.1",
        runtime=JVM_LIBRARIES,
        program=("clients.SpringAi",),
        settings=(
            "The properties ``spring.ai.ollama.base-url=URL`` and "
            "``spring.ai.ollama.chat.options.model=MODEL``."
        ),
        lacks={"fill": "It has nothing that fills in."},
        fails={
            "broken": Shortcoming(
                reason="An error in a stream ends it with a ``NullPointerException``.",
                sign="the reason is not told",
            ),
        },
    ),
)
