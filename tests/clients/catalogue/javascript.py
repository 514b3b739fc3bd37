"""Packages for JavaScript and TypeScript, under Node.js."""

from collections.abc import Mapping
from typing import Final

from tests.clients.catalogue.client import Client, Shortcoming
from tests.clients.runtimes import JAVASCRIPT_PACKAGES

NO_MODELS: Final[Mapping[str, str]] = {
    "list": "It takes a model's name and does not ask which there are.",
    "show": "It takes a model's name and does not ask what it can do.",
}

JAVASCRIPT: Final = (
    Client(
        name="ollama-js",
        title="ollama (JavaScript)",
        package="ollama",
        version="0.6.4",
        runtime=JAVASCRIPT_PACKAGES,
        program=("ollama_js.mjs",),
        settings='``new Ollama({ host: "URL" })``.',
    ),
    Client(
        name="langchain-js",
        title="LangChain (JavaScript)",
        package="@langchain/ollama",
        version="1.3.0",
        runtime=JAVASCRIPT_PACKAGES,
        program=("langchain_js.mjs",),
        settings='``new ChatOllama({ baseUrl: "URL", model: "MODEL" })``, and ``OllamaEmbeddings`` '
        "likewise.",
        lacks={**NO_MODELS, "fill": "It has no field for what comes after the gap."},
    ),
    Client(
        name="ollama-ai-provider-v2",
        title="AI SDK with ollama-ai-provider-v2",
        package="ollama-ai-provider-v2",
        version="4.0.1",
        runtime=JAVASCRIPT_PACKAGES,
        program=("ai_sdk.mjs", "ollama-ai-provider-v2"),
        settings='``createOllama({ baseURL: "URL/api" })``; the path is needed.',
        lacks=NO_MODELS,
        fails={
            "fill": Shortcoming(
                reason="It puts ``user:`` and ``assistant:`` around what is before the gap.",
                sign=r"<user:\ndef add(\n\nassistant:\n|return>",
            ),
            "unknown": Shortcoming(
                reason="Its message is ``Not Found``; what the daemon said is in the error's "
                "``responseBody`` only.",
                sign="saw 'Not Found'",
            ),
            "broken": Shortcoming(
                reason="It ends the text where it breaks off, and reports no error.",
                sign="the broken answer passes for a whole one",
            ),
        },
    ),
    Client(
        name="ai-sdk-ollama",
        title="AI SDK with ai-sdk-ollama",
        package="ai-sdk-ollama",
        version="4.3.0",
        runtime=JAVASCRIPT_PACKAGES,
        program=("ai_sdk.mjs", "ai-sdk-ollama"),
        settings='``createOllama({ baseURL: "URL" })``.',
        lacks={**NO_MODELS, "fill": "It has no field for what comes after the gap."},
    ),
)
